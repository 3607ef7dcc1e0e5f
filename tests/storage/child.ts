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
import { EncryptedStorage } from "@ironfern/ironfern/storage";
import { openStore } from "../support/child_store.ts";
import { storeNeedles } from "../support/needles.ts";
import { runContract } from "./contract.ts";

const [doing, kind, place, key, times] = Deno.args;
const store = await openStore(kind, place);
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
