/**
 * A storage of npm's unstorage as a store.
 *
 * @module
 */

import { kindOf } from "../../checks.ts";
import { storeError } from "../errors.ts";
import type { Awaitable, StringStore } from "../store.ts";

/** unstorage takes these for one another, and drops what follows a question mark. */
const CHANGED = /[/\\:?]/;

/** As much of a storage of unstorage as is used. */
export interface UnstorageStorage {
  /** Reads an item. */
  getItem(name: string): Awaitable<unknown>;
  /** Keeps an item. */
  setItem(name: string, text: string): unknown;
  /** Removes an item. */
  removeItem(name: string): unknown;
  /** Lists the names of items. */
  getKeys(): Awaitable<string[]>;
}

/**
 * A storage of [unstorage](https://unstorage.unjs.io) as a store, with any of its
 * drivers. It has neither transactions nor compare-and-swap: `update` is safe
 * within one process, through one store object. How much a crash loses is the
 * driver's affair.
 *
 * @param storage What `createStorage` returns.
 * @returns The store. It refuses prefixes with `/`, `\`, `:` or `?`, which
 * unstorage would change.
 * @throws {TypeError} If the storage lacks a method.
 *
 * @example With a driver
 * ```ts ignore
 * import { EncryptedStorage, unstorage } from "@ironfern/ironfern/storage";
 * import { createStorage } from "unstorage";
 *
 * const storage = new EncryptedStorage(unstorage(createStorage()), { fernet });
 * ```
 */
export function unstorage(storage: UnstorageStorage): StringStore {
  if (typeof storage?.getItem !== "function") {
    throw new TypeError(
      `Cannot use the storage: expected one of unstorage, got ${kindOf(storage)}`,
    );
  }
  const guarded = async <T>(name: string, work: () => Awaitable<T>): Promise<T> => {
    if (CHANGED.test(name)) {
      throw new TypeError("Cannot use prefix: unstorage would change it, for it holds / \\ : or ?");
    }
    try {
      return await work();
    } catch (error) {
      throw storeError(error);
    }
  };
  return {
    get: async (name) => asText(await guarded(name, () => storage.getItem(name))),
    set: (name, record) => guarded(name, () => storage.setItem(name, record)),
    delete: (name) => guarded(name, () => storage.removeItem(name)),
    keys: (prefix) => guarded(prefix, () => storage.getKeys()),
  };
}

function asText(item: unknown): string | null {
  return item === null || item === undefined ? null : typeof item === "string" ? item : "";
}
