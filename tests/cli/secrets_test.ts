/**
 * Where secrets come from: no message holds the value of an option that names one,
 * a file may hold several keys, and what looks like a mistake is said.
 *
 * @module
 */

import { decrypt, Fernet } from "@ironfern/ironfern";
import { openFile, sealFile, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Cli, KEYS, testCli } from "../support/cli.ts";

const [NEW, OLD] = KEYS;
/** Is nothing that a message of the command would hold. */
const SECRET = "hunter2";
const FAST = ["--iterations", "100000"];

async function assertSecretUntold(cli: Cli, args: readonly string[]): Promise<void> {
  for (const json of [[], ["--json"]]) {
    const { code, stdout, stderr } = await cli.run([...args, ...json]);
    assertEquals([code > 0, stdout], [true, ""], args.join(" "));
    assertMatch(stderr, json.length ? /^\{"error":"Cannot [^\n]+\}\n$/ : /^error: Cannot .+\n$/);
    assertEquals(stderr.includes(SECRET), false, stderr);
  }
}

testCli("no message holds the value of an option that names a secret", async (cli) => {
  await cli.write("data", "some data");
  const commands = [
    ["seal", "data", "-o", "out"],
    ["open", "data"],
    ["verify", "data"],
    ["lines", "encrypt", "data"],
    ["fields", "decrypt", "data", "--format", "csv", "--field", "a"],
    ["rotate", "data", "--key-file", "data"],
    ["encrypt", "data"],
    ["upgrade", "data"],
  ];
  const folder = `${SECRET}.d`;
  await Deno.mkdir(cli.path(folder));
  await Deno.symlink(cli.path(`${SECRET}.loop`), cli.path(`${SECRET}.loop`));
  await cli.write(`${SECRET}.empty`, "");
  await cli.write(`${SECRET}.mark`, "\ufeffx");
  const names = [
    SECRET,
    SECRET.repeat(50),
    `${folder}/x`,
    folder,
    `${SECRET}.loop`,
    "data/hunter2",
  ];
  const files = [...names, `${SECRET}.empty`, `${SECRET}.mark`];
  for (const command of commands) {
    const kinds = command[0] === "upgrade"
      ? ["passphrase"]
      : command[0] === "rotate"
      ? ["old-key"]
      : ["key"];
    for (const kind of kinds) {
      await assertSecretUntold(cli, [...command, `--${kind}-env`, SECRET]);
      // One command shows what all of them share.
      for (const name of command[0] === "seal" ? files : [SECRET]) {
        await assertSecretUntold(cli, [...command, `--${kind}-file`, name]);
      }
    }
  }
  await assertSecretUntold(cli, ["encrypt", SECRET, "--key-file", "data"]);
  await assertSecretUntold(cli, ["decrypt", SECRET, "--key-file", "data"]);
});

Deno.test("what is given as a path by mistake is not told", async () => {
  const content = new TextEncoder().encode(SECRET);
  const options = { key: NEW };
  for (const call of [sealFile, openFile]) {
    for (const wrong of [content, [SECRET], { path: SECRET }, new URL(`https://x/${SECRET}`)]) {
      for (const [from, to] of [[wrong, "out"], ["in", wrong]]) {
        const error = await assertRejects(
          () => call(from as string, to as string, options),
          TypeError,
        );
        assertMatch(
          error.message,
          /^Cannot use the (in|out)put: expected a path or a file URL, got/,
        );
        assertEquals(/hunter2|104/.test(error.message), false, error.message);
      }
    }
  }
});

testCli("several keys, on lines of their own or between commas", async (cli) => {
  const [fresh, old] = KEYS.map((key) => new Fernet(key));
  for (const keys of [`${NEW}\n${OLD}\n`, `${NEW},${OLD}`, `\r\n ${NEW} ,\r\n${OLD}\r\n`]) {
    await cli.write("keys", keys);
    const tokens = [old.encryptAtTime("a", 1), fresh.encryptAtTime("b", 2)].join("\n");
    const rotated = await cli.mustRun(["rotate", "--key-file", "keys"], { stdin: tokens });
    const lines = rotated.trimEnd().split("\n");
    assertEquals(lines.map((line) => fresh.decryptText(line)), ["a", "b"]);
    const decrypt = ["decrypt", "--key-env", "KEYS_OF_APP"];
    const env = { KEYS_OF_APP: keys };
    assertEquals(await cli.mustRun(decrypt, { stdin: old.encrypt("c"), env }), "c\n");
    assertEquals(await cli.mustRun(decrypt, { stdin: fresh.encrypt("c"), env }), "c\n");
    const encrypted = await cli.mustRun(["encrypt", "--key-file", "keys"], { stdin: "d" });
    assertEquals(fresh.decryptText(encrypted.trimEnd()), "d");
    const refused = await cli.run(["lines", "encrypt", "--key-file", "keys"]);
    assertEquals([refused.code, refused.stderr], [
      2,
      "error: Cannot use --key-file: it has 2 keys, expected one\n",
    ]);
  }
  await cli.write("new", NEW);
  await cli.write("old", `${Fernet.generateKey()}\n${OLD}\n`);
  const args = ["rotate", "--key-file", "new", "--old-key-file", "old"];
  const [line] = (await cli.mustRun(args, { stdin: old.encrypt("e") })).split("\n");
  assertEquals(fresh.decryptText(line), "e");
});

testCli("a passphrase file of several lines is used as it is, with a warning", async (cli) => {
  await cli.write("data", "some data");
  await cli.write("lines", "one\ntwo\n");
  const seal = ["seal", "data", "-o", "sealed", "-q", "--passphrase-file", "lines", ...FAST];
  const { code, stdout, stderr } = await cli.run(seal);
  assertEquals([code, stdout, stderr], [
    0,
    "",
    "warning: The file of --passphrase-file has several lines: all of them together are the passphrase\n",
  ]);
  await verifyExport(cli.path("sealed"), { passphrase: "one\ntwo" });
  const encrypted = await cli.run(["encrypt", "--passphrase-file", "lines", "--iterations", "1"], {
    stdin: "a",
  });
  assertEquals(await decrypt(encrypted.stdout.trimEnd(), "one\ntwo", { iterations: 1 }), "a");
});

testCli("a wrong secret is called that", async (cli) => {
  await cli.write("data", "some data");
  const env = { NEW, OLD, PASS: "a", OTHER: "b" };
  await cli.mustRun(["seal", "data", "-o", "by-key", "-q", "--key-env", "NEW"], { env });
  const seal = ["seal", "data", "-o", "by-passphrase", "-q", "--passphrase-env", "PASS", ...FAST];
  await cli.mustRun(seal, { env });
  const cases = [
    ["key", "verify", "by-key", "--key-env", "OLD"],
    ["passphrase", "open", "by-passphrase", "--passphrase-env", "OTHER"],
  ];
  for (const [secret, ...args] of cases) {
    const { code, stderr } = await cli.run(args, { env });
    assertEquals(code, 3);
    assert(stderr.endsWith(`: wrong ${secret}, or not the file that it was\n`), stderr);
  }
});
