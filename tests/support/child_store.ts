/**
 * The stores that other processes open in the tests.
 *
 * @module
 */

import { denoKv, folder, redis, sqlite, type StringStore } from "@ironfern/ironfern/storage";
import { DatabaseSync } from "node:sqlite";

/** Opens a store of that kind at that place. */
export async function openStore(kind: string, place: string): Promise<StringStore> {
  if (kind === "folder") return folder(place);
  if (kind === "kv") return denoKv(await Deno.openKv(place));
  if (kind === "redis") {
    // Only one kind of store needs this client, which takes long to load.
    const { Redis } = await import("ioredis");
    const client = new Redis({ path: place });
    return redis(([name, ...values]) => client.call(name, ...values));
  }
  const database = new DatabaseSync(place);
  // A commit that waits for the disk would make the tests slow, not safer.
  database.exec("PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = NORMAL");
  return sqlite(database);
}
