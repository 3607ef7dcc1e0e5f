/**
 * Values under keys, sealed, in any store.
 *
 * @module
 */

import { checkArray, checkOptions } from "../checks.ts";
import { tokenReader } from "../fernet/read_options.ts";
import {
  hasValue,
  readValues,
  removeAll,
  removeValue,
  updateValue,
  verifyRecords,
  writeValues,
} from "./cells.ts";
import { checkKeySource } from "./key_source.ts";
import { checkNames } from "./names.ts";
import type {
  EncryptedStorageOptions,
  StorageGetOptions,
  StorageScanOptions,
  StorageVerification,
} from "./options.ts";
import { recordsOf } from "./records.ts";
import { type RotateOptions, rotateRecords, type RotateResult } from "./rotate.ts";
import { scan } from "./scan.ts";
import { Shelf } from "./shelf.ts";
import type { StringStore } from "./store.ts";
import type { StoredValue } from "./values.ts";

/**
 * Sealed values under keys, in a store: Web Storage, IndexedDB, a database, a
 * folder, a `Map`.
 *
 * A value comes back as it was: JSON with its types, or bytes. Each is a Fernet
 * token that is bound to its prefix and key: a record that was exchanged with
 * another one, copied or renamed is refused. The store sees neither values nor
 * keys; it does see how many records there are, how long they are and when each
 * was written, and it can remove records, or put older ones of the same key back.
 *
 * @typeParam T The values by their keys, where they are known.
 *
 * @example Typed values
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { EncryptedStorage } from "@ironfern/ironfern/storage";
 * import { assertEquals } from "@std/assert";
 *
 * interface Settings {
 *   token: string;
 *   window: { width: number; height: number };
 * }
 * const fernet = new Fernet(Fernet.generateKey());
 * const storage = new EncryptedStorage<Settings>(new Map(), { fernet });
 * await storage.set("window", { width: 800, height: 600 });
 * assertEquals(await storage.get("window"), { width: 800, height: 600 });
 * assertEquals(await storage.get("token"), undefined);
 * ```
 */
export class EncryptedStorage<T extends object = Record<string, StoredValue>> {
  readonly #shelf: Shelf;

  /**
   * Constructs a new instance. Nothing is read or written yet.
   *
   * @param store Where the records are kept.
   * @param options The key; what names begin with and whether they are hidden.
   * @throws {TypeError} If an argument is of the wrong type, or names are to be
   * plain under an empty prefix: `clear` would take the names of others for its own.
   * @throws {RangeError} If the prefix is longer than 256 bytes.
   */
  constructor(store: StringStore, options: EncryptedStorageOptions) {
    const { fernet, prefix, names } = checkOptions(options, ["fernet", "prefix", "names"]);
    const source = checkKeySource(fernet);
    this.#shelf = new Shelf(recordsOf(store), checkNames(prefix, names), source);
  }

