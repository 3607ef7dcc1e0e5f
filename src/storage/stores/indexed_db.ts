/**
 * IndexedDB as a store.
 *
 * @module
 */

import { checkOptions, checkString, quoted } from "../../checks.ts";
import { hostGlobal } from "../../runtime/host.ts";
import { StorageError, storeError } from "../errors.ts";
import type { StringStore } from "../store.ts";

const OBJECTS = "records";
const VERSION = 1;
/** No name of a prefix comes after it. */
const LAST = "\uffff";

/** Options of {@linkcode indexedDb}. */
export interface IndexedDbOptions {
  /**
   * Whether a write waits until the data are on the disk, or until the system has
   * them, which is faster and survives the browser's end, but no power cut.
   *
   * @default {"strict"}
   */
  durability?: "strict" | "relaxed";
}

interface Request<T = unknown> {
  readonly result: T;
  readonly error: Error | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}

interface OpenRequest extends Request<Database> {
  onupgradeneeded: (() => void) | null;
}

interface Objects {
  get(name: string): Request<unknown>;
  put(record: string, name: string): Request;
  delete(name: string): Request;
  getAllKeys(range: unknown): Request<string[]>;
}

interface Transaction {
  readonly error: Error | null;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  objectStore(name: string): Objects;
  abort(): void;
}

interface Database {
  onversionchange: (() => void) | null;
  onclose: (() => void) | null;
  createObjectStore(name: string): unknown;
  close(): void;
  transaction(name: string, mode: string, options: { durability: string }): Transaction;
}

interface Factory {
  open(name: string, version: number): OpenRequest;
}

interface KeyRange {
  bound(lower: string, upper: string): unknown;
}

/** What is done within one transaction; it must not wait for anything else. */
type Work<T> = (objects: Objects, give: (result: T) => void) => void;

/**
 * A database of IndexedDB as a store: the place for a page's secrets. Batches are
 * transactions, and tabs and workers share it. Writes survive a killed browser.
 * Safari removes all of it after seven days of use without a visit.
 *
 * @param name The database's name; it is made when it is first used.
 * @param options How durable a write has to be.
 * @returns The store.
 * @throws {TypeError} If an argument is of the wrong type.
 *
 * @example In a page
 * ```ts ignore
 * import { EncryptedStorage, indexedDb } from "@ironfern/ironfern/storage";
 *
 * const storage = new EncryptedStorage(indexedDb("my-app"), { fernet });
 * await storage.set("token", "secret");
 * ```
 */
export function indexedDb(name: string, options?: IndexedDbOptions): StringStore {
  checkString(name, "the name of the database");
  const { durability = "strict" } = checkOptions(options, ["durability"]);
  if (durability !== "strict" && durability !== "relaxed") {
    throw new TypeError(
      `Cannot use durability ${quoted(durability)}: expected "strict" or "relaxed"`,
    );
  }
  const connection = new Connection(name, durability);
  return {
    get: (name) =>
      connection.run<string | undefined>("readonly", (objects, give) => {
        const request = objects.get(name);
        request.onsuccess = () => give(request.result as string | undefined);
      }),
    set: (name, record) => connection.run("readwrite", (objects) => objects.put(record, name)),
    delete: (name) => connection.run("readwrite", (objects) => objects.delete(name)),
    keys: (prefix) =>
      connection.run<string[]>("readonly", (objects, give) => {
        const range = hostGlobal<KeyRange>("IDBKeyRange")!.bound(prefix, prefix + LAST);
        const request = objects.getAllKeys(range);
        request.onsuccess = () => give(request.result);
      }),
    getMany: (names) =>
      connection.run<(string | undefined)[]>("readonly", (objects, give) => {
        const records = new Array<string | undefined>(names.length).fill(undefined);
        names.forEach((name, index) => {
          const request = objects.get(name);
          request.onsuccess = () => records[index] = request.result as string | undefined;
        });
        give(records);
      }),
    setMany: (changes) =>
      connection.run("readwrite", (objects) => {
        for (const [name, record] of changes) change(objects, name, record);
      }),
    swap: (name, old, next) =>
      connection.run<boolean>("readwrite", (objects, give) => {
        const request = objects.get(name);
        request.onsuccess = () => {
          const isOld = (request.result ?? null) === old;
          if (isOld) change(objects, name, next);
          give(isOld);
        };
      }),
  };
}

function change(objects: Objects, name: string, record: string | null): void {
  if (record === null) objects.delete(name);
  else objects.put(record, name);
}

/** A connection that is made when it is wanted, and again when it was closed. */
class Connection {
  readonly #name: string;
  readonly #durability: string;
  #opened: Promise<Database> | undefined;

  constructor(name: string, durability: string) {
    this.#name = name;
    this.#durability = durability;
  }

  /** Does work in a transaction of its own; the result is given when that is complete. */
  async run<T = void>(mode: "readonly" | "readwrite", work: Work<T>): Promise<T> {
    const transaction = await this.#begin(mode);
    return await new Promise<T>((resolve, reject) => {
      let result: T | undefined;
      transaction.oncomplete = () => resolve(result as T);
      transaction.onabort = () => reject(asStorageError(transaction.error));
      try {
        work(transaction.objectStore(OBJECTS), (given) => result = given);
      } catch (error) {
        transaction.abort();
        reject(asStorageError(error));
      }
    });
  }

  async #begin(mode: string): Promise<Transaction> {
    const begin = async () =>
      (await this.#database()).transaction(OBJECTS, mode, { durability: this.#durability });
    try {
      return await begin();
    } catch (error) {
      if (error instanceof StorageError) throw error;
      // The browser has closed the connection, as it does when data are cleared.
      this.#opened = undefined;
      return await begin().catch((error) => {
        throw asStorageError(error);
      });
    }
  }

  #database(): Promise<Database> {
    return this.#opened ??= this.#open().catch((error) => {
      this.#opened = undefined;
      throw asStorageError(error);
    });
  }

  async #open(): Promise<Database> {
    const factory = hostGlobal<Factory>("indexedDB");
    if (!factory) {
      throw new StorageError("unavailable", {
        reason: "this runtime has no IndexedDB, so use another store, or a Map",
      });
    }
    return await new Promise((resolve, reject) => {
      const request = factory.open(this.#name, VERSION);
      request.onupgradeneeded = () => request.result.createObjectStore(OBJECTS);
      request.onerror = () => reject(asStorageError(request.error));
      request.onsuccess = () => {
        const database = request.result;
        const forget = () => this.#opened = undefined;
        database.onclose = forget;
        // Another tab wants to delete the database, or a later version to change it.
        database.onversionchange = () => {
          forget();
          database.close();
        };
        resolve(database);
      };
    });
  }
}

function asStorageError(error: unknown): StorageError {
  const isFull = (error as { name?: unknown } | null)?.name === "QuotaExceededError";
  return storeError(error, isFull ? "full" : "unavailable");
}
