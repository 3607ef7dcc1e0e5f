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
/** The item in which writers count: no prefix begins so by default. */
const COUNTER = "~ironfern";
/** Milliseconds. */
const LONGEST_WAIT = 1_000;

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
  query(): Promise<{ held?: readonly { name?: string }[] }>;
}

/**
 * Web Storage as a store: small, in the clear for every script of the origin, and
 * **not lasting at once**: Chromium loses what was written in the seconds before it
 * is killed. `indexedDb` is the better place.
 *
 * Writers in several tabs wait for each other by Web Locks, where the browser has
 * them (secure contexts do); they count in the item `~ironfern` of localStorage. What
 * another tab wrote, a reader may see a moment later.
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
    locked(area, () => guarded(() => writeAll(area(), changes)));
  return {
    get: (name) => guarded(() => area().getItem(name)),
    set: (name, record) => write([[name, record]]),
    delete: (name) => write([[name, null]]),
    keys: (prefix) =>
      guarded(() => namesOf(area()).filter((name) => name.startsWith(prefix) && name !== COUNTER)),
    setMany: write,
    swap: (name, old, next) =>
      locked(area, () =>
        guarded(() => {
          if (area().getItem(name) !== old) return false;
          writeAll(area(), [[name, next]]);
          return true;
        })),
  };
}

/**
 * Does work while no other tab does. Browsers show a tab a little later what another
 * one wrote, lock or no lock: so every writer counts in an item of localStorage, and
 * holds a lock with that number in its name, which all tabs see at once. Who finds a
 * higher number among the locks than in the item waits for it.
 */
async function locked<T>(area: () => WebStorageArea, work: () => T): Promise<T> {
  const locks = hostGlobal<{ locks?: Locks }>("navigator")?.locks;
  if (!locks) return work();
  return await locks.request(LOCK, async () => {
    const own = guarded(area);
    if (own !== hostGlobal("localStorage")) return work();
    const latest = await latestNumber(locks);
    await waitFor(own, latest);
    const result = work();
    await count(locks, own, Math.max(latest, numberIn(own)) + 1);
    return result;
  });
}

/** Lets go of the lock with this tab's last number. */
let release = (): void => {};

async function count(locks: Locks, area: WebStorageArea, number: number): Promise<void> {
  try {
    area.setItem(COUNTER, String(number));
  } catch {
    return; // It is full: nothing was written that others have to wait for.
  }
  const last = release;
  await new Promise<void>((held) => {
    void locks.request(`${LOCK}#${number}`, () => {
      held();
      return new Promise<void>((resolve) => release = resolve);
    });
  });
  last();
}

async function latestNumber(locks: Locks): Promise<number> {
  const { held = [] } = await locks.query();
  const start = `${LOCK}#`;
  const numbers = held.map(({ name = "" }) =>
    name.startsWith(start) ? Number(name.slice(start.length)) : 0
  );
  return Math.max(0, ...numbers);
}

function numberIn(area: WebStorageArea): number {
  return Number(area.getItem(COUNTER)) || 0;
}

/** Waits until the tab sees what was written; not for long, since anybody may clear the item. */
async function waitFor(area: WebStorageArea, number: number): Promise<void> {
  const start = performance.now();
  while (numberIn(area) < number && performance.now() - start < LONGEST_WAIT) {
    await new Promise((resolve) => setTimeout(resolve));
  }
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
