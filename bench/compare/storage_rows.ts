/**
 * The rows of stored records: ours, WebCrypto a record, and packages that encrypt
 * localStorage, each over a `Map`.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { EncryptedStorage } from "@ironfern/ironfern/storage";
import { Buffer } from "node:buffer";
import { type Contestant, interleave } from "../measure.ts";
import { textRows } from "./messages.ts";
import { peerStorages } from "./peers.ts";
import { OURS, type RowResult, type Settings, THEIRS } from "./rows.ts";
import type { StorageEntry, StorageWay } from "./ways.ts";

const RECORDS = 10_000;
/** Characters of a value: a string, which is two characters longer as JSON. */
const LENGTH = 94;
const CHECKED = 32;

function ourStorage(key: string): StorageWay {
  const storage = new EncryptedStorage<Record<string, string>>(new Map(), {
    fernet: new Fernet(key),
  });
  return {
    name: OURS.auto,
    set: (entries) => storage.setMany(entries),
    async open() {
      const entries: StorageEntry[] = [];
      for await (const entry of storage.entries()) entries.push(entry);
      return entries;
    },
  };
}

/** AES-256-GCM under one key: a random IV, then the ciphertext, in base64. */
async function webCryptoStorage(name: string, all: AllOf): Promise<StorageWay> {
  const records = new Map<string, string>();
  const { subtle } = crypto;
  const algorithm = { name: "AES-GCM", length: 256 };
  const key = await subtle.generateKey(algorithm, false, ["encrypt", "decrypt"]);
  return {
    name,
    set: (entries) =>
      all(entries, async ([name, value]) => {
        const iv = crypto.getRandomValues(new Uint8Array(12));
        const json = new TextEncoder().encode(JSON.stringify(value));
        const sealed = await subtle.encrypt({ name: "AES-GCM", iv }, key, json);
        const record = Buffer.concat([iv, new Uint8Array(sealed)]).toString("base64");
        records.set(name, record);
      }),
    open: () =>
      all([...records], async ([name, record]): Promise<StorageEntry> => {
        const bytes = Buffer.from(record, "base64");
        const iv = bytes.subarray(0, 12);
        const json = await subtle.decrypt({ name: "AES-GCM", iv }, key, bytes.subarray(12));
        return [name, JSON.parse(new TextDecoder().decode(json))];
      }),
  };
}

/** Does work on all of the items. */
type AllOf = <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
) => Promise<Result[]>;

const inTurn: AllOf = async (items, work) => {
  const results = [];
  for (const item of items) results.push(await work(item));
  return results;
};

const atOnce: AllOf = (items, work) => Promise.all(items.map(work));

async function crossCheck(way: StorageWay, entries: readonly StorageEntry[]): Promise<void> {
  await way.set(entries);
  const opened = new Map(await way.open());
  const same = opened.size === entries.length &&
    entries.every(([key, value]) => opened.get(key) === value);
  if (!same) throw new Error(`${way.name} does not give the values back`);
}

/** Measures a row of stored records once. */
export async function measureStorage(
  row: "storageOpen" | "storageSet",
  key: string,
  settings: Settings,
): Promise<RowResult> {
  const entries = textRows(RECORDS, () => LENGTH)
    // Without JSON's signs: encrypt-storage would give an object back for such text.
    .map((text, index): StorageEntry => [`user:${index}`, text.replace(/[{"}]/g, " ")]);
  const peers = await peerStorages(settings.absent);
  const ways = [
    ourStorage(key),
    await webCryptoStorage(THEIRS.webcrypto, atOnce),
    await webCryptoStorage(THEIRS.webcryptoRecords, inTurn),
    ...peers.ways,
  ];
  const contestants: Contestant[] = [];
  for (const way of ways) {
    await crossCheck(way, entries.slice(0, CHECKED));
    const some = entries.slice(0, way.most);
    await crossCheck(way, some);
    const run = async () => void await (row === "storageOpen" ? way.open() : way.set(some));
    const time = async (repeats: number) => {
      const start = performance.now();
      for (let repeat = 0; repeat < repeats; repeat++) await run();
      return (performance.now() - start) * RECORDS / some.length;
    };
    contestants.push(
      way.most ? { name: way.name, run, time, warmUp: run } : { name: way.name, run },
    );
  }
  const timings = await interleave(contestants, settings.rounds);
  return { row, items: RECORDS, timings, absent: peers.absent };
}
