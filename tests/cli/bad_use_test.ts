/**
 * What users do wrong, and what the machine does to them: one line that says what
 * to do, the right exit code, nothing lost.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assertEquals, assertMatch } from "@std/assert";
import { Cli, KEYS, MAIN_RUNTIMES, NOT_SET, type RunOptions, testCli } from "../support/cli.ts";
import { mustRun } from "../support/npm_package.ts";
import { run, testWithTool } from "../support/tools.ts";

const KEY = ["--key-env", "KEY"];
const ENV = { KEY: KEYS[0] };

interface Misuse {
  readonly args: readonly string[];
  readonly code: number;
  readonly says: string | RegExp;
  readonly options?: RunOptions;
}

const env = ENV;
const MISUSES: Readonly<Record<string, Misuse>> = {
  "no command": { args: [], code: 2, says: "no command is named, see ironfern --help" },
  "an unknown command": {
    args: ["shut"],
    code: 2,
    says: "Cannot begin: there is no such command, see ironfern --help",
  },
  "a misspelt command": {
    args: ["sela", "data"],
    code: 2,
    says: "there is no such command (did you mean ironfern seal?), see ironfern --help",
  },
  "a misspelt command of a group": {
    args: ["lines", "encrpyt"],
    code: 2,
    says: "(did you mean ironfern lines encrypt?), see ironfern lines --help",
  },
  "half a command": { args: ["lines"], code: 2, says: "see ironfern lines --help" },
  "an unknown option": {
    args: ["seal", "data", "--fast"],
    code: 2,
    says: "Cannot use --fast: seal has no such option, see ironfern seal --help",
  },
  "a misspelt option": {
    args: ["seal", "data", "--forec"],
    code: 2,
    says: "Cannot use --forec: seal has no such option (did you mean --force?), see ironfern",
  },
  "half an option": {
    args: ["seal", "data", "--iter", "100000"],
    code: 2,
    says: "seal has no such option (did you mean --iterations?), see ironfern seal --help",
  },
  "a secret as an argument": {
    args: ["seal", "data", "--passphrase=hunter2"],
    code: 2,
    says: "everybody could read a secret in the list of processes",
  },
  "an option without its value": {
    args: ["seal", "data", "-o", "--quiet"],
    code: 2,
    says: "lacks its FILE",
  },
  "a flag with a value": { args: ["seal", "data", "--json=1"], code: 2, says: "it takes none" },
  "an option twice": {
    args: ["seal", "data", "-o", "a", "-o", "b"],
    code: 2,
    says: "give it once",
  },
  "a number that is none": {
    args: ["seal", "data", "--iterations", "many"],
    code: 2,
    says: "expected an integer from 100000 to 10000000",
  },
  "iterations out of bounds": {
    args: ["seal", "data", "--iterations", "99999"],
    code: 2,
    says: "expected an integer from 100000 to 10000000",
  },
  "iterations with a key": {
    args: ["seal", "data", ...KEY, "--iterations", "100000"],
    code: 2,
    says: "nothing is derived from it",
    options: { env },
  },
  "no input": { args: ["seal"], code: 2, says: "Cannot do without INPUT: name a file" },
  "two inputs": { args: ["seal", "data", "out"], code: 2, says: "the output is given by -o" },
  "no field": {
    args: ["fields", "encrypt", "--format", "csv", ...KEY],
    code: 2,
    says: "add --field FIELD",
  },
  "an unknown format": {
    args: ["fields", "encrypt", "--format", "xml", "--field", "a", ...KEY],
    code: 2,
    says: "expected csv or jsonl",
  },
  "an unknown shell": { args: ["completion", "csh"], code: 2, says: "expected bash, zsh, fish" },
  "an id that is none": {
    args: ["open", "data", ...KEY, "--expect-id", "x"],
    code: 2,
    says: "expected 22 characters",
    options: { env },
  },
  "no id": {
    args: ["open", "data", ...KEY, "--expect-id", "--force"],
    code: 2,
    says: "Cannot use --expect-id: it lacks its ID",
    options: { env },
  },
  "a missing file": {
    args: ["seal", "absent", "-o", "out", ...KEY],
    code: 1,
    says: "Cannot read absent: there is no such file or folder",
  },
  "a missing folder": {
    args: ["seal", "data", "-o", "absent/out", ...KEY],
    code: 1,
    says: "there is no such file or folder",
    options: { env },
  },
  "a folder as input": {
    args: ["seal", ".", "-o", "out", ...KEY],
    code: 1,
    says: "it is a folder",
  },
  "a folder as output": { args: ["seal", "data", "-o", ".", ...KEY], code: 2, says: "name a file" },
  "the input as output": {
    args: ["seal", "data", "-o", "./data", "--force", ...KEY],
    code: 2,
    says: "Cannot write ./data: it is the input, so name another file",
  },
  "the input as output of rows": {
    args: ["lines", "encrypt", "data", "-o", "link", "--force", ...KEY],
    code: 2,
    says: "it is the input",
  },
  "an output that exists": {
    args: ["seal", "data", "-o", "old", ...KEY],
    code: 2,
    says: "Cannot write old: it exists, so add --force to replace it",
  },
  "the standard output by a name": {
    args: ["seal", "data", "-o", "/dev/stdout", "--force", ...KEY],
    code: 2,
    says: "Cannot write /dev/stdout: it is the standard output, so use -o -",
  },
  "force without a file": { args: ["seal", "data", "--force"], code: 2, says: "so add -o FILE" },
  "no secret on a pipe": {
    args: ["seal", "data", "-o", "out"],
    code: 2,
    says: "Cannot ask for a passphrase: no terminal can be opened, so add --passphrase-env or",
  },
  "no secret beside data": {
    args: ["lines", "encrypt"],
    code: 2,
    says: "the standard input is the data, and no terminal can be opened, so add --key-env or",
  },
  "two secrets": {
    args: ["seal", "data", "-o", "out", ...KEY, "--passphrase-file", "empty"],
    code: 2,
    says: "Cannot use two secrets: give one of --passphrase-file, --key-env",
  },
  "an output that is the secret's file": {
    args: ["seal", "data", "-o", "marked", "--force", "--passphrase-file", "marked"],
    code: 2,
    says: "Cannot write marked: it is the file of --passphrase-file",
  },
  "a variable that is not UTF-8": {
    args: ["seal", "data", "-o", "out", "--passphrase-env", "BROKEN"],
    code: 2,
    says: "Cannot use --passphrase-env: the variable is not UTF-8, so use a file",
    options: { env: { BROKEN: "caf\ufffd" } },
  },
  "an empty secret file": {
    args: ["seal", "data", "-o", "out", "--passphrase-file", "empty"],
    code: 2,
    says: "Cannot use --passphrase-file: the file is empty",
  },
  "a secret file with one line end": {
    args: ["seal", "data", "-o", "out", "--passphrase-file", "newline"],
    code: 2,
    says: "the file is empty",
  },
  "a secret file with a byte order mark": {
    args: ["seal", "data", "-o", "out", "--passphrase-file", "marked"],
    code: 2,
    says: "byte order mark",
  },
  "an empty variable": {
    args: ["seal", "data", "-o", "out", "--passphrase-env", "EMPTY"],
    code: 2,
    says: "Cannot use --passphrase-env: the variable is empty",
    options: { env: { EMPTY: "" } },
  },
  "a variable that is not set": {
    args: ["seal", "data", "-o", "out", "--passphrase-env", NOT_SET],
    code: 2,
    says: "Cannot use --passphrase-env: no variable of that name is set; it takes the name of",
  },
  "a secret and data on standard input": {
    args: ["seal", "-", "--key-file", "-"],
    code: 2,
    says: "the standard input is the data already",
  },
  "a key that is none": {
    args: ["lines", "encrypt", "data", "--key-file", "marked"],
    code: 2,
    says: /byte order mark/,
  },
  "a passphrase as a key": {
    args: ["seal", "data", "-o", "out", ...KEY],
    code: 2,
    says: "Cannot use the key: its 7 characters are not base64, expected 44 characters",
    options: { env: { KEY: "hunter2" } },
  },
  "a text that is not UTF-8": {
    args: ["encrypt", "latin1", ...KEY],
    code: 1,
    says: "Cannot read the text: it is not UTF-8, so use seal, which takes any bytes",
    options: { env },
  },
  "a text as an argument": {
    args: ["encrypt", "hunter2", ...KEY],
    code: 1,
    says: "Cannot read INPUT: there is no such file or folder",
    options: { env },
  },
  "ttl in milliseconds": {
    args: ["decrypt", "data", "--key-env", "KEY", "--ttl", "1700000000000"],
    code: 2,
    says: "Cannot use --ttl: expected an integer from 0 to 99999999999",
    options: { env },
  },
  "ttl with a passphrase": {
    args: ["decrypt", "data", "--passphrase-env", "KEY", "--ttl", "1"],
    code: 2,
    says: "it is for Fernet tokens",
    options: { env },
  },
};

async function files(cli: Cli): Promise<string> {
  await cli.write("data", "the data\n");
  await cli.write("old", "the old content");
  await cli.write("empty", "");
  await cli.write("newline", "\n");
  await cli.write("marked", "\ufeffpassphrase\n");
  await cli.write("latin1", Uint8Array.of(0x67, 0x72, 0xfc, 0xdf, 0x65));
  await Deno.symlink(cli.path("data"), cli.path("link"));
  return await contents(cli);
}

async function contents(cli: Cli): Promise<string> {
  const names = await cli.names();
  return JSON.stringify(
    await Promise.all(names.map(async (name) => [name, await cli.read(name).catch(() => "")])),
  );
}

function assertOneLine(stderr: string, says: string | RegExp, name: string): void {
  assertMatch(stderr, /^error: Cannot [^\n]+\n$/, name);
  const found = typeof says === "string" ? stderr.includes(says) : says.test(stderr);
  assertEquals(found, true, `${name}: ${stderr}`);
  assertEquals(/hunter2|\bat .*:\d+/.test(stderr), false, `${name}: ${stderr}`);
}

testCli("misuse is one line, the right code, and nothing lost", async (cli) => {
  const before = await files(cli);
  for (const [name, { args, code, says, options }] of Object.entries(MISUSES)) {
    const ended = await cli.run(args, { env: ENV, ...options });
    assertEquals([ended.code, ended.stdout], [code, ""], `${name}: ${ended.stderr}`);
    assertOneLine(ended.stderr, says, name);
    assertEquals(await contents(cli), before, name);
  }
});

testCli("misuse with --json is a line of JSON", async (cli) => {
  const misuses = [["seal", "absent", ...KEY], ["seal", "--fast"], [], ["shut"], ["lines"]];
  for (const args of misuses) {
    const { stderr } = await cli.run([...args, "--json"], { env });
    assertMatch(JSON.parse(stderr).error, /^Cannot /);
  }
});

testCli("nobody reads the output: a quiet end", async (cli) => {
  const tokens = new Fernet(KEYS[0]).encryptMany(Array(50_000).fill("a row of some length"));
  await cli.write("tokens", `${tokens.join("\n")}\n`);
  await cli.write("data", new Uint8Array(5_000_000));
  await cli.mustRun(["seal", "data", "-o", "sealed", "-q", ...KEY], { env });
  const commands = [
    "lines decrypt tokens --key-env KEY",
    "rotate tokens --key-env KEY --old-key-env KEY",
    "seal data --key-env KEY",
    "open sealed --key-env KEY",
  ];
  for (const command of commands) {
    const ended = await cli.shell(`ironfern ${command} | head -c 1 >/dev/null`, env);
    assertEquals([ended.code, ended.stderr], [141, ""], command);
  }
});

const isLinux = Deno.build.os === "linux";
const isRoot = Deno.uid() === 0;

testCli("a file that may not be read", async (cli) => {
  await cli.write("data", "the data");
  await Deno.chmod(cli.path("data"), 0);
  // Root may read everything, until it gives that up.
  const capabilities = "-dac_override,-dac_read_search";
  const humble = isRoot ? ["setpriv", `--bounding-set=${capabilities}`, "--"] : [];
  const [program, ...args] = [...humble, ...await cli.line(["inspect", "data"])];
  const { success, stderr } = await run(program, args, { cwd: cli.folder });
  assertEquals(success, false);
  assertOneLine(stderr, "the system does not permit it", "inspect");
});

if (isLinux) {
  testCli("a full device as standard output", async (cli) => {
    await cli.write("data", new Uint8Array(100_000));
    for (const command of ["seal data --key-env KEY", "keygen", "encrypt data --key-env KEY"]) {
      const { code, stderr } = await cli.shell(`ironfern ${command} > /dev/full`, env);
      assertEquals(code, 1, command);
      assertMatch(stderr, /^error: Cannot write the standard output: .*no space.*\n$/);
    }
  });
}

for (const { name, available, ...runtime } of MAIN_RUNTIMES) {
  const remedy = isLinux && isRoot ? runtime.remedy : "needs Linux and root";
  testWithTool(
    `cli: no space on the device, ${name}`,
    isLinux && isRoot && available,
    remedy,
    async () => {
      const folder = await Deno.realPath(await Deno.makeTempDir());
      await mustRun("mount", ["-t", "tmpfs", "-o", "size=300k,mode=0777", "tmpfs", folder]);
      try {
        const cli = new Cli({ name, available, ...runtime }, folder);
        await cli.write("data", new Uint8Array(200_000));
        await cli.write("old", "the old content");
        for (const command of ["seal", "lines encrypt"]) {
          const args = [...command.split(" "), "data", "-o", "old", "--force", ...KEY];
          const { code, stderr } = await cli.run(args, { env });
          assertEquals(code, 1, stderr);
          assertOneLine(stderr, "no space is left on the device", command);
          assertEquals(await cli.names(), ["data", "old"]);
          assertEquals(await cli.read("old"), "the old content");
        }
      } finally {
        await mustRun("umount", [folder]);
        await Deno.remove(folder);
      }
    },
  );
}
