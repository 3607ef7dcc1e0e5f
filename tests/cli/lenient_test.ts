/**
 * `--lenient`: base64url as other tools write it, for every command that opens it.
 *
 * @module
 */

import { decrypt, encrypt } from "@ironfern/ironfern";
import { assertEquals } from "@std/assert";
import { testCli } from "../support/cli.ts";

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
