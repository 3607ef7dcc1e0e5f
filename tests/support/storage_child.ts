/**
 * Other processes on a store, and folders for stores.
 *
 * @module
 */

import { run } from "./tools.ts";

/** Runs `tests/storage/child.ts`; what it is to do follows. */
export const CHILD: readonly string[] = [
  "run",
  "-A",
  "--quiet",
  "--unstable-kv",
  "tests/storage/child.ts",
];

/** Lets another process do something, and returns what it printed. */
export async function child(...args: string[]): Promise<string> {
  return await runChild(CHILD, args);
}

/** Runs a program in another process, and returns what it printed. */
export async function runChild(
  program: readonly string[],
  args: readonly string[],
): Promise<string> {
  const { success, stdout, stderr } = await run(Deno.execPath(), [...program, ...args]);
  if (!success) throw new Error(`${args[0]} failed:\n${stderr}`);
  return stdout;
}

/** Does work in a folder of its own, which is removed afterwards. */
export async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "ironfern-storage-" });
  try {
    await work(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}
