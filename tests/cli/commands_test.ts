/**
 * Each subcommand on pipes: output, exit code, standard error.
 *
 * @module
 */

import { decrypt, encrypt, Fernet } from "@ironfern/ironfern";
import { openFile, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Cli, KEYS, RUNTIMES, testCli } from "../support/cli.ts";

const PASSPHRASE = "correct horse – batterie";
const ENV = { PASSPHRASE };
const FAST = ["--iterations", "100000"];
const BY_ENV = ["--passphrase-env", "PASSPHRASE"];
/** Three slices, in bytes that are no text. */
const DATA = Uint8Array.from({ length: 150_000 }, (_, index) => index * 7 + (index >> 8));

async function withKey(cli: Cli): Promise<string[]> {
  return ["--key-file", await cli.write("key", `${KEYS[0]}\n`)];
}

function equalBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert(actual.length === expected.length && actual.every((byte, i) => byte === expected[i]));
}

testCli("seal, verify, inspect and open a file under a passphrase", async (cli) => {
  await cli.write("data", DATA);
  const sealed = await cli.run(["seal", "data", "-o", "sealed", ...BY_ENV, ...FAST], { env: ENV });
  assertEquals([sealed.code, sealed.stderr], [0, ""]);
  const [, id] = sealed.stdout.match(/^Sealed 150000 bytes into sealed, id ([\w-]{22})\n$/) ?? [];
  const info = { id, slices: 3, bytes: DATA.length };
  assertEquals(await verifyExport(cli.path("sealed"), { passphrase: PASSPHRASE }), info);
  const verify = ["verify", "sealed", ...BY_ENV];
  assertEquals(await cli.mustRun(verify, { env: ENV }), `Verified 150000 bytes, id ${id}\n`);
  assertEquals(JSON.parse(await cli.mustRun([...verify, "--json"], { env: ENV })), info);
  assertEquals(await cli.mustRun([...verify, "--quiet"], { env: ENV }), "");
  assertMatch(
    await cli.mustRun(["inspect", "sealed"]),
    new RegExp(
      `^unverified: .*\nid +${id}\n.*\n.*100000 PBKDF2.*\nsealed +20.*Z\nsize +\\d+ bytes`,
    ),
  );
  const inspection = JSON.parse(await cli.mustRun(["inspect", "sealed", "--json"]));
  assertEquals([inspection.verified, inspection.id, inspection.kdf.iterations], [
    false,
    id,
    100_000,
  ]);
  const open = ["open", "sealed", ...BY_ENV, "--expect-id", id];
  const opened = await cli.run([...open, "-o", "copy", "--json"], { env: ENV });
  assertEquals([opened.code, opened.stderr, JSON.parse(opened.stdout)], [0, "", info]);
  equalBytes(await Deno.readFile(cli.path("copy")), DATA);
  assertEquals((await Deno.stat(cli.path("copy"))).mode! & 0o777, 0o600);
  const printed = await cli.run(open, { env: ENV });
  assertEquals([printed.code, printed.stderr], [0, ""]);
  equalBytes(printed.bytes, DATA);
}, RUNTIMES);

testCli("seal and open standard input and output under a key", async (cli) => {
  const key = await withKey(cli);
  const { code, bytes, stderr } = await cli.run(["seal", "-", "-o", "-", ...key, "--json"], {
    stdin: DATA,
  });
  assertEquals(code, 0);
  const info = JSON.parse(stderr);
  await Deno.writeFile(cli.path("sealed"), bytes);
  assertEquals(await openFile(cli.path("sealed"), cli.path("copy"), { key: KEYS[0] }), info);
  equalBytes((await cli.run(["open", "-", ...key], { stdin: bytes })).bytes, DATA);
  assertMatch(
    await cli.mustRun(["open", "-", "-o", "again", ...key], { stdin: bytes }),
    /^Opened 150000 bytes into again, id /,
  );
  equalBytes(await Deno.readFile(cli.path("again")), DATA);
  assertMatch(await cli.mustRun(["verify", "-", ...key], { stdin: bytes }), /^Verified 150000 /);
  assertMatch(await cli.mustRun(["inspect", "-"], { stdin: bytes }), /secret +key\n/);
  const empty = await cli.run(["seal", "-", ...key]);
  assertEquals(await cli.mustRun(["open", "-", ...key], { stdin: empty.bytes }), "");
}, RUNTIMES);

