/**
 * Tokens exchanged with Flet itself, as pip installs it.
 *
 * @module
 */

import { decrypt, encrypt } from "@ironfern/ironfern";
import { type Tokens, tokensFromFlet, tokensToFlet } from "@ironfern/ironfern/login";
import { assertEquals, assertThrows } from "@std/assert";
import { PYTHON } from "../support/python.ts";
import { hasProgram, ROOT, run, testWithTool } from "../support/tools.ts";

const HAS_FLET = PYTHON !== undefined && await hasProgram(PYTHON, "-c", "import flet");

const TOKENS: Tokens = {
  access_token: 'ya29.a0-"Ä"',
  token_type: "bearer",
  scope: "openid email",
  expires_in: 3_600,
  expires_at: 1_700_003_600,
  refresh_token: "1//r",
};

async function flet<T>(name: string, tokens: unknown): Promise<T> {
  const stdin = JSON.stringify({ function: name, tokens });
  const script = new URL("tests/support/flet_tokens.py", ROOT).pathname;
  const { success, stdout, stderr } = await run(PYTHON!, [script], { stdin });
  if (!success) throw new Error(stderr);
  return JSON.parse(stdout);
}

const remedy = "needs flet: `.venv/bin/pip install -r tests/requirements.txt`";
testWithTool("Flet reads our tokens, and we read Flet's", HAS_FLET, remedy, async () => {
  const text = tokensToFlet({ ...TOKENS, id_token: "x.y.z", refresh_expires_at: 1 });
  const read = await flet<Record<string, unknown>>("read", text);
  assertEquals(read, { ...TOKENS, scope: ["openid", "email"] });
  assertEquals(tokensFromFlet(await flet<string>("write", read)), TOKENS);

  const least = { access_token: "a" };
  const written = await flet<string>("write", least);
  assertEquals(tokensFromFlet(written), { ...least, token_type: "bearer" });
  const kept = { access_token: "a", scope: ["x"], token_type: "Bearer", expires_at: 1.5 };
  assertEquals(tokensFromFlet(await flet<string>("write", kept)), {
    access_token: "a",
    scope: "x",
    token_type: "bearer",
    expires_at: 1.5,
  });
});

Deno.test("Flet: tokens that it saved encrypted, as its guide has it", async () => {
  const saved = await encrypt(tokensToFlet(TOKENS), "the app's secret", { iterations: 1_000 });
  const json = await decrypt(saved, "the app's secret", { iterations: 1_000 });
  assertEquals(tokensFromFlet(json), TOKENS);
});

Deno.test("Flet: what is no tokens is refused, and not shown", () => {
  const texts = [
    "",
    "null",
    "[]",
    "7",
    '"s3cret"',
    '{"access_token":"s3cret"',
    '{"token_type":"s3cret"}',
    '{"access_token":{"s3cret":1}}',
    '{"access_token":""}',
    '{"access_token":"s3cret","expires_at":"soon"}',
    '{"access_token":"s3cret","scope":[1]}',
    '{"access_token":"s3cret","scope":{}}',
    '{"__proto__":{"access_token":"s3cret"}}',
    `{"access_token":"s3cret","x":"${"x".repeat(1 << 20)}"}`,
  ];
  for (const text of texts) {
    const error = assertThrows(() => tokensFromFlet(text), TypeError);
    assertEquals(`${error.message} ${error.cause}`.includes("s3cret"), false, text);
  }
  assertThrows(() => tokensFromFlet(undefined as never), TypeError);
  assertThrows(() => tokensToFlet({ token_type: "bearer" } as never), TypeError, "access_token");
});
