/// <reference lib="dom" />
/**
 * What pages and a worker do in the tests of the browser's stores.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  EncryptedStorage,
  indexedDb,
  StorageError,
  type StringStore,
  webStorage,
} from "@ironfern/ironfern/storage";
import { type Needles, storeNeedles } from "../support/needles.ts";
import { runContract } from "./contract.ts";

const BATCH = 1_000;

function open(kind: string): StringStore {
  return kind === "localStorage" ? webStorage(() => localStorage) : indexedDb("secrets");
}

const ACTIONS = {
  /** The contract; how many cases it has. */
  contract: (kind: string) => runContract(open(kind)),

  /** So many updates of one counter. */
  async count(kind: string, key: string, times: number): Promise<unknown> {
    const storage = new EncryptedStorage(open(kind), { fernet: new Fernet(key) });
    for (let count = 0; count < times; count++) {
      await storage.update("count", (count) => Number(count ?? 0) + 1);
    }
    return await storage.get("count");
  },

  /** Sets a value, or gives it. */
  async set(kind: string, key: string, value: string): Promise<void> {
    const storage = new EncryptedStorage(open(kind), { fernet: new Fernet(key) });
    await storage.set("value", value);
  },
  async get(kind: string, key: string): Promise<unknown> {
    return await new EncryptedStorage(open(kind), { fernet: new Fernet(key) }).get("value");
  },

  /** Writes batches of a thousand values, each with its number from `first` on, until the browser is killed. */
  async writeOn(kind: string, key: string, first: number): Promise<void> {
    const storage = new EncryptedStorage(open(kind), { fernet: new Fernet(key) });
    for (let round = first;; round++) {
      await storage.setMany(Array.from({ length: BATCH }, (_, index) => [`key ${index}`, round]));
      // What was acknowledged is told, so that it can be looked for afterwards.
      document.title = String(round);
    }
  },
  /** How many values of each number there are, and what cannot be read. */
  async rounds(kind: string, key: string): Promise<unknown> {
    const storage = new EncryptedStorage(open(kind), { fernet: new Fernet(key) });
    const counts: Record<string, number> = {};
    for await (const [, round] of storage.entries()) {
      counts[Number(round)] = (counts[Number(round)] ?? 0) + 1;
    }
    return [counts, (await storage.verify()).unreadable.length];
  },

  /** Stores what is searched for afterwards. */
  needles: (kind: string, needles: Needles) => storeNeedles(open(kind), needles),

  /** Fills the store until it refuses; what the error says, and what is still there. */
  async fill(): Promise<unknown> {
    const storage = new EncryptedStorage(webStorage(localStorage), {
      fernet: new Fernet(Fernet.generateKey()),
    });
    await storage.set("value", "old");
    localStorage.setItem("ballast", "x".repeat(5 * 1_024 * 1_024 - 20_000));
    const codes: string[] = [];
    const long = "y".repeat(20_000);
    const tries = [
      () => storage.set("value", long),
      () => storage.setMany([["a", 1], ["b", 2], ["value", "new"], ["c", long]]),
    ];
    for (const attempt of tries) {
      await attempt().catch((error) =>
        codes.push(error instanceof StorageError ? error.code : `${error}`)
      );
    }
    const all = await Array.fromAsync(storage.entries());
    localStorage.clear();
    return [codes, all];
  },

  /** A database that is deleted while it is open is made anew. */
  async deleted(key: string): Promise<unknown> {
    const storage = new EncryptedStorage(open("IndexedDB"), { fernet: new Fernet(key) });
    await storage.set("value", 1);
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase("secrets");
      request.onsuccess = resolve;
      request.onerror = request.onblocked = reject;
    });
    const gone = await storage.get("value");
    await storage.set("value", 2);
    return [gone, await storage.get("value")];
  },
};

type Message = [name: keyof typeof ACTIONS, ...rest: unknown[]];

async function act([name, ...rest]: Message): Promise<unknown> {
  const action = ACTIONS[name] as (...rest: unknown[]) => Promise<unknown>;
  return await action(...rest);
}

if (typeof document === "undefined") {
  addEventListener("message", async ({ data }) => postMessage(await act(data)));
} else {
  Object.assign(globalThis, {
    act: (...message: Message) => act(message),
    actInWorker: (...message: Message) => {
      const worker = new Worker("/page.js", { type: "module" });
      worker.postMessage(message);
      return new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      });
    },
  });
}
