/**
 * The server of the KDF lab: whom it answers, and what it says where it cannot.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { serveFiles } from "../../scripts/serve_files.ts";
import { run } from "../support/tools.ts";

/** What a server answers to these lines. */
async function answer(port: number, lines: readonly string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  return await new Response(connection.readable).text();
}

Deno.test("KDF lab: the server answers to this machine's names only", async () => {
  const page = new TextEncoder().encode("<p>a page</p>");
  const server = serveFiles(new Map([["index.html", page]]));
  const { port } = server.addr;
  try {
    for (const host of [`localhost:${port}`, "localhost", `127.0.0.1:${port}`, "LOCALHOST:1"]) {
      const lines = ["GET / HTTP/1.1", `Host: ${host}`, "Connection: close"];
      const said = await answer(port, lines);
      assertMatch(said, /^HTTP\/1\.1 200 /, host);
      assertStringIncludes(said, "<p>a page</p>");
      const head = await answer(port, ["HEAD / HTTP/1.1", ...lines.slice(1)]);
      assertMatch(head, /^HTTP\/1\.1 200 [^]*\r\ncontent-length: 13\r\n[^]*\r\n\r\n$/i, host);
    }
    for (
      const host of [
        "evil.example",
        `localhost.evil.example:${port}`,
        "[",
        "a b",
        "localhost:x",
        "",
      ]
    ) {
      const said = await answer(port, ["GET / HTTP/1.1", `Host: ${host}`, "Connection: close"]);
      assertMatch(said, /^HTTP\/1\.1 4\d\d /, host);
      assert(!said.includes("a page") && !said.includes("    at "), said);
    }
  } finally {
    await server.shutdown();
  }
});

Deno.test("KDF lab: a port in use is told in a line", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const args = ["run", "-A", "lab/mod.ts", "--port", String(port)];
  const { success, stdout, stderr } = await run(Deno.execPath(), args);
  assertEquals([success, stdout, stderr], [
    false,
    "",
    `error: Cannot serve the KDF lab on port ${port}: it is in use, so name another one with --port\n`,
  ]);
});
