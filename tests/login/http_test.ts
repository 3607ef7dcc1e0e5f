/**
 * Providers that hang or send without end, over the network.
 *
 * @module
 */

import { github, LoginError, oauth2 } from "@ironfern/ironfern/login";
import { assertEquals, assertRejects } from "@std/assert";
import { begin, Recorded } from "../support/recorded.ts";

/** A login with a server of the test, and what its token endpoint answers. */
async function failure(answer: (request: Request) => Response): Promise<string> {
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  const issuer = `http://127.0.0.1:${server.addr.port}`;
  const provider = oauth2({
    id: "test",
    issuer,
    clientId: "x",
    authorizationEndpoint: `${issuer}/authorize`,
    tokenEndpoint: `${issuer}/token`,
    userEndpoint: `${issuer}/me`,
    userId: ({ id }) => String(id),
  });
  const { finish } = await begin(provider, new Recorded(), { fetch });
  return (await assertRejects(() => finish(), LoginError)).message;
}

Deno.test("HTTP: an answer without end is given up at 1 MiB", async () => {
  let sent = 0;
  const message = await failure(() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(65_536));
          sent += 65_536;
        },
      }),
    )
  );
  assertEquals(message, "Cannot use the provider: it is longer than 1048576 bytes");
  assertEquals(sent < 16 << 20, true);
});

Deno.test("HTTP: a head and a body that never come are given up", async () => {
  const { timeout } = AbortSignal;
  const asked: number[] = [];
  // 10 seconds would make the tests slow: the clock of the time-out runs faster here.
  AbortSignal.timeout = (milliseconds) => {
    asked.push(milliseconds);
    return timeout.call(AbortSignal, 100);
  };
  try {
    const body = await failure(() => new Response(new ReadableStream({ start() {} })));
    assertEquals(body, "Cannot use the provider: it did not answer within 10 seconds");
    assertEquals(asked, [10_000]);
    // An app's own fetch may know nothing of signals.
    const { finish } = await begin(github({ clientId: "x" }), new Recorded(), {
      fetch: () => new Promise<Response>(() => {}),
    });
    const error = await assertRejects(() => finish(), LoginError);
    assertEquals([error.code, asked], ["unavailable", [10_000, 10_000]]);
  } finally {
    AbortSignal.timeout = timeout;
  }
});

Deno.test("HTTP: redirects are not followed, and nobody there is unavailable", async () => {
  const location = "https://evil.example/";
  const moved = await failure(() => new Response(null, { status: 307, headers: { location } }));
  assertEquals(moved, "Cannot use the provider: it leads to another address");
  const broken = await failure(() => new Response(null, { status: 502 }));
  assertEquals(broken, "Cannot use the provider: it answered with the status 502");
});

Deno.test("HTTP: a token is not carried to where an API redirects", async () => {
  const asked: string[] = [];
  const message = await failure((request) => {
    const { pathname, origin } = new URL(request.url);
    asked.push(pathname);
    if (pathname === "/token") return Response.json({ access_token: "a", token_type: "bearer" });
    return Response.redirect(`${origin}/elsewhere`, 302);
  });
  assertEquals(message, "Cannot use the provider: it leads to another address");
  assertEquals(asked, ["/token", "/me"]);
});
