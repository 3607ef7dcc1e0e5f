/**
 * Bringing records under the newest key while others read and write them.
 *
 * Where the name changes with the key, the value is first kept under its new
 * name, if nothing is there, and then the old record is removed, if it is still
 * the one that was read. If it is not, a writer came between, and the new record
 * is taken back: so a writer always wins, and a value is never missing. An
 * interrupted run leaves values readable, and the next run ends the work.
 *
 * @module
 */

import { checkOnProgress, checkOptions, checkSignal } from "../checks.ts";
import type { KeyRing } from "./keys.ts";
import { spanView } from "./names.ts";
import type { Records } from "./records.ts";
import type { ReadRecord, Shelf } from "./shelf.ts";
import { type OpenedRecord, openRecords, sealMessages } from "./values.ts";

/** Times that a record which others change is tried again. */
const TRIES = 8;

/** Options of {@linkcode EncryptedStorage.rotate}. */
export interface RotateOptions {
  /** Stops the work with its reason when it is aborted; what is done stays done. */
  signal?: AbortSignal;
  /**
   * Called with the progress.
   *
   * @param done Records looked at so far.
   */
  onProgress?: (done: number) => void;
}

/** What {@linkcode EncryptedStorage.rotate} did. */
export interface RotateResult {
  /** Values that are under the newest key now, and were not. */
  readonly rotated: number;
  /** Values that were under the newest key before. */
  readonly current: number;
  /** The names of the records that no key opens. They are left as they are. */
  readonly unreadable: readonly string[];
}

/** Brings all records of the prefix under the newest key. */
export async function rotateRecords(
  shelf: Shelf,
  options: RotateOptions | undefined,
): Promise<RotateResult> {
  const { signal, onProgress } = checkOptions(options, ["signal", "onProgress"]);
  checkSignal(signal);
  checkOnProgress(onProgress);
  let [rotated, current, done] = [0, 0, 0];
  const unreadable: string[] = [];
  for await (const page of shelf.pages({ older: true })) {
    signal?.throwIfAborted();
    unreadable.push(...page.unreadable);
    const old = page.readable.filter(({ keyRank }) => keyRank > 0);
    current += page.readable.length - old.length;
    for (let tries = 0, left: readonly ReadRecord[] = old; left.length && tries < TRIES; tries++) {
      const moved = await shelf.withKeys((ring) => moveRecords(shelf, ring, left, signal));
      rotated += moved.filter((each) => each).length;
      const names = left.filter((_, index) => !moved[index]).map(({ name }) => name);
      const again = await shelf.withKeys((ring) => shelf.readPage(ring, names, { older: true }));
      left = again.readable.filter(({ keyRank }) => keyRank > 0);
    }
    done += page.readable.length + page.unreadable.length;
    onProgress?.(done);
  }
  return { rotated, current, unreadable };
}

/**
 * Seals values with the newest key, at the time of their old records, and puts
 * them in the place of these.
 *
 * @returns Of each, whether it was the one that was replaced.
 */
export async function moveRecords(
  shelf: Shelf,
  ring: KeyRing,
  old: readonly ReadRecord[],
  signal?: AbortSignal,
): Promise<boolean[]> {
  const names = await shelf.namesIn(ring, old.map(({ context }) => context));
  const fresh = await sealAgain(ring, old.map(({ opened }) => opened));
  const moved: boolean[] = [];
  for (const [index, { name, record }] of old.entries()) {
    signal?.throwIfAborted();
    moved.push(await replace(shelf, ring, { name, record }, names[index][0], fresh[index]));
  }
  return moved;
}

/** The same messages and times under the newest key. */
async function sealAgain(ring: KeyRing, opened: readonly OpenedRecord[]): Promise<string[]> {
  const messages = opened.map(({ message }) => ({
    head: spanView(message),
    value: new Uint8Array(),
  }));
  return await sealMessages(ring.values[0], messages, (index) => opened[index].time);
}

async function replace(
  { records }: Shelf,
  ring: KeyRing,
  old: { readonly name: string; readonly record: string },
  name: string,
  fresh: string,
): Promise<boolean> {
  if (name === old.name) return await records.swap(name, old.record, fresh);
  const isNew = await records.swap(name, null, fresh);
  if (!isNew && !await takeOver(records, ring, name)) return false;
  const isGone = await records.swap(old.name, old.record, null);
  if (isNew && !isGone) await records.swap(name, fresh, null);
  return isGone;
}

/** Seals a record anew, so that it is no longer the one that another run put there. */
async function takeOver(records: Records, ring: KeyRing, name: string): Promise<boolean> {
  const record = await records.get(name);
  const [opened] = await openRecords(ring.values.slice(0, 1), [record]);
  if (record === undefined || !opened) return false;
  const [fresh] = await sealAgain(ring, [opened]);
  return await records.swap(name, record, fresh);
}
