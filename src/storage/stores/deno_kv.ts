/**
 * Deno KV as a store.
 *
 * @module
 */

import { checkOptions } from "../../checks.ts";
import { storeError } from "../errors.ts";
import type { StoreChange, StringStore } from "../store.ts";

/** Deno's limits, with room for what it adds to a text. */
const MAX_RECORD = 65_500;
const READS = 10;
const MUTATIONS = 1_000;
const MUTATION_CHARACTERS = 700_000;
const LAST = "\uffff";
/** Times that a write is tried while others write, and milliseconds between, at most. */
const TRIES = 200;
const LONGEST_PAUSE = 100;

/** An entry of Deno KV. */
export interface DenoKvEntry {
  /** Its key. */
  readonly key: readonly unknown[];
  /** Its value. */
  readonly value: unknown;
  /** Its version. */
  readonly versionstamp: string | null;
}

/** A transaction of Deno KV. */
export interface DenoKvAtomic {
  /** Demands a version. */
  check(...checks: { key: readonly string[]; versionstamp: string | null }[]): DenoKvAtomic;
  /** Adds a write. */
  set(key: readonly string[], value: string): DenoKvAtomic;
  /** Adds a removal. */
  delete(key: readonly string[]): DenoKvAtomic;
  /** Does it all, if the versions are as demanded. */
  commit(): Promise<{ ok: boolean }>;
}

/** As much of `Deno.Kv` as is used. */
export interface DenoKvDatabase {
  /** Reads an entry. */
  get(key: readonly string[]): Promise<DenoKvEntry>;
  /** Reads several entries. */
  getMany(keys: (readonly string[])[]): Promise<DenoKvEntry[]>;
  /** Lists entries. */
  list(selector: {
    start: readonly string[];
    end: readonly string[];
  }): AsyncIterable<DenoKvEntry>;
  /** Begins a transaction. */
  atomic(): DenoKvAtomic;
}

/** Options of {@linkcode denoKv}. */
export interface DenoKvOptions {
  /**
   * What the keys in the database begin with; a record's name follows.
   *
   * @default {["ironfern"]}
   */
  key?: readonly string[];
}

/**
 * Deno KV as a store, which processes share. A record has 65,500 characters at
 * most: a value of about 49,000 bytes. A batch is a transaction up to 1,000
 * records or 700,000 characters, and several beyond that.
 *
 * @param kv What `Deno.openKv` returns.
 * @param options What the keys begin with.
 * @returns The store.
 * @throws {TypeError} If an option is unknown.
 *
 * @example A database in memory
 * ```ts ignore
 * import { denoKv, EncryptedStorage } from "@ironfern/ironfern/storage";
 *
 * const kv = await Deno.openKv("app.kv"); // deno run --unstable-kv
 * const storage = new EncryptedStorage(denoKv(kv), { fernet });
 * ```
 */
export function denoKv(kv: DenoKvDatabase, options?: DenoKvOptions): StringStore {
  const { key: start = ["ironfern"] } = checkOptions(options, ["key"]);
  const keyOf = (name: string): readonly string[] => [...start, name];
  return {
    maxRecord: MAX_RECORD,
    get: (name) => guarded(async () => text((await kv.get(keyOf(name))).value)),
    set: (name, record) => commitAll(kv, keyOf, [[name, record]]),
    delete: (name) => commitAll(kv, keyOf, [[name, null]]),
    setMany: (changes) => commitAll(kv, keyOf, changes),
    async *keys(prefix) {
      const names: string[] = [];
      await guarded(async () => {
        const range = { start: keyOf(prefix), end: keyOf(prefix + LAST) };
        for await (const { key } of kv.list(range)) names.push(String(key.at(-1)));
      });
      yield* names;
    },
    async getMany(names) {
      const parts = Array.from(
        { length: Math.ceil(names.length / READS) },
        (_, part) => names.slice(part * READS, (part + 1) * READS),
      );
      const read = await guarded(() =>
        Promise.all(parts.map((part) => kv.getMany(part.map(keyOf))))
      );
      return read.flat().map(({ value }) => text(value));
    },
    swap: (name, old, next) =>
      guarded(async () => {
        const key = keyOf(name);
        const { value, versionstamp } = await kv.get(key);
        if (text(value) !== old) return false;
        const { ok } = await add(kv.atomic().check({ key, versionstamp }), key, next).commit();
        return ok;
      }),
  };
}

function text(value: unknown): string | null {
  return value === null || value === undefined ? null : typeof value === "string" ? value : "";
}

function add(atomic: DenoKvAtomic, key: readonly string[], record: string | null): DenoKvAtomic {
  return record === null ? atomic.delete(key) : atomic.set(key, record);
}

async function commitAll(
  kv: DenoKvDatabase,
  keyOf: (name: string) => readonly string[],
  changes: readonly StoreChange[],
): Promise<void> {
  for (const part of transactions(changes)) {
    await guarded(async () => {
      const atomic = kv.atomic();
      for (const [name, record] of part) add(atomic, keyOf(name), record);
      await atomic.commit();
    });
  }
}

/** The changes in parts that each fit one transaction. */
function* transactions(changes: readonly StoreChange[]): Generator<readonly StoreChange[]> {
  let part: StoreChange[] = [];
  let characters = 0;
  for (const change of changes) {
    const [name, record] = change;
    const size = 2 * name.length + (record?.length ?? 0);
    if (part.length === MUTATIONS || part.length && characters + size > MUTATION_CHARACTERS) {
      yield part;
      part = [];
      characters = 0;
    }
    part.push(change);
    characters += size;
  }
  if (part.length) yield part;
}

/**
 * Does work with the database, whose errors become ours. On disk it is SQLite,
 * which refuses a write while another process writes; then the work was not done.
 */
async function guarded<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : "";
      if (tries === TRIES || !/database is locked/.test(message)) {
        throw storeError(error, /too large|exceeds/i.test(message) ? "too-large" : "unavailable");
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_PAUSE));
    }
  }
}
