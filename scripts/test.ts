/**
 * Runs all tests, and the examples of the documentation, and checks their types:
 *
 *     deno run -A scripts/test.ts [FLAGS OF deno test]
 *
 * Test files run side by side, and the type check beside them. They share a folder
 * for what takes long to make, such as the installed npm package; it is removed
 * afterwards.
 *
 * @module
 */

import { globSync } from "node:fs";
import { ROOT } from "./source_files.ts";

/** Where there are examples besides the tests. */
const DOCUMENTS = ["README.md", "docs/", "mod.ts", "src/"];

/**
 * The files that take longest come first: the last one to begin would keep one core
 * busy when all others are done. The others follow in the order of their names.
 */
const LONGEST_FIRST = [
  "contract/wycheproof_test.ts",
  "kernel/",
  "lab/page_test.ts",
  "flet/vectors_test.ts",
  "cli/commands_test.ts",
  "cli/kdf_test.ts",
  "export/memory_test.ts",
  "cli/terminal_test.ts",
  "export/sealed/kill_test.ts",
  "contract/",
  "storage/",
  "cli/",
].map((path) => `tests/${path}`);

/** One file more than there are cores, as some tests wait for processes most of the time. */
const JOBS = navigator.hardwareConcurrency + 1;

function start(args: readonly string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT, env, stdin: "null" })
    .spawn();
}

function end(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It has ended, perhaps by the same signal, as the same terminal's.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Returns the exit code of the tests, or of the type check where that fails. */
async function runTests(folder: string): Promise<number> {
  // Of a folder it takes the code alone: guides are to be named.
  const guides = globSync("docs/**/*.md", { cwd: ROOT });
  const check = start(["check", "--quiet", "--doc", ...guides, ...DOCUMENTS, "tests/"]);
  const tests = start(
    // The types are checked by the other process: by this one, all tests would wait.
    ["test", "-A", "--quiet", "--parallel", "--doc", "--no-check", ...Deno.args]
      .concat(LONGEST_FIRST, DOCUMENTS, "tests/"),
    { IRONFERN_TEST_FOLDER: folder, DENO_JOBS: String(JOBS) },
  );
  // This process outlives the tests, so that it can remove their folder.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => [check, tests].forEach((child) => end(child, signal)));
  }
  const checked = check.status.then(({ code }) => {
    if (code) end(tests, "SIGTERM");
    return code;
  });
  const { code } = await tests.status;
  return await checked || code;
}

console.log(
  "Running all tests and the documentation's examples, several files at a time.\n" +
    "It takes about 14 minutes on two cores. The first results come after about a minute.",
);
const folder = await Deno.makeTempDir({ prefix: "ironfern-tests-" });
try {
  Deno.exitCode = await runTests(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
