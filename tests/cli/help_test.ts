/**
 * The help texts, as they are kept in tests/golden/: after a change on purpose
 * write them anew with IRONFERN_WRITE_GOLDEN set.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands/mod.ts";
import config from "../../deno.json" with { type: "json" };
import { RUNTIMES, testCli } from "../support/cli.ts";
import { ROOT } from "../support/tools.ts";

const HELPS = [[], ["lines"], ["fields"], ...COMMANDS.map(({ name }) => name.split(" "))];

testCli("every help text is the golden one", async (cli) => {
  for (const words of HELPS) {
    const file = new URL(`tests/golden/${["help", ...words].join("_")}.txt`, ROOT);
    const printed = await cli.mustRun([...words, "--help"]);
    if (Deno.env.has("IRONFERN_WRITE_GOLDEN")) await Deno.writeTextFile(file, printed);
    assertEquals(printed, await Deno.readTextFile(file), words.join(" "));
    for (const line of printed.split("\n")) {
      // Only an example may be longer: it is to be copied as one line.
      if (!line.startsWith("  ironfern") && !line.includes("| ")) {
        assertEquals(line.length <= 80, true, line);
      }
    }
  }
});

testCli("--version is that of the package, and help has other names", async (cli) => {
  assertEquals(await cli.mustRun(["--version"]), `${config.version}\n`);
  assertEquals(await cli.mustRun(["-V"]), `${config.version}\n`);
  const help = await cli.mustRun(["seal", "--help"]);
  assertEquals(await cli.mustRun(["help", "seal"]), help);
  assertEquals(await cli.mustRun(["seal", "x", "-h"]), help);
  assertEquals(await cli.mustRun(["-h"]), await cli.mustRun(["--help"]));
  // After -- it is the name of a file.
  const { code, stderr } = await cli.run(["seal", "--", "--help"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Cannot read --help: there is no such file or folder");
}, RUNTIMES);

testCli("help and the version that cannot be printed", async (cli) => {
  for (const args of ["--version", "--help", "lines -h", "seal --help"]) {
    if (Deno.build.os === "linux") {
      const full = await cli.shell(`ironfern ${args} > /dev/full`);
      assertEquals(full.code, 1, args);
      assertMatch(full.stderr, /^error: Cannot write the standard output: .*no space.*\n$/);
    }
    const { code, stderr } = await cli.shell(`exec 3> >(:); wait $!; ironfern ${args} >&3`);
    assertEquals([code, stderr], [141, ""], args);
  }
}, RUNTIMES);
