/**
 * Stores that fail: each tells it by the same codes, and keeps what it has.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  denoKv,
  EncryptedStorage,
  folder,
  indexedDb,
  redis,
  sqlite,
  StorageError,
  type StorageErrorCode,
  type StringStore,
  unstorage,
  webStorage,
} from "@ironfern/ironfern/storage";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createStorage } from "unstorage";
import { inFolder } from "../support/storage_child.ts";

const fernet = new Fernet(Fernet.generateKey());

/** What a value's way into a store ends with. */
async function codeOf(store: StringStore, value: string = "a"): Promise<StorageErrorCode> {
  const storage = new EncryptedStorage(store, { fernet });
  return (await assertRejects(() => storage.set("key", value), StorageError)).code;
}

function failing(name: string, message: string): () => never {
  return () => {
    throw Object.assign(new Error(message), { name });
  };
}

Deno.test("Web Storage that is blocked or full", async () => {
  const blocked = webStorage(failing("SecurityError", "denied"));
  assertEquals(await codeOf(blocked), "unavailable");
  const setItem = failing("QuotaExceededError", "no room");
  const area = { length: 0, key: () => null, getItem: () => null, setItem, removeItem() {} };
  assertEquals(await codeOf(webStorage(area)), "full");
});

Deno.test("A batch that does not fit is undone in Web Storage", () => {
  const items = new Map([["kept", "old"], ["gone", "old"]]);
  const area = {
    length: 0,
    key: () => null,
    getItem: (name: string) => items.get(name) ?? null,
    removeItem: (name: string) => void items.delete(name),
    setItem(name: string, text: string) {
      if (text.length > 10) throw new DOMException("no room", "QuotaExceededError");
      items.set(name, text);
    },
  };
  const before = [...items].sort();
  const changes = [["a", "new"], ["kept", "new"], ["gone", null], ["b", "x".repeat(11)]] as const;
  return assertRejects(() => Promise.resolve(webStorage(area).setMany?.(changes)), StorageError)
    .then(({ code }) => assertEquals([code, [...items].sort()], ["full", before]));
});

Deno.test("A runtime without IndexedDB", async () => {
  assertEquals(await codeOf(indexedDb("name")), "unavailable");
  assertThrows(() => indexedDb("name", { durability: "lax" as never }), TypeError);
  assertThrows(() => indexedDb(1 as never), TypeError);
});

Deno.test("SQLite that is closed, full, or in a transaction that fails", () =>
  inFolder(async (path) => {
    const database = new DatabaseSync(`${path}/a.db`);
    const store = sqlite(database);
    const storage = new EncryptedStorage(store, { fernet });
    await storage.set("key", "old");
    const pages = database.prepare("PRAGMA page_count").get() as { page_count: number };
    database.exec(`PRAGMA max_page_count = ${pages.page_count + 1}`);
    assertEquals(await codeOf(store, "x".repeat(100_000)), "full");
    const many = Array.from(
      { length: 50 },
      (_, index) => [`k${index}`, "y".repeat(1_000)] as const,
    );
    const error = await assertRejects(() => storage.setMany(many), StorageError);
    assertEquals(error.code, "full");
    assertEquals(await Array.fromAsync(storage.entries()), [["key", "old"]]);
    database.close();
    assertEquals(await codeOf(store), "unavailable");
    for (const table of ["", "a b", 'a"b', "1a", 7]) {
      assertThrows(() => sqlite(database, { table: table as string }), TypeError);
    }
  }));

Deno.test("A batch of SQLite within a transaction of the caller's", async () => {
  const database = new DatabaseSync(":memory:");
  const storage = new EncryptedStorage(sqlite(database, { table: "own" }), { fernet });
  await storage.setMany([["a", 1], ["b", 2]]);
  database.exec("BEGIN");
  await storage.setMany([["a", 3], ["c", 4]]);
  database.exec("ROLLBACK");
  assertEquals([...await storage.getMany(["a", "b", "c"])], [["a", 1], ["b", 2]]);
  database.close();
});