testCli("another passphrase, a cut, a patch and another id are 3", async (cli) => {
  const key = await withKey(cli);
  await cli.write("data", DATA);
  await cli.mustRun(["seal", "data", "-o", "sealed", ...key, "--quiet"]);
  await cli.write("old", "the old content");
  const sealed = await cli.read("sealed");
  const patched = `${sealed.slice(0, 100_000)}${sealed[100_000] === "A" ? "B" : "A"}${
    sealed.slice(100_001)
  }`;
  const other = ["--key-file", await cli.write("other", KEYS[1])];
  const cases: [content: string, code: string, line: number, options: string[]][] = [
    [sealed, "wrong-secret-or-header", 2, other],
    [sealed.slice(0, 100_000), "truncated", 3, key],
    [patched, "bad-token", 3, key],
    [sealed, "unexpected-id", 1, [...key, "--expect-id", "AAAAAAAAAAAAAAAAAAAAAA"]],
    // One id in 64 begins with a dash.
    [sealed, "unexpected-id", 1, [...key, "--expect-id", "-AAAAAAAAAAAAAAAAAAAAA"]],
    [sealed, "unexpected-id", 1, [...key, "--expect-id", "--AAAAAAAAAAAAAAAAAAAA"]],
    ["no export\n", "bad-header", 1, key],
  ];
  for (const [content, code, line, options] of cases) {
    await cli.write("bad", content);
    const args = ["open", "bad", "-o", "old", "--force", ...options];
    const text = await cli.run(args);
    assertEquals([text.code, text.stdout], [3, ""], code);
    const json = await cli.run([...args, "--json"]);
    const told = JSON.parse(json.stderr);
    assertEquals([json.code, told.code, told.line], [3, code, line]);
    const message = `^error: Cannot open the sealed export at line ${line}: .+\n$`;
    assertMatch(text.stderr, new RegExp(message));
    assertEquals((await cli.run(["verify", "bad", ...options])).code, 3);
    assertEquals(await cli.read("old"), "the old content");
  }
  assertEquals((await cli.names()).filter((name) => name.endsWith(".tmp")), []);
});

testCli("lines", async (cli) => {
  const key = await withKey(cli);
  const rows = '{"id":1}\n\n{"id":2}';
  const tokens = await cli.mustRun(["lines", "encrypt", ...key], { stdin: rows });
  const fernet = new Fernet(KEYS[0]);
  assertEquals(tokens.split("\n").map((token) => fernet.decryptText(token)), rows.split("\n"));
  await cli.write("tokens", tokens);
  const decrypt = ["lines", "decrypt", "tokens", ...key, "--ttl", "60"];
  assertEquals(await cli.mustRun(decrypt), rows);
  assertEquals(
    await cli.mustRun([...decrypt, "-o", "rows"]),
    "Decrypted 3 lines into rows\n",
  );
  assertEquals(await cli.read("rows"), rows);
  assertEquals(
    await cli.mustRun(["lines", "encrypt", "rows", "-o", "new", ...key, "--json"]),
    '{"lines":3}\n',
  );
  await cli.write("tokens", `${tokens}\nno token\n`);
  const bad = await cli.run([...decrypt, "-o", "rows", "--force"]);
  assertEquals([bad.code, bad.stderr], [
    3,
    "error: Cannot open the token in line 4: it is not valid under this key\n",
  ]);
  assertEquals(await cli.read("rows"), rows);
  const old = fernet.encryptAtTime("old", 1);
  assertEquals((await cli.run([...decrypt.with(2, "-")], { stdin: old })).code, 3);
  const folded = tokens.replaceAll("\n", "\r\n");
  const lenient = ["lines", "decrypt", ...key, "--lenient"];
  assertEquals(await cli.mustRun(lenient, { stdin: folded }), rows);
}, RUNTIMES);