  /**
   * Reads a value.
   *
   * @param key The value's key.
   * @param options How old the value may be.
   * @returns The value, or `undefined` where there is none.
   * @throws {StorageError} `unreadable`, if there is a record that cannot be
   * opened as the value of this key; `locked`; `unavailable`.
   * @throws {TypeError} If the key is no string, or the `Fernet` was destroyed.
   * @throws {RangeError} If the key is longer than 4,096 bytes, or `ttl` negative.
   *
   * @example A value that is a day old at most
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(new Map(), { fernet });
   * await storage.set("rates", [1.08, 0.92]);
   * assertEquals(await storage.get("rates", { ttl: 86_400 }), [1.08, 0.92]);
   * ```
   */
  async get<K extends keyof T & string>(
    key: K,
    options?: StorageGetOptions,
  ): Promise<T[K] | undefined> {
    const { inTime } = tokenReader(checkOptions(options, ["ttl"]));
    const [read] = await readValues(this.#shelf, [key]);
    if (read && inTime && !inTime(read.opened.time)) return undefined;
    return read?.value as T[K] | undefined;
  }

  /**
   * Keeps a value: JSON or bytes.
   *
   * @param key The value's key, 4,096 bytes at most.
   * @param value The value, of up to 256 MiB.
   * @throws {TypeError} If the value would not come back as it is, as NaN, a
   * `Date` or a `Map` would not; the message names the place. Nothing is written.
   * @throws {RangeError} If the key or the value is too long.
   * @throws {StorageError} `too-large`, `full`, `locked`, `unavailable`; the old
   * value is intact.
   *
   * @example Bytes
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(new Map(), { fernet });
   * await storage.set("avatar", Uint8Array.of(1, 2, 3));
   * assertEquals(await storage.get("avatar"), Uint8Array.of(1, 2, 3));
   * ```
   */
  async set<K extends keyof T & string>(key: K, value: T[K]): Promise<void> {
    await this.setMany([[key, value]]);
  }

  /**
   * Tells whether there is a record of a key. It is not opened.
   *
   * @param key The value's key.
   * @returns Whether there is one.
   * @throws {StorageError} `locked`, `unavailable`.
   *
   * @example A missing value
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(new Map(), { fernet });
   * assertEquals(await storage.has("token"), false);
   * ```
   */
  async has(key: keyof T & string): Promise<boolean> {
    return await hasValue(this.#shelf, key);
  }

  /**
   * Removes a value, readable or not.
   *
   * @param key The value's key.
   * @returns Whether there was one.
   * @throws {StorageError} `locked`, `unavailable`.
   *
   * @example Remove a value
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(new Map(), { fernet });
   * await storage.set("token", "secret");
   * assertEquals([await storage.delete("token"), await storage.delete("token")], [true, false]);
   * ```
   */
  async delete(key: keyof T & string): Promise<boolean> {
    return await removeValue(this.#shelf, key);
  }

  /**
   * Replaces a value by what a function makes of it, whoever else writes
   * meanwhile: none of several updates is lost.
   *
   * @param key The value's key.
   * @param change Makes the new value of the old one, or `undefined` to remove it.
   * It is called again when others changed the value.
   * @returns The new value.
   * @throws {StorageError} `conflict`, if others changed the value at 32 tries;
   * `unreadable`; and as {@linkcode EncryptedStorage.set}.
   * @throws {TypeError} As {@linkcode EncryptedStorage.set}.
   * @throws {RangeError} As {@linkcode EncryptedStorage.set}.
   *
   * @example A counter
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage<{ visits: number }>(new Map(), { fernet });
   * const visit = () => storage.update("visits", (count = 0) => count + 1);
   * await Promise.all([visit(), visit(), visit()]);
   * assertEquals(await storage.get("visits"), 3);
   * ```
   */
  async update<K extends keyof T & string>(
    key: K,
    change: (old: T[K] | undefined) => T[K] | undefined,
  ): Promise<T[K] | undefined> {
    const update = change as (old: StoredValue | undefined) => StoredValue | undefined;
    return await updateValue(this.#shelf, key, update) as T[K] | undefined;
  }

  /**
   * Reads several values in one batch.
   *
   * @param keys The values' keys.
   * @returns The values by their keys; missing ones are left out.
   * @throws {StorageError} `unreadable`, with the first such `key`; `locked`;
   * `unavailable`.
   *
   * @example Several values
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(new Map(), { fernet });
   * await storage.setMany([["a", 1], ["b", null]]);
   * assertEquals([...await storage.getMany(["a", "b", "c"])], [["a", 1], ["b", null]]);
   * ```
   */
  async getMany<K extends keyof T & string>(keys: readonly K[]): Promise<Map<K, T[K]>> {
    const all = [...new Set(checkArray(keys, "the keys"))];
    const read = await readValues(this.#shelf, all);
    return new Map(
      all.flatMap((key, index) => read[index] ? [[key, read[index].value as T[K]]] : []),
    );
  }

  /**
   * Keeps several values: sealed in one batch, and written in one transaction
   * where the store has them.
   *
   * @param entries Keys and values; of a repeated key the last value counts.
   * @throws {TypeError} As {@linkcode EncryptedStorage.set}, of any value.
   * @throws {RangeError} As {@linkcode EncryptedStorage.set}.
   * @throws {StorageError} As {@linkcode EncryptedStorage.set}. Where the store
   * has no transactions, some values may have been written.
   *
   * @example Several values
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(new Map(), { fernet });
   * await storage.setMany(Object.entries({ theme: "dark", size: 12 }));
   * assertEquals(await storage.get("size"), 12);
   * ```
   */
  async setMany(entries: Iterable<readonly [keyof T & string, T[keyof T]]>): Promise<void> {
    await writeValues(this.#shelf, entries);
  }

  /**
   * Lists all keys, in batches and in no order. The records are opened: what the
   * store cannot have written is not listed.
   *
   * @param options Who is told of records that cannot be read.
   * @returns The keys.
   * @throws {StorageError} `unreadable`, at the end, if there are records that
   * cannot be read and no `onUnreadable`; `locked`; `unavailable`.
   *
   * @example All keys
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(new Map(), { fernet });
   * await storage.set("token", "secret");
   * for await (const key of storage.keys()) assertEquals(key, "token");
   * ```
   */
  keys(options?: StorageScanOptions): AsyncIterableIterator<keyof T & string> {
    return scan(this.#shelf, options, ({ key }) => key as keyof T & string);
  }

  /**
   * Lists all keys and values, in batches and in no order.
   *
   * @param options Who is told of records that cannot be read.
   * @returns Pairs of a key and its value.
   * @throws {StorageError} As {@linkcode EncryptedStorage.keys}.
   *
   * @example All values
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(new Map(), { fernet });
   * await storage.setMany([["a", 1], ["b", 2]]);
   * let sum = 0;
   * for await (const [, value] of storage.entries()) sum += Number(value);
   * assertEquals(sum, 3);
   * ```
   */
  entries(
    options?: StorageScanOptions,
  ): AsyncIterableIterator<[keyof T & string, T[keyof T]]> {
    return scan(
      this.#shelf,
      options,
      ({ key, value }) => [key as keyof T & string, value as T[keyof T]],
    );
  }

  /**
   * Removes all records of the prefix, readable or not, and no others. A vault's
   * header stays.
   *
   * @throws {StorageError} `unavailable`.
   *
   * @example Only one's own
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new Map([["theme", "dark"]]); // of somebody else
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(store, { fernet });
   * await storage.set("token", "secret");
   * await storage.clear();
   * assertEquals([...store.keys()], ["theme"]);
   * ```
   */
  async clear(): Promise<void> {
    await removeAll(this.#shelf);
  }

  /**
   * Brings everything under the newest key, each value with the time when it was
   * written. Others may read and write meanwhile. It may be interrupted, and run
   * again.
   *
   * Where several processes share the store, first all of them get both keys with
   * the old one first, then all with the new one first; then rotate, and then drop
   * the old key.
   *
   * @param options A signal, and progress in records.
   * @returns How many records were rotated, how many were current, and the names
   * of those that cannot be read, which are left as they are.
   * @throws {StorageError} `locked`, `unavailable`, `full`.
   *
   * @example A new key
   * ```ts
   * import { Fernet, MultiFernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * const [fresh, old] = [1, 2].map(() => new Fernet(Fernet.generateKey()));
   * await new EncryptedStorage(store, { fernet: old }).set("token", "secret");
   *
   * const both = new EncryptedStorage(store, { fernet: new MultiFernet([fresh, old]) });
   * assertEquals(await both.rotate(), { rotated: 1, current: 0, unreadable: [] });
   * const storage = new EncryptedStorage(store, { fernet: fresh });
   * assertEquals(await storage.get("token"), "secret");
   * ```
   */
  async rotate(options?: RotateOptions): Promise<RotateResult> {
    return await rotateRecords(this.#shelf, options);
  }

  /**
   * Opens every record and changes none.
   *
   * @returns How many values can be read, how many of them are under an older
   * key, and the names of the records that cannot be read.
   * @throws {StorageError} `locked`, `unavailable`.
   *
   * @example A damaged record
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { EncryptedStorage } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * const fernet = new Fernet(Fernet.generateKey());
   * const storage = new EncryptedStorage(store, { fernet });
   * await storage.set("token", "secret");
   * const [name] = store.keys();
   * store.set(name, "damaged");
   * assertEquals(await storage.verify(), { readable: 0, old: 0, unreadable: [name] });
   * ```
   */
  async verify(): Promise<StorageVerification> {
    return await verifyRecords(this.#shelf);
  }
}
