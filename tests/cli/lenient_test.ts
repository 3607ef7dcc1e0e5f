/**
 * `--lenient`: base64url as other tools write it, for every command that opens it.
 *
 * @module
 */

import { decrypt, encrypt, Fernet } from "@ironfern/ironfern";
import { assertEquals } from "@std/assert";
import { KEYS, testCli } from "../support/cli.ts";

const iterations = 1_000;
const COST = ["--iterations", String(iterations)];

testCli("lenient reading of values under a passphrase", async (cli) => {
  const env = { PASS: "a passphrase" };
  const pass = ["--passphrase-env", "PASS"];
  // This length of text leaves padding.
  const value = (await encrypt("ab", env.PASS, { iterations })).replace(/=+$/, "");
  await cli.write("values", `${value.slice(0, 30)} ${value.slice(30)}\n`);
  const decrypting = ["decrypt", "values", ...pass, ...COST];
  assertEquals((await cli.run(decrypting, { env })).code, 3);
  assertEquals(await cli.mustRun([...decrypting, "--lenient"], { env }), "ab\n");
  const upgrading = ["upgrade", "values", ...pass, ...COST, "--target-iterations", "2000"];
  assertEquals((await cli.run(upgrading, { env })).code, 3);
  const upgraded = await cli.mustRun([...upgrading, "--lenient"], { env });
  assertEquals(await decrypt(upgraded.trimEnd(), env.PASS, { iterations: 2_000 }), "ab");
});

testCli("lenient reading of tokens that are rotated", async (cli) => {
  const [fresh, old] = KEYS.map((key) => new Fernet(key));
  const env = { NEW: KEYS[0], OLD: KEYS[1] };
  const token = old.encrypt("a").replace(/=+$/, "");
  const stdin = `${token.slice(0, 40)} ${token.slice(40)}\n`;
  const args = ["rotate", "--key-env", "NEW", "--old-key-env", "OLD"];
  assertEquals((await cli.run(args, { stdin, env })).code, 3);
  const rotated = await cli.mustRun([...args, "--lenient"], { stdin, env });
  assertEquals(fresh.decryptText(rotated.trimEnd()), "a");
});
