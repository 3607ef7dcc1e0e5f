/**
 * Runs all tests, and the examples of the documentation:
 *
 *     deno run -A scripts/test.ts
 *
 * Test files run side by side, the long ones first, so that none of those is left
 * to run by itself at the end. They share a folder for what takes long to make,
 * such as the installed npm package, which is removed afterwards.
 *
 * @module
 */

import { ROOT } from "./source_files.ts";

/** Where there are examples besides the tests. */
const DOCUMENTS = ["README.md", "docs/", "mod.ts", "src/"];
/** What takes half a minute or longer, the longest first. */
const LONG = [
  "tests/cli/kdf_test.ts",
];

async function testFiles(folder = "tests"): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(`${ROOT}${folder}`));
  const files = await Promise.all(entries.map(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return testFiles(path);
    return path.endsWith("_test.ts") ? [path] : [];
  }));
  return files.flat().sort();
}

/** All test files, the long ones first. */
async function inOrder(): Promise<string[]> {
  const files = await testFiles();
  const moved = LONG.filter((file) => !files.includes(file));
  if (moved.length) throw new Error(`Cannot find ${moved.join(", ")}: correct scripts/test.ts`);
  return [...LONG, ...files.filter((file) => !LONG.includes(file))];
}

async function runTests(folder: string): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--quiet", "--parallel", "--doc", ...await inOrder(), ...DOCUMENTS],
    cwd: ROOT,
    env: { IRONFERN_TEST_FOLDER: folder },
    stdin: "null",
  }).spawn().status;
  return code;
}

console.log(
  "Running all tests and the documentation's examples, several files at a time.\n" +
    "It takes 5 to 8 minutes on two cores. The first results come after about a minute.",
);
const folder = await Deno.makeTempDir({ prefix: "ironfern-tests-" });
// The tests get these signals too: this process waits for them, and removes the folder.
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => {});
try {
  Deno.exitCode = await runTests(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
