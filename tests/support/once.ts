/**
 * What takes long to make, made once for all test files of a run: they share the
 * folder that `scripts/test.ts` makes and removes. A test file that is run by
 * itself has a folder of its own.
 *
 * @module
 */

const shared = Deno.env.get("IRONFERN_TEST_FOLDER");

/** The folder for what is made. */
export const FOLDER: string = shared ?? await ownFolder();

async function ownFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "ironfern-tests-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return folder;
}

/**
 * Makes something that another test file may be making at this moment: the first
 * one makes it, and the others wait for what it returned.
 *
 * @param name A name for it, which no other thing has.
 * @param make Makes it, and returns what JSON can keep.
 * @returns What `make` returned.
 */
export async function makeOnce<T>(name: string, make: () => Promise<T>): Promise<T> {
  const path = `${FOLDER}/${name}.json`;
  using file = await Deno.open(path, { read: true, write: true, create: true });
  // Closing the file gives the lock back, even where `make` throws.
  await file.lock(true);
  const made = await Deno.readTextFile(path);
  if (made) return JSON.parse(made);
  const value = await make();
  await Deno.writeTextFile(path, JSON.stringify(value));
  return value;
}
