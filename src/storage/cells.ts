/**
 * Reading, writing, changing and removing values on a shelf.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { unixTime } from "../fernet/seal.ts";
import type { Message } from "../message.ts";
import { StorageError } from "./errors.ts";
import type { KeyRing } from "./keys.ts";
import { keyBytes } from "./names.ts";
import type { StorageVerification } from "./options.ts";
import { moveRecords } from "./rotate.ts";
import type { FoundRecord, ReadRecord, Shelf } from "./shelf.ts";
import type { StoreChange } from "./store.ts";
import { tries } from "./tries.ts";
import { recordLength, sealMessages, type StoredValue, valueMessage } from "./values.ts";

/** Records that are removed at a time. */
const REMOVED_AT_ONCE = 1_000;

/** The values of keys, in order; `undefined` for those that are not there. */
export async function readValues(
  shelf: Shelf,
  keys: readonly string[],
): Promise<(ReadRecord | undefined)[]> {
  const bytes = keys.map(keyBytes);
  return await shelf.withKeys(async (ring) => {
    const found = await shelf.find(ring, bytes);
    const there = [...keys.keys()].filter((index) => found[index]);
    const read = await openFound(
      shelf,
      ring,
      there.map((index) => keys[index]),
      there.map((index) => found[index]!),
    );
    const values = new Array<ReadRecord | undefined>(keys.length).fill(undefined);
    there.forEach((index, at) => values[index] = read[at]);
    return values;
  });
}

/** Whether there is a record of the key. */
export async function hasValue(shelf: Shelf, key: string): Promise<boolean> {
  const bytes = keyBytes(key);
  const [found] = await shelf.withKeys((ring) => shelf.find(ring, [bytes]));
  return found !== undefined;
}

/** Seals values in one batch, and writes them. Nothing is written if one is refused. */
export async function writeValues(
  shelf: Shelf,
  entries: Iterable<readonly [key: string, value: unknown]>,
): Promise<void> {
  const values = new Map(entries);
  const keys = [...values.keys()];
  const bytes = keys.map(keyBytes);
  const messages = keys.map((key, index) =>
    valueMessage(shelf.prefix, bytes[index], values.get(key))
  );
  if (!keys.length) return;
  await shelf.withKeys(async (ring) => {
    const sealed = await seal(shelf, ring, messages, keys);
    const names = await shelf.namesOf(ring, bytes);
    const changes = names.flatMap(([newest, ...older], index): StoreChange[] => [
      [newest, sealed[index]],
      ...older.map((name) => [name, null] as const),
    ]);
    await shelf.records.write(changes);
  });
}

/** Removes a value; whether there was one. */
export async function removeValue(shelf: Shelf, key: string): Promise<boolean> {
  const bytes = keyBytes(key);
  return await shelf.withKeys(async (ring) => {
    const [found] = await shelf.find(ring, [bytes]);
    const [names] = await shelf.namesOf(ring, [bytes]);
    // Older records first: none of them may come back when the newest is gone.
    await shelf.records.write(names.slice().reverse().map((name) => [name, null]));
    return found !== undefined;
  });
}

/** Removes all records. */
export async function removeAll(shelf: Shelf): Promise<void> {
  const names = await shelf.names();
  for (let start = 0; start < names.length; start += REMOVED_AT_ONCE) {
    const some = names.slice(start, start + REMOVED_AT_ONCE);
    await shelf.records.write(some.map((name) => [name, null]));
  }
}

/** Replaces a value by what the function makes of it, whoever else writes. */
export async function updateValue(
  shelf: Shelf,
  key: string,
  change: (old: StoredValue | undefined) => StoredValue | undefined,
): Promise<StoredValue | undefined> {
  const bytes = keyBytes(key);
  if (typeof change !== "function") {
    throw new TypeError(`Cannot update the value: expected a function, got ${kindOf(change)}`);
  }
  for await (const _ of tries()) {
    const done = await shelf.withKeys(async (ring) => {
      const [found] = await shelf.find(ring, [bytes]);
      const [old] = found ? await openFound(shelf, ring, [key], [found]) : [];
      // Under an older name it could not be replaced in one step: that comes first.
      if (found?.rank) return void await moveRecords(shelf, ring, [old]);
      const [[name]] = await shelf.namesOf(ring, [bytes]);
      const next = change(old?.value);
      if (next === undefined && !found) return { next };
      const record = next === undefined
        ? null
        : (await seal(shelf, ring, [valueMessage(shelf.prefix, bytes, next)], [key]))[0];
      const isDone = await shelf.records.swap(name, found?.record ?? null, record);
      return isDone ? { next } : undefined;
    });
    if (done) return done.next;
  }
  throw new StorageError("conflict", { key });
}

/** Opens every record. */
export async function verifyRecords(shelf: Shelf): Promise<StorageVerification> {
  let [readable, old] = [0, 0];
  const unreadable: string[] = [];
  for await (const page of shelf.pages()) {
    readable += page.readable.length;
    old += page.readable.filter(({ keyRank }) => keyRank > 0).length;
    unreadable.push(...page.unreadable);
  }
  return { readable, old, unreadable };
}

/** Opens found records, all of which must be readable. */
async function openFound(
  shelf: Shelf,
  ring: KeyRing,
  keys: readonly string[],
  found: readonly FoundRecord[],
): Promise<ReadRecord[]> {
  const read = await shelf.open(ring, keys, found);
  return read.map((record, index) => {
    if (!record) throw new StorageError("unreadable", { key: keys[index] });
    return record;
  });
}

async function seal(
  { records }: Shelf,
  ring: KeyRing,
  messages: readonly Message[],
  keys: readonly string[],
): Promise<string[]> {
  for (const [index, message] of messages.entries()) {
    const length = recordLength(message);
    if (length <= records.maxRecord) continue;
    const reason = `the record has ${length} characters, and the store allows ${records.maxRecord}`;
    throw new StorageError("too-large", { key: keys[index], reason });
  }
  const now = unixTime();
  return await sealMessages(ring.values[0], messages, () => now);
}
