/**
 * What a store has to be: text under names.
 *
 * @module
 */

/** A value, or a promise of one. */
export type Awaitable<T> = T | Promise<T>;

/** A change to a store: the record to keep under the name, or `null` to remove it. */
export type StoreChange = readonly [name: string, record: string | null];

/**
 * Where records are kept: text under names. A `Map<string, string>` is one.
 *
 * A method that fails throws, or rejects, and leaves the old records in place.
 *
 * @example A store of one's own
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { EncryptedStorage, type StringStore } from "@ironfern/ironfern/storage";
 * import { assertEquals } from "@std/assert";
 *
 * const records: Record<string, string> = {};
 * const store: StringStore = {
 *   get: (name) => records[name],
 *   set: (name, record) => void (records[name] = record),
 *   delete: (name) => delete records[name],
 *   keys: () => Object.keys(records),
 * };
 * const storage = new EncryptedStorage(store, { fernet: new Fernet(Fernet.generateKey()) });
 * await storage.set("token", "secret");
 * assertEquals(await storage.get("token"), "secret");
 * ```
 */
export interface StringStore {
  /**
   * Reads a record.
   *
   * @param name The record's name.
   * @returns The record; `null` or `undefined` where there is none.
   */
  get(name: string): Awaitable<string | null | undefined>;
  /**
   * Keeps a record, in the place of an older one.
   *
   * @param name The record's name.
   * @param record The record: ASCII text.
   */
  set(name: string, record: string): unknown;
  /**
   * Removes a record, which may be missing.
   *
   * @param name The record's name.
   */
  delete(name: string): unknown;
  /**
   * Lists names.
   *
   * @param prefix What the names begin with.
   * @returns All names that begin so; others may be among them.
   */
  keys(prefix: string): Iterable<string> | AsyncIterable<string> | Promise<Iterable<string>>;
  /**
   * Puts `next` in the place of exactly `old`, atomically for all who share the
   * store. A store without it is safe for writers of one process, through one
   * store object.
   *
   * @param name The record's name.
   * @param old The record that must be there; `null` where there must be none.
   * @param next The record to keep; `null` to remove it.
   * @returns Whether `old` was there, and was replaced.
   */
  swap?(name: string, old: string | null, next: string | null): Awaitable<boolean>;
  /**
   * Reads several records, from one state of the store where it can.
   *
   * @param names The records' names.
   * @returns The records in the names' order; `null` or `undefined` where there is none.
   */
  getMany?(names: readonly string[]): Awaitable<readonly (string | null | undefined)[]>;
  /**
   * Makes several changes, all or none.
   *
   * @param changes The changes, each of another name.
   */
  setMany?(changes: readonly StoreChange[]): unknown;
  /** Characters of the longest record, where there is a bound. */
  readonly maxRecord?: number;
}