testCli("fields", async (cli) => {
  const key = await withKey(cli);
  const csv = "id;name;card\n1;Ada;4111\n2;Bob;\n";
  const options = ["--format", "csv", "--field", "name", "--field", "card", "--row-id", "id"];
  const all = [...options, "--delimiter", ";", ...key];
  const encrypted = await cli.mustRun(["fields", "encrypt", ...all], { stdin: csv });
  assertMatch(encrypted, /^id;name;card\n1;gAAAA[\w=-]+;gAAAA[\w=-]+\n2;gAAAA/);
  await cli.write("safe.csv", encrypted);
  assertEquals(await cli.mustRun(["fields", "decrypt", "safe.csv", ...all]), csv);
  assertEquals(
    await cli.mustRun(["fields", "decrypt", "safe.csv", "-o", "out.csv", ...all]),
    "Decrypted 2 rows into out.csv; values: name 2, card 2\n",
  );
  assertEquals(await cli.read("out.csv"), csv);
  const swapped = encrypted.replace("\n1;", "\n3;");
  assertEquals((await cli.run(["fields", "decrypt", ...all], { stdin: swapped })).code, 3);

  const jsonl = '{"id": 1, "user": {"email": "a@example.org"}}\n{"id": 2}\n';
  const path = ["--format", "jsonl", "--field", "/user/email", "--optional", "/user/email", ...key];
  const safe = await cli.mustRun(["fields", "encrypt", ...path], { stdin: jsonl });
  assert(!safe.includes("example.org"));
  assertEquals(await cli.mustRun(["fields", "decrypt", ...path], { stdin: safe }), jsonl);

  const misspelt = await cli.run(["fields", "encrypt", ...all.with(3, "nmae")], { stdin: csv });
  assertEquals(misspelt.code, 1);
  assertStringIncludes(misspelt.stderr, "nmae");
  const misused = await cli.run(["fields", "encrypt", ...path, "--delimiter", ";"]);
  assertEquals([misused.code, misused.stderr], [
    2,
    "error: Cannot use delimiter with JSON lines\n",
  ]);
});

testCli("encrypt and decrypt one text", async (cli) => {
  const env = ENV;
  const value = await cli.mustRun(["encrypt", ...BY_ENV, ...FAST], { stdin: "grüße 🔑\n", env });
  assertEquals(await decrypt(value.trimEnd(), PASSPHRASE), "grüße 🔑");
  const decryptArgs = ["decrypt", ...BY_ENV, ...FAST];
  assertEquals(await cli.mustRun(decryptArgs, { stdin: value, env }), "grüße 🔑\n");
  const exact = await cli.mustRun(["encrypt", "--exact", ...BY_ENV, ...FAST], {
    stdin: "\ufeffa\r\n",
    env,
  });
  assertEquals(
    (await cli.run([...decryptArgs, "--exact"], { stdin: exact, env })).bytes,
    new TextEncoder().encode("\ufeffa\r\n"),
  );
  const json = await cli.mustRun([...decryptArgs, "--json"], { stdin: value, env });
  assertEquals(JSON.parse(json), { text: "grüße 🔑" });
  const wrong = await cli.run(decryptArgs, { stdin: value, env: { PASSPHRASE: "another" } });
  assertEquals([wrong.code, wrong.stdout, wrong.stderr], [
    3,
    "",
    "error: Cannot decrypt the value: wrong passphrase, or not the value that it was\n",
  ]);

  const key = await withKey(cli);
  await cli.write("note", "a note\n");
  assertEquals(
    await cli.mustRun(["encrypt", "note", "-o", "token", ...key]),
    "Encrypted into token\n",
  );
  assertEquals(new Fernet(KEYS[0]).decryptText((await cli.read("token")).trimEnd()), "a note");
  assertEquals(await cli.mustRun(["decrypt", "token", ...key, "--ttl", "60"]), "a note\n");
  assertEquals(
    JSON.parse(await cli.mustRun(["decrypt", "token", "-o", "copy", ...key, "--json"])),
    { output: "copy" },
  );
  assertEquals(await cli.read("copy"), "a note\n");
}, RUNTIMES);

