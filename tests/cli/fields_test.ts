/**
 * `ironfern fields`: dialects of CSV.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { KEYS, testCli } from "../support/cli.ts";

const KEY = ["--key-env", "KEY"];
const env = { KEY: KEYS[0] };
const CSV = ["--format", "csv", ...KEY];

testCli("the delimiter tab has names", async (cli) => {
  const rows = "id\temail\n1\tada@example.org\n";
  for (const name of ["\t", "\\t", "tab"]) {
    const options = [...CSV, "--field", "email", "--delimiter", name];
    const safe = await cli.mustRun(["fields", "encrypt", ...options], { stdin: rows, env });
    assertMatch(safe, /^id\temail\n1\tgAAAA[\w=-]+\n$/);
    assertEquals(await cli.mustRun(["fields", "decrypt", ...options], { stdin: safe, env }), rows);
  }
});
