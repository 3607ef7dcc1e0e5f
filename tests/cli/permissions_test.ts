/**
 * Deno's permissions: no more than the files and the variable, and a message that
 * names the flag where one is missing.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Cli, DENO_RUN, KEYS, PROGRAM } from "../support/cli.ts";

const env = { KEY: KEYS[0] };
const KEY = ["--key-env", "KEY"];
/** In place of `--no-prompt`. */
const PROMPT = "--prompt";

/** The command with exactly these permissions. */
async function withFlags(
  body: (cli: (...flags: string[]) => Cli, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  await Deno.mkdir(`${folder}/in`);
  await Deno.mkdir(`${folder}/out`);
  await Deno.writeTextFile(`${folder}/in/data`, "some data\n");
  try {
    await body((...flags) =>
      new Cli({
        name: "Deno",
        available: true,
        remedy: "",
        command: () => {
          // Tests cannot be asked, but for the one about that.
          const own = DENO_RUN.filter((flag) => flag !== "--no-prompt" || flags[0] !== PROMPT);
          const allowed = flags.filter((flag) => flag !== PROMPT);
          return Promise.resolve([Deno.execPath(), ...own, ...allowed, PROGRAM]);
        },
      }, folder), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("cli: the permissions that the README names are enough", () =>
  withFlags(async (cli) => {
    const out = ["--allow-read=in/data,out", "--allow-write=out", "--allow-env=KEY"];
    const seal = ["seal", "in/data", "-o", "out/sealed", ...KEY, "-q"];
    await cli(...out).mustRun(seal, { env });
    const sealed = ["--allow-read=out/sealed", "--allow-env=KEY"];
    await cli(...sealed).mustRun(["verify", "out/sealed", "-q", ...KEY], { env });
    await cli(...sealed).mustRun(["open", "out/sealed", ...KEY], { env });
    await cli("--allow-read=out/sealed").mustRun(["inspect", "out/sealed"]);
    await cli(...out).mustRun(["lines", "encrypt", "in/data", "-o", "out/rows", ...KEY], { env });
    // A pipe to a pipe needs the key alone.
    await cli("--allow-env=KEY").mustRun(["lines", "encrypt", ...KEY], { env, stdin: "a\n" });
    await cli("--allow-env=KEY").mustRun(["encrypt", ...KEY], { env, stdin: "a\n" });
    await cli("--allow-write=out/key").mustRun(["keygen", "-o", "out/key", "-q"]);
    await cli("--allow-read=out/key").mustRun(["lines", "encrypt", "--key-file", "out/key"]);
    await cli().mustRun(["keygen"]);
    await cli().mustRun(["--help"]);
    await cli().mustRun(["completion", "bash"]);
  }));

Deno.test("cli: a permission that is missing is named, and then it works", () =>
  withFlags(async (cli, folder) => {
    const args = ["seal", "in/data", "-o", "out/sealed", ...KEY, "-q"];
    const flags: string[] = [];
    const said: string[] = [];
    for (;;) {
      const { code, stdout, stderr } = await cli(...flags).run(args, { env });
      if (!code) break;
      assertEquals([code, stdout], [2, ""], stderr);
      said.push(stderr);
      // The name of the variable is not told: it may be the key, given by mistake.
      const named = stderr.replace("=NAME", "=KEY").match(/--allow-[^ \n]+/g) ?? [];
      assertEquals(named.some((flag) => flags.includes(flag)), false, "no message leads on");
      flags.push(...named);
    }
    const denied = "Deno was not allowed to, so run it with";
    assertEquals(said, [
      `error: Cannot read in/data: ${denied} --allow-read=in/data\n`,
      `error: Cannot write out/sealed: ${denied} --allow-read=out --allow-write=out\n`,
      `error: Cannot read the variable of --key-env: ${denied} --allow-env=NAME\n`,
    ]);
    assertEquals((await Deno.stat(`${folder}/out/sealed`)).isFile, true);
    const more = [
      [["keygen", "-o", "out/key"], "Cannot write out/key", "--allow-write=out/key"],
      [["inspect", "out/sealed"], "Cannot read out/sealed", "--allow-read=out/sealed"],
      [["encrypt", "--key-file", "k"], "Cannot read the file of --key-file", "--allow-read=FILE"],
    ] as const;
    for (const [args, begin, flag] of more) {
      const { stderr } = await cli().run(args);
      assertEquals(stderr, `error: ${begin}: ${denied} ${flag}\n`);
    }
  }));

Deno.test("cli: a folder that may not be read is named before anything is written", () =>
  withFlags(async (cli, folder) => {
    const flags = ["--allow-read=in/data,out/old", "--allow-write=out", "--allow-env=KEY"];
    await Deno.writeTextFile(`${folder}/out/old`, "the old content");
    for (const command of ["seal", "lines encrypt"]) {
      const args = [...command.split(" "), "in/data", "-o", "out/old", "--force", ...KEY];
      const { code, stderr } = await cli(...flags).run(args, { env });
      assertEquals(
        [code, stderr],
        [
          2,
          `error: Cannot write ${folder}/out/old: Deno was not allowed to, ` +
          `so run it with --allow-read=${folder}/out --allow-write=${folder}/out\n`,
        ],
      );
      assertEquals(await Deno.readTextFile(`${folder}/out/old`), "the old content");
      assertEquals([...Deno.readDirSync(`${folder}/out`)].length, 1);
    }
  }));

Deno.test("cli: with the permissions that are enough nobody is asked for more", () =>
  withFlags(async (cli, folder) => {
    await Deno.writeTextFile(`${folder}/in/data`, `${"a".repeat(999)}\n`.repeat(10_000));
    const flags = [PROMPT, "--allow-read=in/data,out", "--allow-write=out", "--allow-env=KEY"];
    for (const command of ["seal", "lines encrypt"]) {
      const args = [...command.split(" "), "in/data", "-o", `out/${command}`, "--workers", "2"];
      const { code, output } = await cli(...flags).terminal([...args, ...KEY], [], { env });
      assertEquals([code, output.includes("requests")], [0, false], output);
    }
  }));
