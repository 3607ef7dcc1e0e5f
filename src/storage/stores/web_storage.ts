/**
 * localStorage and sessionStorage as stores.
 *
 * @module
 */

import { hostGlobal } from "../../runtime/host.ts";
import { storeError } from "../errors.ts";
import type { StoreChange, StringStore } from "../store.ts";

/** All tabs of an origin wait for each other under this name. */
const LOCK = "ironfern.web-storage";

/** As much of Web Storage as is used: `localStorage` or `sessionStorage`. */
export interface WebStorageArea {
  /** How many items there are. */
  readonly length: number;
  /** The name of the item at a position. */
  key(index: number): string | null;
  /** Reads an item. */
  getItem(name: string): string | null;
  /** Keeps an item. */
  setItem(name: string, text: string): void;
  /** Removes an item. */
  removeItem(name: string): void;
}

interface Locks {
  request<T>(name: string, work: () => Promise<T> | T): Promise<T>;
}

/**
 * Web Storage as a store: small, in the clear for every script of the origin, and
 * **not lasting at once**: Chromium loses what was written in the seconds before it
 * is killed. `indexedDb` is the better place.
 *
 * Writers in several tabs wait for each other by Web Locks, where the browser has
 * them (secure contexts do). A browser may show a tab what another one wrote a
 * moment later.
 *
 * @param storage `localStorage`, `sessionStorage`, or a function that returns one:
 * a browser that blocks them throws when they are named, and then that is told as
 * `unavailable` at the first use.
 * @returns The store.
 *
 * @example In a page
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { EncryptedStorage, webStorage } from "@ironfern/ironfern/storage";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const storage = new EncryptedStorage(webStorage(sessionStorage), { fernet });
 * await storage.set("token", "secret");
 * assertEquals(await storage.get("token"), "secret");
 * ```
 */
export function webStorage(storage: WebStorageArea | (() => WebStorageArea)): StringStore {
  const area = () => typeof storage === "function" ? storage() : storage;
  const write = (changes: readonly StoreChange[]) =>
    locked(() => guarded(() => writeAll(area(), changes)));
  return {
    get: (name) => guarded(() => area().getItem(name)),
    set: (name, record) => write([[name, record]]),
    delete: (name) => write([[name, null]]),
    keys: (prefix) => guarded(() => namesOf(area()).filter((name) => name.startsWith(prefix))),
    setMany: write,
    swap: (name, old, next) =>
      locked(() =>
        guarded(() => {
          if (area().getItem(name) !== old) return false;
          writeAll(area(), [[name, next]]);
          return true;
        })
      ),
  };
}

async function locked<T>(work: () => T): Promise<T> {
  const locks = hostGlobal<{ locks?: Locks }>("navigator")?.locks;
  return await (locks ? locks.request(LOCK, work) : work());
}

/** Does work with the area, whose errors become ours. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const isFull = error instanceof Error && error.name === "QuotaExceededError";
    throw storeError(error, isFull ? "full" : "unavailable");
  }
}

/** All changes, or none: where one fails, those before it are undone. */
function writeAll(area: WebStorageArea, changes: readonly StoreChange[]): void {
  const undo: StoreChange[] = [];
  try {
    for (const [name, record] of changes) {
      undo.push([name, area.getItem(name)]);
      change(area, name, record);
    }
  } catch (error) {
    // What takes room goes first: there is none to spare.
    for (const [name, old] of undo) if (old === null) change(area, name, old);
    for (const [name, old] of undo) change(area, name, old);
    throw error;
  }
}

function change(area: WebStorageArea, name: string, record: string | null): void {
  if (record === null) area.removeItem(name);
  else area.setItem(name, record);
}

function namesOf(area: WebStorageArea): string[] {
  const names = Array.from({ length: area.length }, (_, index) => area.key(index));
  return names.filter((name) => name !== null);
}