Deno.test("Redis that is full, gone, or answers oddly", async () => {
  const fails = (message: string) => redis(() => Promise.reject(new Error(message)));
  assertEquals(
    await codeOf(fails("OOM command not allowed when used memory > 'maxmemory'")),
    "full",
  );
  assertEquals(await codeOf(fails("Connection is closed.")), "unavailable");
  const odd = new EncryptedStorage(redis(() => Promise.resolve([{}])), { fernet });
  assertEquals((await assertRejects(() => odd.get("a"), StorageError)).code, "unavailable");
  assertThrows(() => redis({} as never), TypeError);
  const bytes = redis(() => Promise.resolve(new TextEncoder().encode("text")));
  assertEquals(await bytes.get("a"), "text");
});

Deno.test("Deno KV that refuses a value", async () => {
  const refuses = (message: string) => {
    const atomic = {
      check: () => atomic,
      set: () => atomic,
      delete: () => atomic,
      commit: () => Promise.reject(new TypeError(message)),
    };
    return denoKv({
      get: (key) => Promise.resolve({ key, value: null, versionstamp: null }),
      getMany: () => Promise.resolve([]),
      list: () => ReadableStream.from([]),
      atomic: () => atomic,
    });
  };
  assertEquals(await codeOf(refuses("Value too large (max 65536 bytes)")), "too-large");
  assertEquals(await codeOf(refuses("Bad resource ID")), "unavailable");
  assertEquals(await codeOf(refuses("nothing"), "x".repeat(60_000)), "too-large");
});

Deno.test("A folder that is a file, and names that are too long", () =>
  inFolder(async (path) => {
    await Deno.writeTextFile(`${path}/file`, "");
    assertEquals(await codeOf(folder(`${path}/file`)), "unavailable");
    const storage = new EncryptedStorage(folder(path), { fernet, names: "plain" });
    const key = "x".repeat(300);
    const error = await assertRejects(() => storage.set(key, 1), StorageError);
    assertEquals(error.code, "too-large");
    assertThrows(() => folder(""), TypeError);
    assertThrows(() => folder(new URL("https://example.org")), TypeError);
  }));

Deno.test("A folder holds nothing but its records, which others cannot read", () =>
  inFolder(async (path) => {
    const secrets = `${path}/secrets`;
    const storage = new EncryptedStorage(folder(secrets), { fernet });
    await storage.set("a", 1);
    await Deno.writeTextFile(`${secrets}/notes.txt`, "of somebody else");
    await Deno.writeTextFile(`${secrets}/.0123456789abcdef.tmp`, "abandoned");
    await Deno.utime(`${secrets}/.0123456789abcdef.tmp`, 0, 0);
    await Deno.writeTextFile(`${secrets}/.fedcba9876543210.tmp`, "being written");
    await new EncryptedStorage(folder(secrets), { fernet }).set("b", 2);
    await storage.clear();
    const left = await Array.fromAsync(Deno.readDir(secrets), ({ name }) => name);
    assertEquals(left.sort(), [".fedcba9876543210.tmp", "notes.txt"]);
    await storage.set("a", 1);
    for await (const { name } of Deno.readDir(secrets)) {
      if (!name.endsWith(".sealed")) continue;
      assertEquals((await Deno.stat(`${secrets}/${name}`)).mode! & 0o777, 0o600);
    }
    assertEquals((await Deno.stat(secrets)).mode! & 0o777, 0o700);
  }));

Deno.test("unstorage refuses a prefix that it would change, and tells its driver's error", async () => {
  const memory = createStorage();
  for (const prefix of ["a/", "a:", "a\\", "a?"]) {
    const storage = new EncryptedStorage(unstorage(memory), { fernet, prefix });
    for (const work of [() => storage.set("a", 1), () => storage.get("a"), () => storage.clear()]) {
      await assertRejects(work, TypeError);
    }
  }
  const broken = Object.assign(createStorage(), {
    setItem: () => Promise.reject(new Error("gone")),
  });
  assertEquals(await codeOf(unstorage(broken)), "unavailable");
  assertThrows(() => unstorage({} as never), TypeError);
});
