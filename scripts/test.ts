/**
 * Runs all tests, and the examples of the documentation:
 *
 *     deno run -A scripts/test.ts
 *
 * Test files run side by side. They share a folder for what takes long to make,
 * such as the installed npm package; it is removed afterwards.
 *
 * @module
 */

import { ROOT } from "./source_files.ts";

/** Where there are examples besides the tests. */
const DOCUMENTS = ["README.md", "docs/", "mod.ts", "src/"];

/** One file more than there are cores, as some tests wait for processes most of the time. */
const JOBS = navigator.hardwareConcurrency + 1;

async function runTests(folder: string): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", "--parallel", "--doc", ...DOCUMENTS, "tests/"],
    cwd: ROOT,
    env: { IRONFERN_TEST_FOLDER: folder, DENO_JOBS: String(JOBS) },
    stdin: "null",
  }).spawn();
  // This process outlives the tests, so that it can remove their folder.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      try {
        child.kill(signal);
      } catch (error) {
        // It has had the signal already, as the same terminal's, and has ended.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
    });
  }
  return (await child.status).code;
}

console.log(
  "Running all tests and the documentation's examples, several files at a time.\n" +
    "It takes about 11 minutes on two cores. The first results come after about a minute.",
);
const folder = await Deno.makeTempDir({ prefix: "ironfern-tests-" });
try {
  Deno.exitCode = await runTests(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
