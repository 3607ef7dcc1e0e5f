/**
 * The example `login` as a program: what it asks for, and the same app in Node.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { buildForNode } from "../../../examples/login/build.ts";
import { CLIENT, startProvider } from "../../../examples/login/provider.ts";
import { readSettings } from "../../../examples/login/settings.ts";
import { CHROMIUM_REMEDY, hasChromium, withChromium } from "../../support/chromium.ts";
import { run, testWithTool } from "../../support/tools.ts";

const ORIGIN = "http://127.0.0.1:1";
const KEY = Fernet.generateKey();
const ALL = {
  APP_KEY: KEY,
  GITHUB_CLIENT_ID: "a",
  GITHUB_CLIENT_SECRET: "a secret",
  GOOGLE_CLIENT_ID: "a",
  GOOGLE_CLIENT_SECRET: "a secret",
  ENTRA_CLIENT_ID: "a",
  ENTRA_CLIENT_SECRET: "a secret",
  AUTH0_DOMAIN: "example.eu.auth0.com",
  AUTH0_CLIENT_ID: "a",
  AUTH0_CLIENT_SECRET: "a secret",
  LINKEDIN_CLIENT_ID: "a",
  LINKEDIN_CLIENT_SECRET: "a secret",
  OIDC_ISSUER: "https://sso.example",
  OIDC_CLIENT_ID: "a",
  OIDC_CLIENT_SECRET: "a secret",
};

/** What is told of settings that are refused. */
function refusal(environment: Record<string, string>): string {
  try {
    readSettings(environment, ORIGIN);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("They were taken");
}

Deno.test("login example: all providers at once", () => {
  const { providers } = readSettings(ALL, ORIGIN);
  assertEquals(providers.map(({ id }) => id), [
    "github",
    "google",
    "entra",
    "auth0",
    "linkedin",
    "sso",
  ]);
});

Deno.test("login example: each variable that is missing is named", () => {
  for (const name of Object.keys(ALL)) {
    const { [name]: _, ...others } = ALL as Record<string, string>;
    const message = refusal(others);
    assertMatch(message.split("\n")[0], new RegExp(`^These variables are missing: ${name}$`));
    assert(!message.includes("a secret") && !message.includes(KEY));
  }
  assertStringIncludes(
    refusal({ APP_KEY: "short", GITHUB_CLIENT_ID: "a" }),
    "GITHUB_CLIENT_SECRET",
  );
});

Deno.test("login example: an origin that no callback is at is refused", () => {
  const of = (origin: string) => readSettings({ ...ALL, APP_ORIGIN: origin }, ORIGIN).origin;
  assertEquals([of(""), of("https://notes.example")], [ORIGIN, "https://notes.example"]);
  for (const origin of ["https://notes.example/", "notes.example", "https://notes.example:443"]) {
    assertStringIncludes(refusal({ ...ALL, APP_ORIGIN: origin }), "Cannot use APP_ORIGIN");
  }
});

Deno.test("login example: without settings it starts nothing, and says what to do", async () => {
  const { success, stdout, stderr } = await run(Deno.execPath(), [
    "run",
    "--no-check",
    "-A",
    "examples/login/mod.ts",
  ]);
  assertEquals([success, stdout], [false, ""]);
  for (const name of [...Object.keys(ALL), "APP_ORIGIN", "--provider test"]) {
    assertStringIncludes(stderr, name);
  }
});

/** Starts the program in Node, and stops it after the work. */
async function withNodeApp(
  file: string,
  { port, data, issuer }: { port: number; data: string; issuer: string },
  work: (origin: string) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command("node", {
    args: [file, "--port", String(port), "--data", data],
    env: {
      APP_KEY: KEY,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: CLIENT.clientId,
      OIDC_CLIENT_SECRET: CLIENT.clientSecret,
    },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await reader.read();
    assertStringIncludes(value, `http://127.0.0.1:${port}/`);
    await work(`http://127.0.0.1:${port}`);
  } finally {
    child.kill();
    await child.status;
    await reader.cancel();
  }
}

/** The status of an answer to what no web request is made of. */
async function statusOf(port: number, head: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
  const answer = new Uint8Array(12);
  await connection.read(answer);
  return new TextDecoder().decode(answer.subarray(9));
}

/** A port that was free just now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

testWithTool(
  "login example: in Node, remembered after the program was killed",
  await hasChromium(),
  CHROMIUM_REMEDY,
  async () => {
    const folder = await Deno.makeTempDir();
    const port = freePort();
    const origin = `http://127.0.0.1:${port}`;
    const provider = await startProvider({ redirectUris: [`${origin}/callback/sso`] });
    try {
      const file = join(folder, "login.mjs");
      await buildForNode(file);
      const app = { port, data: join(folder, "notes"), issuer: provider.issuer };
      await withChromium(async (browser) => {
        const page = await browser.newPage();
        await withNodeApp(file, app, async () => {
          await page.goto(`${origin}/`);
          await page.getByLabel("Remember me").check();
          await page.getByRole("button", { name: "Sign in with your organisation" }).click();
          await page.getByRole("button", { name: "Ada Lovelace" }).click();
          await page.getByLabel("A new note").fill("kept by Node");
          await page.getByRole("button", { name: "Keep" }).click();
          assertEquals(await page.locator(".note").allInnerTexts(), ["kept by Node"]);
        });
        await withNodeApp(file, app, async () => {
          assertEquals(await statusOf(port, "GET / HTTP/1.1\r\nHost: a b"), "400");
          assertEquals(await statusOf(port, "TRACE / HTTP/1.1\r\nHost: x"), "400");
          await page.goto(`${origin}/notes`);
          assertEquals(await page.locator(".note").allInnerTexts(), ["kept by Node"]);
        });
      });
    } finally {
      await provider.stop();
      await Deno.remove(folder, { recursive: true });
    }
  },
);
