/**
 * The command on a pseudo-terminal: hidden prompts, the bar, colours.
 *
 * @module
 */

import { decrypt, encrypt, Fernet } from "@ironfern/ironfern";
import { sealExport, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Cli,
  FREE_RUNTIMES,
  KEYS,
  type Runtime,
  RUNTIMES,
  type Step,
  testCli,
} from "../support/cli.ts";
import { builtPackage } from "../support/npm_package.ts";

const FAST = ["--iterations", "100000"];
const PASSPHRASE = "grüße 🔑";
const ENTER = "\r";
/** Typed with mistakes: letters erased, an arrow key, all of a line. */
const TYPED = `no\x15grx\x7füße\x1b[D 🔑🔑\x7f${ENTER}`;

/** What a terminal shows, without what moves the cursor or rings. */
function plain(output: string): string {
  // deno-lint-ignore no-control-regex
  return output.replace(/\x1b(\[[?\d;]*[A-Za-z]|[78])|\x07/g, "").replace(/\r+\n/g, "\n");
}

function twice(first: string, second = first): Step[] {
  return [
    { expect: "Passphrase: ", send: first },
    { expect: "Passphrase again: ", send: second },
  ];
}

async function withKey(cli: Cli): Promise<string[]> {
  return ["--key-file", await cli.write("key", KEYS[0])];
}

testCli("a passphrase is asked for twice, and not shown", async (cli) => {
  await cli.write("data", "some data");
  const args = ["seal", "data", "-o", "sealed", ...FAST];
  const { code, output, restored } = await cli.terminal(args, twice(TYPED));
  assertEquals([code, restored], [0, true]);
  const { id } = await verifyExport(cli.path("sealed"), { passphrase: PASSPHRASE });
  const shown = plain(output);
  assertMatch(shown, /^Passphrase: \nPassphrase again: \n/);
  assert(shown.endsWith(`Sealed 9 bytes into sealed, id ${id}\n`), shown);
  assert(!/gr|🔑/.test(shown), shown);

  const opened = await cli.terminal(["open", "sealed", "-o", "copy", "-q"], [
    { expect: "Passphrase: ", send: TYPED },
  ]);
  assertEquals([opened.code, plain(opened.output)], [0, "Passphrase: \n"]);
  assertEquals(await cli.read("copy"), "some data");

  const wrong = await cli.terminal(["verify", "sealed"], [
    { expect: "Passphrase: ", send: `another${ENTER}` },
  ]);
  assertEquals([wrong.code, wrong.restored], [3, true]);
  assert(wrong.output.includes("\x1b[31merror:\x1b[0m Cannot open"), wrong.output);
  const colourless = await cli.terminal(["verify", "absent"], [], { env: { NO_COLOR: "1" } });
  assertEquals(
    [colourless.code, plain(colourless.output)],
    [1, "error: Cannot read absent: there is no such file or folder\n"],
  );
  assert(!colourless.output.includes("\x1b[31m"), colourless.output);
});

testCli("answers that will not do", async (cli) => {
  await cli.write("data", "some data");
  const args = ["seal", "data", "-o", "sealed", ...FAST];
  const cases: [Step[], number, RegExp][] = [
    [twice(`one${ENTER}`, `two${ENTER}`), 2, /the two that were typed differ/],
    [twice(ENTER).slice(0, 1), 2, /nothing was typed/],
    [twice("\x04").slice(0, 1), 2, /nothing was typed/],
    [twice("half\x03").slice(0, 1), 130, /^Passphrase: \n$/],
    [twice(`one${ENTER}`, "\x03"), 130, /^Passphrase: \nPassphrase again: \n$/],
    [[{ expect: "Passphrase: ", signal: "SIGTERM" }], 143, /^Passphrase: \n$/],
  ];
  for (const [steps, expected, says] of cases) {
    const { code, output, restored } = await cli.terminal(args, steps);
    assertEquals([code, restored], [expected, true], output);
    assertMatch(plain(output), says);
    assertEquals(await cli.names(), ["data"]);
  }
});

testCli("what is typed is what is used, or the bell rings, or it is refused", async (cli) => {
  await cli.write("data", "some data");
  const passphrase = "with\ta tab\t";
  const seal = ["seal", "data", "-o", "sealed", "--force", ...FAST];
  const tab = await cli.terminal(seal, twice(`${passphrase}${ENTER}`));
  assertEquals([tab.code, tab.output.includes("\x07")], [0, false], tab.output);
  await verifyExport(cli.path("sealed"), { passphrase });
  for (const key of ["\x04", "\x1b[D", "\x1bOP", "\x1bx"]) {
    const rung = await cli.terminal(["verify", "sealed"], [
      { expect: "Passphrase: ", send: `${passphrase}${key}${ENTER}` },
    ]);
    assertEquals([rung.code, rung.output.split("\x07").length], [0, 2], rung.output);
  }
  for (const key of ["\x01", "\x17", "\x00", "\ufffd"]) {
    const { code, output, restored } = await cli.terminal(seal, [
      { expect: "Passphrase: ", send: `hunter2${key}` },
    ]);
    assertEquals([code, restored], [2, true], output);
    assertMatch(plain(output), /^Passphrase: \nerror: Cannot use what was typed: it [^\n]+\n$/);
  }
});

testCli("a text and a key are asked for", async (cli) => {
  const { code, output } = await cli.terminal(["encrypt", "-o", "value", ...FAST], [
    ...twice(TYPED),
    { expect: "Text: ", send: `a secret text${ENTER}` },
  ]);
  assertEquals(code, 0, output);
  assert(!output.includes("secret text"), output);
  const value = (await cli.read("value")).trimEnd();
  assertEquals(await decrypt(value, PASSPHRASE, { iterations: 100_000 }), "a secret text");
  await cli.write("rows", "a\nb\n");
  const lines = await cli.terminal(["lines", "encrypt", "rows", "-o", "tokens"], [
    { expect: "Key: ", send: `${KEYS[0]}${ENTER}` },
  ]);
  assertEquals(lines.code, 0);
  assert(!lines.output.includes(KEYS[0]), lines.output);
  const rotated = await cli.terminal(["rotate", "tokens", "-o", "new"], [
    { expect: "Key: ", send: `${KEYS[1]}${ENTER}` },
    { expect: "Old key: ", send: `${KEYS[0]}${ENTER}` },
  ]);
  assertEquals(rotated.code, 0, rotated.output);
  const [first] = (await cli.read("new")).split("\n");
  assertEquals(new Fernet(KEYS[1]).decryptText(first), "a");
});

testCli("a bar on a terminal, and nowhere else", async (cli) => {
  const key = await withKey(cli);
  await cli.write("data", new Uint8Array(20_000_000).fill(0x0a));
  const bar = /\[[#.]{24}\] \d+% [\d.]+ [kM]?B [\d.]+ [kM]?B\/s (\d+ s|\?) left/;
  const seal = ["seal", "data", "-o", "sealed", "--force", ...key];
  const shown = await cli.terminal(seal);
  assertMatch(plain(shown.output), bar);
  assertEquals(shown.code, 0);
  // What it changed of the terminal it changes back.
  assert(shown.output.lastIndexOf("\x1b[?7h") > shown.output.lastIndexOf("\x1b[?7l"));
  const verified = await cli.terminal(["verify", "sealed", ...key]);
  assertMatch(plain(verified.output), /Verifying \[[#.]{24}\] /);
  const lines = await cli.terminal([
    "lines",
    "encrypt",
    "data",
    "-o",
    "tokens",
    ...key,
    "--workers",
    "0",
  ], [
    { expect: "lines/s", signal: "SIGINT" },
  ]);
  assertEquals(lines.code, 130);
  assertMatch(plain(lines.output), /Encrypting \d+ lines \d+ lines\/s/);
  for (const option of ["--quiet", "--json"]) {
    const { output } = await cli.terminal([...seal, option]);
    assert(!output.includes("%"), output);
  }
  // The result is beside the data, and for people only.
  const beside = await cli.terminal(["open", "sealed", ...key], [], { stdout: cli.path("copy") });
  assertMatch(plain(beside.output), /Opened 20000000 bytes, id [\w-]{22}\n$/);
  assertEquals((await Deno.stat(cli.path("copy"))).size, 20_000_000);
  assertEquals(await cli.names(), ["copy", "data", "key", "sealed"]);
});

testCli(
  "no bar where the data goes to the terminal, of which it would erase lines",
  async (cli) => {
    const key = await withKey(cli);
    const tokens = new Fernet(KEYS[0]).encryptMany(["first", "second"]);
    await cli.write("tokens", `${tokens.join("\n")}\n`);
    await cli.write("old", KEYS[1]);
    const cases: [string[], RegExp][] = [
      [["lines", "decrypt", "tokens", ...key], /^first\nsecond\nDecrypted 2 lines\n$/],
      [
        ["rotate", "tokens", ...key, "--old-key-file", "old"],
        /^gAAAA[\w=-]+\ngAAAA[\w=-]+\nRotated 2 tokens\n$/,
      ],
    ];
    for (const [args, says] of cases) {
      const { code, output } = await cli.terminal(args);
      assertEquals(code, 0, output);
      assert(!output.includes("\x1b7"), output);
      assertMatch(plain(output), says);
    }
  },
  FREE_RUNTIMES,
);

/** As after `npm install FOLDER`: npm links the folder, and installs no dependency into it. */
const LINKED: Runtime = {
  ...RUNTIMES[1],
  name: "Node with a linked package",
  command: async () => ["node", `${await builtPackage()}/dist/ironfern.js`],
};

testCli("a package without its dependency works, without the bar", async (cli) => {
  await cli.write("data", "some data");
  const sealed = await cli.terminal(["seal", "data", "-o", "sealed", ...await withKey(cli)]);
  assertEquals(sealed.code, 0, sealed.output);
  assertMatch(plain(sealed.output), /^Sealed 9 bytes into sealed, id [\w-]{22}\n$/);
}, [LINKED]);

testCli("the other subcommands on a terminal", async (cli) => {
  const key = await withKey(cli);
  const fernet = new Fernet(KEYS[0]);
  const sealing = new Blob(["data"]).stream().pipeThrough(sealExport({ key: KEYS[0] }));
  await cli.write("sealed", await new Response(sealing).text());
  await cli.write("tokens", `${fernet.encrypt("first")}\n${fernet.encrypt("second")}\n`);
  await cli.write("rows.csv", "id,name\n1,Ada\n");
  await cli.write("value", await encrypt("a text", "pass", { iterations: 1_000 }));
  const columns = ["--format", "csv", "--field", "name", "--row-id", "id", ...key];
  const cost = ["--iterations", "1000"];
  const asked = [{ expect: "Passphrase: ", send: `pass${ENTER}` }];
  const cases: [string[], Step[], RegExp][] = [
    [["inspect", "sealed"], [], /^unverified: [^]+\nsize +\d+ bytes\n$/],
    [["lines", "decrypt", "tokens", ...key], [], /first\nsecond\n/],
    [["fields", "encrypt", "rows.csv", "-o", "safe.csv", ...columns], [], /Encrypted 1 rows into/],
    [["fields", "decrypt", "safe.csv", ...columns], [], /1,Ada\n/],
    [["decrypt", "value", ...cost], asked, /^Passphrase: \na text\n$/],
    [
      ["upgrade", "value", "-o", "upgraded", ...cost, "--target-iterations", "2000"],
      asked,
      /Upgraded 1 of 1 values into upgraded\n$/,
    ],
    [["keygen"], [], /^[\w-]{43}=\n$/],
    [["completion", "bash"], [], /\ncomplete -o filenames -F _ironfern ironfern\n$/],
  ];
  for (const [args, steps, says] of cases) {
    const { code, output, restored } = await cli.terminal(args, steps);
    assertEquals([code, restored], [0, true], output);
    assertMatch(plain(output), says);
  }
});

testCli("a secret is asked for on the terminal while data comes through a pipe", async (cli) => {
  await cli.write("data", "some data");
  const stdin = cli.path("data");
  const seal = ["seal", "-", "-o", "sealed", "-q", ...FAST];
  const sealed = await cli.terminal(seal, twice(TYPED), { stdin });
  assertEquals([sealed.code, sealed.restored], [0, true], sealed.output);
  assertEquals(plain(sealed.output), "Passphrase: \nPassphrase again: \n");
  await verifyExport(cli.path("sealed"), { passphrase: PASSPHRASE });

  // The question is for the terminal, wherever the errors go.
  const [tokens, stderr] = ["tokens", "errors"].map((name) => cli.path(name));
  const lines = await cli.terminal(["lines", "encrypt"], [
    { expect: "Key: ", send: `${KEYS[0]}${ENTER}` },
  ], { stdin, stdout: tokens, stderr });
  assertEquals([lines.code, plain(lines.output)], [0, "Key: \n"]);
  assertEquals(new Fernet(KEYS[0]).decryptText(await cli.read("tokens")), "some data");
  assertEquals(await cli.read("errors"), "");

  const stopped = await cli.terminal(["lines", "encrypt"], [
    { expect: "Key: ", send: "\x03" },
  ], { stdin });
  assertEquals([stopped.code, stopped.restored], [130, true]);
  const ended = await cli.terminal(["lines", "encrypt"], [
    { expect: "Key: ", signal: "SIGTERM" },
  ], { stdin });
  assertEquals([ended.code, ended.restored], [143, true]);
}, FREE_RUNTIMES);
