/**
 * `ironfern store`: values in SQLite files and folders.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { EncryptedStorage, folder } from "@ironfern/ironfern/storage";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Cli, FREE_DENO, KEYS, RUNTIMES, testCli } from "../support/cli.ts";

const ENV = { PASSPHRASE: "correct horse – batterie" };
const BY_ENV = ["--passphrase-env", "PASSPHRASE"];
const FAST = ["--iterations", "100000"];
const BYTES = Uint8Array.of(0, 0xff, 0x0a);

async function withKey(cli: Cli, index = 0, option = "key-file"): Promise<string[]> {
  return [`--${option}`, await cli.write(`key${index}`, `${KEYS[index]}\n`)];
}

async function list(cli: Cli, store: string, secret: readonly string[]): Promise<string[]> {
  const { names, unreadable } = JSON.parse(
    await cli.mustRun(["store", "list", store, ...secret, "--json"], { env: ENV }),
  );
  assertEquals(unreadable, 0);
  return names.sort();
}

testCli("store: values of all types in a folder, under a key", async (cli) => {
  const key = await withKey(cli);
  const set = ["store", "set", "secrets", ...key, "--name"];
  const get = ["store", "get", "secrets", ...key, "--name"];
  assertEquals(await cli.mustRun([...set, "token"], { stdin: "hunter2\n" }), "Kept token\n");
  assertEquals(await cli.mustRun([...get, "token"]), "hunter2\n");
  await cli.mustRun([...set, "json", "--type", "json", "-q"], { stdin: '{"a": [-0, null]}' });
  assertEquals(await cli.mustRun([...get, "json"]), '{"a":[-0,null]}\n');
  await cli.write("bytes", BYTES);
  await cli.mustRun([...set, "b", "--type", "bytes", "--value-file", "bytes", "--json"]);
  assertEquals((await cli.run([...get, "b"])).bytes, BYTES);
  assertEquals(
    JSON.parse(await cli.mustRun([...get, "b", "--json"])),
    { name: "b", bytes: "AP8K" },
  );
  assertEquals(await list(cli, "secrets", key), ["b", "json", "token"]);
  const verified = await cli.mustRun(["store", "verify", "secrets", ...key]);
  assertEquals(verified, "3 values can be read\n");
  // The library reads it.
  const storage = new EncryptedStorage(folder(cli.path("secrets")), {
    fernet: new Fernet(KEYS[0]),
  });
  assertEquals(await storage.get("token"), "hunter2");
}, RUNTIMES);

testCli("store: a vault in SQLite, made by the first set, and its key rotated", async (cli) => {
  const set = ["store", "set", "app.db", ...BY_ENV, ...FAST, "--name"];
  await cli.mustRun([...set, "token"], { stdin: "hunter2", env: ENV });
  await cli.mustRun([...set, "other"], { stdin: "x", env: ENV });
  const rotate = ["store", "rotate", "app.db", ...BY_ENV];
  const rotated = { rotated: 2, current: 0, unreadable: [] };
  assertEquals(JSON.parse(await cli.mustRun([...rotate, "--json"], { env: ENV })), rotated);
  const get = ["store", "get", "app.db", "--name", "token"];
  assertEquals(await cli.mustRun([...get, ...BY_ENV], { env: ENV }), "hunter2\n");
  assertEquals(await list(cli, "app.db", BY_ENV), ["other", "token"]);
  const wrong = await cli.run([...get, ...BY_ENV], { env: { PASSPHRASE: "wrong" } });
  assertEquals([wrong.code, wrong.stdout], [3, ""]);
  assertMatch(wrong.stderr, /^error: Cannot open the vault: this secret does not open it\n$/);
  const key = await cli.run([...get, ...await withKey(cli)]);
  assertEquals([key.code, key.stdout], [3, ""]);
}, [FREE_DENO]);

testCli("store: SQLite in Node", async (cli) => {
  const key = await withKey(cli);
  const { code, stderr } = await cli.run(["store", "set", "app.db", "--name", "a", ...key]);
  const { stdout } = await cli.shell("node -p process.versions.node");
  const [major, minor] = stdout.split(".").map(Number);
  if (major > 22 || major === 22 && minor >= 13) return assertEquals(code, 0);
  assertEquals(code, 1);
  assertMatch(stderr, /^error: Cannot read app.db: this runtime has no node:sqlite, so use .*\n$/);
}, RUNTIMES.filter(({ name }) => name === "Node"));

testCli("store: a new key, and damage", async (cli) => {
  const [key, fresh] = [await withKey(cli), await withKey(cli, 1)];
  const set = ["store", "set", "s", ...key, "--plain-names", "--prefix", "app.", "--name"];
  for (const name of ["a", "b"]) await cli.mustRun([...set, name], { stdin: name });
  const place = ["s", "--plain-names", "--prefix", "app."];
  const old = await withKey(cli, 0, "old-key-file");
  const rotate = ["store", "rotate", ...place, ...fresh, ...old];
  assertStringIncludes(await cli.mustRun(rotate), "Rotated 2 values");
  const get = ["store", "get", ...place, "--name", "a"];
  assertEquals(await cli.mustRun([...get, ...fresh]), "a\n");
  const refused = await cli.run([...get, ...key]);
  assertEquals([refused.code, refused.stdout], [3, ""]);
  const missing = await cli.run(["store", "get", ...place, "--name", "c", ...fresh]);
  assertEquals([missing.code, missing.stdout], [1, ""]);

  const [file] = await Array.fromAsync(Deno.readDir(cli.path("s")), ({ name }) => name);
  await cli.write(`s/${file}`, "damaged");
  const verified = await cli.run(["store", "verify", ...place, ...fresh]);
  assertEquals(verified.code, 3);
  assertMatch(verified.stdout, /^1 values can be read\nunreadable: app\.[ab]\n$/);
  const listed = await cli.run(["store", "list", ...place, ...fresh]);
  assertEquals([listed.code, listed.stdout.length], [0, 2]);
  assertMatch(listed.stderr, /^warning: 1 records cannot be read: store verify names them\n$/);
}, [FREE_DENO]);

testCli("store: wrong uses are refused, and no message holds a value", async (cli) => {
  const key = await withKey(cli);
  const json = await cli.run(["store", "set", "s", "--name", "a", "--type", "json", ...key], {
    stdin: "hunter2",
  });
  assertEquals(json.code, 2);
  assertEquals(json.stderr, "error: Cannot use the value: it is no JSON\n");
  assertEquals((await cli.names()).includes("s"), false);
  const absent = await cli.run(["store", "get", "absent", "--name", "a", ...key]);
  assertEquals(absent.code, 1);
  assertStringIncludes(absent.stderr, "Cannot read absent: there is no such file or folder");
  const argument = await cli.run(["store", "set", "s", "--name", "a", "hunter2", ...key]);
  assertEquals(argument.code, 2);
  assertEquals(argument.stderr.includes("hunter2"), false);
  const none = await cli.run(["store", "get", "key0", "--name", "a", ...key]);
  assertEquals([none.code, none.stdout], [1, ""]);
}, [FREE_DENO]);
