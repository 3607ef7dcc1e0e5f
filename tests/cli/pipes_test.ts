/**
 * Pipes and devices as input and output.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { verifyExport } from "@ironfern/ironfern/export";
import { assertEquals, assertMatch } from "@std/assert";
import { type Cli, KEYS, testCli } from "../support/cli.ts";
import { mustRun } from "../support/npm_package.ts";
import { pause } from "../support/sealed.ts";

const KEY = ["--key-env", "KEY"];
const env = { KEY: KEYS[0] };
const SECRET = { key: KEYS[0] };
/** A process that does not end by then is killed, and the test fails. */
const LONGEST_MS = 20_000;

async function verifiedBytes(cli: Cli, name: string): Promise<number> {
  return (await verifyExport(cli.path(name), SECRET)).bytes;
}

testCli("the output may be a pipe or a device", async (cli) => {
  await cli.write("data", new Uint8Array(300_000));
  await mustRun("mkfifo", [cli.path("pipe")]);
  const scripts = [
    ["ironfern seal data -o pipe --key-env KEY & cat pipe > copy; wait $!", "pipe"],
    ["ironfern seal data -o >(cat > copy) --key-env KEY && sleep 0.2", "/dev/fd/\\d+"],
    ["ironfern seal - < data -o pipe --force --key-env KEY & cat pipe > copy; wait $!", "pipe"],
  ];
  for (const [script, name] of scripts) {
    const { code, stdout, stderr } = await cli.shell(script, env);
    assertEquals([code, stderr], [0, ""], script);
    assertMatch(stdout, new RegExp(`^Sealed 300000 bytes into ${name}, id [\\w-]{22}\n$`));
    assertEquals(await verifiedBytes(cli, "copy"), 300_000);
    await Deno.remove(cli.path("copy"));
  }
  for (const command of ["seal data", "lines encrypt data", "encrypt pipe.txt", "keygen"]) {
    await cli.write("pipe.txt", "a text");
    const key = command === "keygen" ? "" : "--key-env KEY";
    const { code, stderr } = await cli.shell(`ironfern ${command} -o /dev/null ${key}`, env);
    assertEquals([code, stderr], [0, ""], command);
  }
  const keygen = await cli.shell("ironfern keygen -o pipe & cat pipe > copy; wait $!");
  assertEquals([keygen.code, keygen.stderr], [0, ""]);
  new Fernet((await cli.read("copy")).trimEnd());
  assertEquals(await cli.names(), ["copy", "data", "pipe", "pipe.txt"]);
  assertEquals((await Deno.lstat(cli.path("pipe"))).isFifo, true);
});

testCli("an output that takes no data says what it is", async (cli) => {
  await cli.write("data", new Uint8Array(300_000));
  const listener = Deno.listen({ transport: "unix", path: cli.path("socket") });
  try {
    const { code, stderr } = await cli.run(["seal", "data", "-o", "socket", ...KEY], { env });
    const said =
      "error: Cannot write socket: it is a socket, expected a file, a pipe or a device " +
      "such as /dev/null\n";
    assertEquals([code, stderr], [2, said]);
  } finally {
    listener.close();
  }
  // A reader that goes away ends the command as at the standard output.
  await mustRun("mkfifo", [cli.path("pipe")]);
  const left = await cli.shell(
    "ironfern lines encrypt data -o pipe --key-env KEY & head -c 1 pipe > /dev/null; wait $!",
    env,
  );
  assertEquals([left.code, left.stderr], [141, ""]);
});

/** Until then commands are at their pipes; a signal that comes sooner ends them too. */
const BEGUN_MS = 3_000;

/** Commands at a pipe whose other end nobody opens, and at one that gives nothing. */
const WAITING: readonly [args: readonly string[], opened: boolean][] = [
  [["verify", "pipe", ...KEY], false],
  [["inspect", "pipe"], false],
  [["seal", "pipe", "-o", "out", ...KEY], false],
  [["lines", "encrypt", "pipe", ...KEY], false],
  [["encrypt", "data", "-o", "pipe", ...KEY], false],
  [["verify", "data", "--key-file", "pipe"], false],
  [["verify", "pipe", ...KEY], true],
  [["inspect", "pipe"], true],
];

testCli("a signal ends commands that wait for a pipe", async (cli) => {
  await cli.write("data", "some data");
  const outcomes = await Promise.all(WAITING.map(async ([args, opened], index) => {
    const pipe = `pipe-${index}`;
    await mustRun("mkfifo", [cli.path(pipe)]);
    const child = await cli.spawn(args.map((arg) => arg === "pipe" ? pipe : arg), env);
    const writer = opened ? await Deno.open(cli.path(pipe), { write: true }) : undefined;
    await writer?.write(new TextEncoder().encode('{"format":'));
    await pause(BEGUN_MS);
    child.kill("SIGINT");
    const guard = setTimeout(() => child.kill("SIGKILL"), LONGEST_MS);
    const { code, stderr } = await child.output();
    clearTimeout(guard);
    writer?.close();
    await child.stdin.close().catch(() => {});
    return [code, new TextDecoder().decode(stderr)];
  }));
  assertEquals(outcomes, WAITING.map(() => [130, ""]));
  assertEquals((await cli.names()).filter((name) => !name.startsWith("pipe-")), ["data"]);
});