testCli("upgrade", async (cli) => {
  const env = ENV;
  const [old, present] = await Promise.all(
    [1_000, 2_000].map((iterations) => encrypt(`at ${iterations}`, PASSPHRASE, { iterations })),
  );
  await cli.write("values", `${old}\r\n${present}\n`);
  const costs = ["--iterations", "1000", "--target-iterations", "2000"];
  const args = ["upgrade", "values", ...BY_ENV, ...costs];
  const [first, second, end] = (await cli.mustRun(args, { env })).split("\n");
  assertEquals(await decrypt(first, PASSPHRASE, { iterations: 2_000 }), "at 1000");
  assertEquals([second, end], [present, ""]);
  assertEquals(
    await cli.mustRun([...args, "-o", "new"], { env }),
    "Upgraded 1 of 2 values into new\n",
  );
  assertEquals((await cli.read("new")).split("\n")[1], present);
  const json = await cli.mustRun([...args, "-o", "new", "--force", "--json"], { env });
  assertEquals(JSON.parse(json), { values: 2, upgraded: 1 });
  await cli.write("values", `${present}\ndamaged\n`);
  const bad = await cli.run(args, { env });
  assertEquals([bad.code, bad.stdout, bad.stderr], [
    3,
    "",
    "error: Cannot decrypt the value on line 2: wrong passphrase, or not the value that it was\n",
  ]);
});

testCli("rotate", async (cli) => {
  const fernets = KEYS.map((key) => new Fernet(key));
  const third = Fernet.generateKey();
  const fresh = new Fernet(third);
  // More than a batch, of three keys, one of them the new one.
  const texts = Array.from({ length: 9_000 }, (_, index) => `text ${index}`);
  const tokens = texts.map((text, index) =>
    [...fernets, fresh][index % 3].encryptAtTime(text, index)
  );
  const env = { NEW: third, OLD: KEYS[0] };
  await cli.write("older", KEYS[1]);
  const args = ["rotate", "--key-env", "NEW", "--old-key-env", "OLD", "--old-key-file", "older"];
  const rotated = await cli.mustRun(args, { stdin: tokens.join("\n"), env });
  const lines = rotated.split("\n");
  assertEquals(lines.pop(), "");
  assertEquals(fresh.decryptMany(lines).map((bytes) => new TextDecoder().decode(bytes)), texts);
  assertEquals(lines.map((line) => fresh.extractTimestamp(line)), [...texts.keys()]);
  await cli.write("tokens", `${tokens.join("\r\n")}\r\n`);
  assertEquals(
    await cli.mustRun([...args, "tokens", "-o", "new"], { env }),
    "Rotated 9000 tokens into new\n",
  );
  await cli.write("tokens", [...tokens, "damaged", ...tokens].join("\n"));
  const bad = await cli.run([...args, "tokens", "-o", "bad"], { env });
  assertEquals([bad.code, bad.stderr], [
    3,
    "error: Cannot decrypt the value on line 9001: wrong key, or not the value that it was\n",
  ]);
  assertEquals(await cli.names(), ["new", "older", "tokens"]);
  assertEquals(await cli.mustRun(args, { env }), "");
});

testCli("keygen", async (cli) => {
  new Fernet((await cli.mustRun(["keygen"])).trimEnd());
  assertEquals(await cli.mustRun(["keygen", "-o", "key"]), "Wrote a new key into key\n");
  const text = await cli.read("key");
  new Fernet(text.trimEnd());
  assertEquals((await Deno.stat(cli.path("key"))).mode! & 0o777, 0o600);
  const again = await cli.run(["keygen", "-o", "key"]);
  assertEquals([again.code, again.stderr], [
    2,
    "error: Cannot write key: it exists, and a key is never replaced\n",
  ]);
  assertEquals(await cli.read("key"), text);
  assertEquals(JSON.parse(await cli.mustRun(["keygen", "--json"])).key.length, 44);
}, RUNTIMES);

testCli("a secret from a file: its line end, its mode, standard input", async (cli) => {
  await cli.write("data", "some data");
  await cli.write("passphrase", `${PASSPHRASE}\r\n`);
  const byFile = ["--passphrase-file", "passphrase", ...FAST];
  await cli.mustRun(["seal", "data", "-o", "sealed", "--quiet", ...byFile]);
  await verifyExport(cli.path("sealed"), { passphrase: PASSPHRASE });
  const byStdin = ["verify", "sealed", "--passphrase-file", "-"];
  assertMatch(await cli.mustRun(byStdin, { stdin: PASSPHRASE }), /^Verified 9 bytes/);
  await Deno.chmod(cli.path("passphrase"), 0o640);
  const open = await cli.run(["verify", "sealed", "--passphrase-file", "passphrase", "-q"]);
  assertEquals([open.code, open.stdout], [0, ""]);
  assertEquals(
    open.stderr,
    "warning: Others can read the file of --passphrase-file: chmod 600 it, or change the secret\n",
  );
});
