/**
 * What other processes do in the tests of stores: with `--unstable-kv`,
 *
 *     contract KIND PLACE        the contract, on one store
 *     count KIND PLACE KEY N     N updates of one counter
 *     read KIND PLACE KEY        prints the counter
 *     verify KIND PLACE KEY      prints what `verify` and the values say
 *     needles KIND PLACE KEY     stores what is searched for afterwards
 *     fill KIND PLACE KEY        batches without end, until it is killed
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { denoKv, EncryptedStorage, folder, redis, sqlite } from "@ironfern/ironfern/storage";
import type { StringStore } from "@ironfern/ironfern/storage";
import { Redis } from "ioredis";
import { DatabaseSync } from "node:sqlite";
import { storeNeedles } from "../support/needles.ts";
import { runContract } from "./contract.ts";

async function open(kind: string, place: string): Promise<StringStore> {
  if (kind === "folder") return folder(place);
  if (kind === "kv") return denoKv(await Deno.openKv(place));
  if (kind === "redis") {
    const client = new Redis({ path: place });
    return redis(([name, ...values]) => client.call(name, ...values));
  }
  const database = new DatabaseSync(place);
  // A commit that waits for the disk would make the tests slow, not safer.
  database.exec("PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = NORMAL");
  return sqlite(database);
}

const [doing, kind, place, key, times] = Deno.args;
const store = await open(kind, place);
if (doing === "contract") {
  console.log(await runContract(store));
  Deno.exit();
}
if (doing === "needles") {
  await storeNeedles(store, JSON.parse(key));
  Deno.exit();
}
const storage = new EncryptedStorage(store, { fernet: new Fernet(key) });
if (doing === "count") {
  for (let count = 0; count < Number(times); count++) {
    await storage.update("count", (count) => Number(count ?? 0) + 1);
  }
  Deno.exit();
}
if (doing === "read") {
  console.log(await storage.get("count"));
  Deno.exit();
}
if (doing === "verify") {
  const rounds = new Set<number>();
  for await (const [, value] of storage.entries()) {
    rounds.add((value as { round: number }).round);
  }
  console.log(JSON.stringify({ ...await storage.verify(), rounds: [...rounds] }));
  Deno.exit();
}
console.log("filling");
for (let round = 1;; round++) {
  await storage.setMany(Array.from({ length: 300 }, (_, index) => [`k${index}`, { round, index }]));
}
