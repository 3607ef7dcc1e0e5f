/**
 * The file of `-o`, where something happens to its name or to the standard output
 * meanwhile.
 *
 * @module
 */

import { verifyExport } from "@ironfern/ironfern/export";
import { assertEquals } from "@std/assert";
import { KEYS, testCli } from "../support/cli.ts";
import { mustRun } from "../support/npm_package.ts";

const KEY = ["--key-env", "KEY"];
const env = { KEY: KEYS[0] };
const DATA = new Uint8Array(3_000_000).fill(0x0a);
/** Each of its bytes becomes a token. */
const LINES = DATA.subarray(0, 200_000);
const SECRET = { key: KEYS[0] };

testCli("an output that appears meanwhile stays as it is", async (cli) => {
  for (const command of ["seal", "lines encrypt"]) {
    for (const force of [false, true]) {
      await mustRun("mkfifo", [cli.path("pipe")]);
      const args = [...command.split(" "), "pipe", "-o", "out", ...KEY, "-q"];
      const child = await cli.spawn([...args, ...force ? ["--force"] : []], env);
      const writer = (await Deno.open(cli.path("pipe"), { write: true })).writable.getWriter();
      await writer.write(command === "seal" ? DATA : LINES);
      await cli.untilTemporary();
      await cli.write("out", "another's");
      await writer.close();
      await child.stdin.close();
      const { code, stderr } = await child.output();
      const said = force
        ? ""
        : `error: Cannot write ${cli.path("out")}: it exists, so add --force to replace it\n`;
      assertEquals([code, new TextDecoder().decode(stderr)], [force ? 0 : 2, said]);
      assertEquals(await cli.read("out") === "another's", !force);
      assertEquals(await cli.names(), ["out", "pipe"]);
      await Deno.remove(cli.path("out"));
      await Deno.remove(cli.path("pipe"));
    }
  }
});

testCli("of two that write one file the first says why it fails", async (cli) => {
  await cli.write("data", "some data");
  const child = await cli.spawn(["seal", "-", "-o", "out", "--json", ...KEY], env);
  const writer = child.stdin.getWriter();
  await writer.write(DATA);
  await cli.untilTemporary();
  await cli.mustRun(["seal", "data", "-o", "out", "-q", ...KEY], { env });
  await writer.close();
  const { code, stderr } = await child.output();
  const error = `Cannot write ${cli.path("out")}: ` +
    "the temporary file is gone, so another run began to write it later";
  const path = cli.path("out");
  assertEquals([code, JSON.parse(new TextDecoder().decode(stderr))], [1, { error, path }]);
  assertEquals((await verifyExport(cli.path("out"), SECRET)).bytes, 9);
});

testCli("the file that the standard output is", async (cli) => {
  await cli.write("data", "some data");
  await cli.write("log", "the old content\n");
  const names = ["log", "./log", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
  for (const name of names) {
    for (const command of [`seal data -o ${name}`, `lines encrypt data -o ${name}`]) {
      const { code, stderr } = await cli.shell(
        `ironfern ${command} --force --key-env KEY >> log`,
        env,
      );
      const said = `error: Cannot write ${name}: it is the standard output, so use -o -\n`;
      assertEquals([code, stderr], [2, said]);
    }
  }
  assertEquals(await cli.read("log"), "the old content\n");
  assertEquals(await cli.names(), ["data", "log"]);
});

testCli("a symbolic link to a file that is not there yet", async (cli) => {
  await cli.write("data", "some data");
  await Deno.mkdir(cli.path("deep"));
  for (const name of ["one", "two"]) await Deno.symlink(`deep/${name}`, cli.path(`link-${name}`));
  const options = [...KEY, "-q"];
  await cli.mustRun(["seal", "data", "-o", "link-one", ...options], { env });
  await cli.mustRun(["lines", "encrypt", "data", "-o", "link-two", ...options], { env });
  assertEquals((await verifyExport(cli.path("deep/one"), SECRET)).bytes, 9);
  await cli.mustRun(["lines", "decrypt", "deep/two", "-o", "copy", ...options], { env });
  assertEquals(await cli.read("copy"), "some data");
  assertEquals(Deno.lstatSync(cli.path("link-one")).isSymlink, true);
  assertEquals([...Deno.readDirSync(cli.path("deep"))].length, 2);
});

testCli("nobody reads the result of a file that was written", async (cli) => {
  await cli.write("data", "some data");
  for (const more of ["", "--json"]) {
    const { code, stderr } = await cli.shell(
      `exec 3> >(:); wait $!; ironfern seal data -o out --force --key-env KEY ${more} >&3`,
      env,
    );
    assertEquals([code, stderr], [141, ""]);
    assertEquals((await verifyExport(cli.path("out"), SECRET)).bytes, 9);
  }
});
