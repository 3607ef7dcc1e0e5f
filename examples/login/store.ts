/**
 * Where the app keeps its records: a SQLite file, or a folder where the runtime has
 * no SQLite (Node before 22.5), which is for one process.
 *
 * @module
 */

import { folder, sqlite, type StringStore } from "@ironfern/ironfern/storage";

/** Opens the store at a path, without its extension. */
export async function openStore(path: string): Promise<StringStore> {
  const { getBuiltinModule } = (await import("node:process")).default;
  const driver = getBuiltinModule("node:sqlite");
  if (!driver) return folder(path);
  return sqlite(new driver.DatabaseSync(`${path}.sqlite`));
}
