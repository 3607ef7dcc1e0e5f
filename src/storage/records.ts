/**
 * Any store as one that can do everything: what it lacks is made up for here,
 * safely for the writers of one process.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import type { StoreChange, StringStore } from "./store.ts";

/** Reads at once, of a store that reads one by one. */
const READS_AT_ONCE = 64;
/** By a method of what is no store itself, the adapter that makes one of it. */
const ADAPTERS = [
  ["normalize", "folder(path) or indexedDb(name)"], // a string
  ["getKeys", "unstorage(storage)"],
  ["getItem", "webStorage(storage)"],
  ["prepare", "sqlite(database)"],
  ["atomic", "denoKv(kv)"],
  ["createObjectStore", "indexedDb(name)"],
  ["sendCommand", "redis((command) => client.sendCommand(command))"],
] as const;
const REQUIRED = ["get", "set", "delete", "keys"] as const;

/** Work that waits for the work before it. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does the work when its turn has come. */
  take<T>(work: () => Promise<T> | T): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}

/** The records of a store. */
export class Records {
  readonly #store: StringStore;
  readonly #turns = new Turns();

  /** Takes any store. */
  constructor(store: StringStore) {
    this.#store = store;
  }

  /** Characters of the longest record. */
  get maxRecord(): number {
    return this.#store.maxRecord ?? Infinity;
  }

  /** The record, or `undefined`. */
  async get(name: string): Promise<string | undefined> {
    return await this.#exclusively(() => this.#get(name));
  }

  /** The records in the names' order, `undefined` for those that are not there. */
  async getMany(names: readonly string[]): Promise<(string | undefined)[]> {
    return names.length ? await this.#exclusively(() => this.#getMany(names)) : [];
  }

  /** Makes changes, all or none where the store can, else in their order. */
  async write(changes: readonly StoreChange[]): Promise<void> {
    if (!changes.length) return;
    await this.#exclusively(async () => {
      const [[name, record]] = changes;
      if (changes.length === 1) await this.#change(name, record);
      else if (this.#store.setMany) await this.#store.setMany(changes);
      else {
        for (const [name, record] of changes) {
          const done = this.#change(name, record);
          if (isThenable(done)) await done;
        }
      }
    });
  }

  /** Puts `next` in the place of exactly `old`; `null` is no record. */
  async swap(name: string, old: string | null, next: string | null): Promise<boolean> {
    if (this.#store.swap) return await this.#store.swap(name, old, next);
    return await this.#turns.take(async () => {
      if ((await this.#get(name) ?? null) !== old) return false;
      await this.#change(name, next);
      return true;
    });
  }

  /** The names that begin with the prefix. */
  async names(prefix: string): Promise<string[]> {
    const names = new Set<string>();
    const add = (name: string) => name.startsWith(prefix) && names.add(name);
    const all = await this.#store.keys(prefix);
    // A `for await` would wait for each name of a list that is there at once.
    if (Symbol.asyncIterator in all) { for await (const name of all) add(name); }
    else for (const name of all) add(name);
    return [...names];
  }

  /**
   * Of a store without a swap, one call at a time: a swap that is made up of two
   * calls must see no change between them, and such a store may show a record that
   * is written in part.
   */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return await (this.#store.swap ? work() : this.#turns.take(work));
  }

  async #get(name: string): Promise<string | undefined> {
    return asRecord(await this.#store.get(name));
  }

  async #getMany(names: readonly string[]): Promise<(string | undefined)[]> {
    if (this.#store.getMany) {
      const records = await this.#store.getMany(names);
      return names.map((_, index) => asRecord(records[index]));
    }
    const records: (string | undefined)[] = [];
    for (let start = 0; start < names.length; start += READS_AT_ONCE) {
      const some = names.slice(start, start + READS_AT_ONCE);
      const read: unknown[] = some.map((name) => this.#store.get(name));
      // Of a `Map` all is there: promises would take longer than the decryption.
      const there = read.some(isThenable) ? await Promise.all(read) : read;
      for (const record of there) records.push(asRecord(record));
    }
    return records;
  }

  #change(name: string, record: string | null): unknown {
    return record === null ? this.#store.delete(name) : this.#store.set(name, record);
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}

/** Text that no key opens stands for what is no text. */
function asRecord(record: unknown): string | undefined {
  if (record === null || record === undefined) return undefined;
  return typeof record === "string" ? record : "";
}

const known = new WeakMap<StringStore, Records>();

/**
 * The records of a store; those who share the store object share them.
 *
 * @throws {TypeError} If it lacks a method.
 */
export function recordsOf(store: StringStore): Records {
  const missing = REQUIRED.find((method) => typeof store?.[method] !== "function");
  if (missing) {
    const [, adapter] = ADAPTERS.find(([method]) => method in Object(store)) ?? [];
    const hint = adapter ? `, so pass ${adapter}` : "";
    throw new TypeError(
      `Cannot use the store: expected a StringStore or a Map, got ${
        kindOf(store)
      } without the method ${missing}${hint}`,
    );
  }
  const records = known.get(store) ?? new Records(store);
  known.set(store, records);
  return records;
}
