/**
 * `ironfern fields`: dialects of CSV, what was encrypted, and where a fault is.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
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

testCli("quotes that are characters as any other", async (cli) => {
  // Read as CSV, a cell would begin in the first row and end in the last one.
  const rows = 'text\temail\n"a\tada@example.org\nb\tbob@example.org\nc"\teve@example.org\n';
  const options = [...CSV, "--field", "email", "--delimiter", "tab"];
  const { code, stdout, stderr } = await cli.run(["fields", "encrypt", ...options], {
    stdin: rows,
    env,
  });
  assertEquals([code, stdout.includes("@")], [1, false]);
  assertMatch(
    stderr,
    /^error: Cannot read line [23]: .*quote "none" \(--quote none\).* or multiline \(--multiline\) .*\n$/,
  );
  const plain = [...options, "--quote", "none"];
  const safe = await cli.mustRun(["fields", "encrypt", ...plain], { stdin: rows, env });
  assert(!safe.includes("example.org"), safe);
  assertEquals(await cli.mustRun(["fields", "decrypt", ...plain], { stdin: safe, env }), rows);

  const meant = [...options, "--multiline"];
  const cells = 'text\temail\n"a\tada@example.org\nb\tbob@example.org\n"\teve@example.org\n';
  const whole = await cli.mustRun(["fields", "encrypt", ...meant], { stdin: cells, env });
  assert(!whole.includes("eve@") && whole.includes("bob@"), whole);
  assertEquals(await cli.mustRun(["fields", "decrypt", ...meant], { stdin: whole, env }), cells);
});

testCli("values are counted, and none of them is a failure", async (cli) => {
  const rows = '{"id":1,"email":"a@example.org","phone":"1"}\n\n{"id":2,"email":"b@example.org"}\n';
  await cli.write("rows", rows);
  const fields = ["--field", "email", "--field", "phone", "--optional", "phone"];
  const args = ["fields", "encrypt", "rows", "--format", "jsonl", ...fields, ...KEY];
  assertEquals(
    await cli.mustRun([...args, "-o", "safe"], { env }),
    "Encrypted 2 rows into safe; values: email 2, phone 1\n",
  );
  assertEquals(
    JSON.parse(await cli.mustRun([...args, "-o", "safe", "--force", "--json"], { env })),
    { rows: 2, values: { email: 2, phone: 1 } },
  );
  const misspelt = ["--field", "emial", "--optional", "emial", "--format", "jsonl", ...KEY];
  for (const command of ["encrypt", "decrypt"]) {
    const call = ["fields", command, "rows", "-o", "none", ...misspelt];
    const { code, stdout, stderr } = await cli.run(call, { env });
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^error: Cannot find "emial" in any row: none of the 2 rows has .*\n$/);
  }
  assertEquals(await cli.names(), ["rows", "safe"]);
  // Where there are no rows, there is nothing to fail to encrypt.
  assertEquals(await cli.mustRun(["fields", "encrypt", ...misspelt], { stdin: "\n", env }), "\n");
});

testCli("a fault has one place, in text and in JSON", async (cli) => {
  const rows = 'id,note,email\n1,"two\nlines",a@example.org\n2,,b@example.org\n3,,c@example.org\n';
  const args = ["--field", "email", "--row-id", "id", ...CSV];
  const safe = await cli.mustRun(["fields", "encrypt", ...args], { stdin: rows, env });
  const moved = safe.replace("\n2,", "\n4,");
  const decrypt = ["fields", "decrypt", ...args];
  const text = await cli.run(decrypt, { stdin: moved, env });
  const error = 'Cannot open the token in line 4, field "email": it is not valid under this key';
  assertEquals([text.code, text.stderr], [3, `error: ${error}\n`]);
  const json = await cli.run([...decrypt, "--json"], { stdin: moved, env });
  assertEquals(JSON.parse(json.stderr), { error, line: 4, field: "email" });

  const short = rows.replace("2,,b@example.org", "2,b@example.org");
  const bad = await cli.run(["fields", "encrypt", ...args, "--json"], { stdin: short, env });
  const { error: said, line, row } = JSON.parse(bad.stderr);
  assertEquals([bad.code, line, row], [1, 4, 1]);
  assertMatch(said, /^Cannot read line 4: it has 2 cells, not 3/);

  const absent = await cli.run(["fields", "encrypt", ...CSV, "--field", "mail", "--json"], {
    stdin: rows,
    env,
  });
  const fault = JSON.parse(absent.stderr);
  assertEquals([absent.code, fault.line, fault.field], [1, 1, "mail"]);
  assertMatch(fault.error, /^Cannot read the header: it has no column "mail"/);
});
