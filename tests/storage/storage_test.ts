/**
 * What `EncryptedStorage` accepts, and what it does when others interfere.
 *
 * @module
 */

import { Fernet, MultiFernet } from "@ironfern/ironfern";
import { EncryptedStorage, StorageError, type StringStore } from "@ironfern/ironfern/storage";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { withDerived } from "../../src/storage/keys.ts";
import { messageHead } from "../../src/message.ts";

const KEY = Fernet.generateKey();
const fernet = new Fernet(KEY);
const fresh = new Fernet(Fernet.generateKey());

/** Waits a random while, so that calls interleave in every way. */
function pause(): Promise<void> {
  const turns = Math.floor(Math.random() * 4);
  return Array.from({ length: turns }).reduce<Promise<void>>(
    (before) => before.then(() => new Promise((resolve) => setTimeout(resolve))),
    Promise.resolve(),
  );
}

/** A store that many processes might share: each call is atomic, and takes a while. */
function sharedStore(records: Map<string, string>): StringStore {
  const slowly = async <T>(work: () => T): Promise<T> => {
    await pause();
    const result = work();
    await pause();
    return result;
  };
  const put = (name: string, record: string | null) =>
    record === null ? records.delete(name) : records.set(name, record);
  return {
    get: (name) => slowly(() => records.get(name)),
    set: (name, record) => slowly(() => put(name, record)),
    delete: (name) => slowly(() => put(name, null)),
    keys: () => slowly(() => [...records.keys()]),
    swap: (name, old, next) =>
      slowly(() => {
        if ((records.get(name) ?? null) !== old) return false;
        put(name, next);
        return true;
      }),
  };
}

Deno.test("Values that would not come back are refused with their place", async () => {
  const store = new Map<string, string>();
  const storage = new EncryptedStorage<Record<string, unknown>>(store, { fernet });
  const cycle: Record<string, unknown> = {};
  cycle.self = { again: cycle };
  const deep = JSON.parse("[".repeat(101) + "]".repeat(101));
  const refused: [value: unknown, message: RegExp][] = [
    [undefined, /the value: undefined/],
    [NaN, /the value: NaN/],
    [[0, -Infinity], /at \/1: -Infinity/],
    [{ user: { seen: new Date() } }, /at \/user\/seen: a Date/],
    [{ "a/b~": new Map() }, /at \/a~1b~0: a Map/],
    [[1n], /at \/0: a bigint/],
    // deno-lint-ignore no-sparse-arrays
    [[1, , 3], /at \/1: a hole/],
    [cycle, /at \/self\/again: a cycle/],
    [deep, /: deeper than 100/],
    [{ toJSON: () => 1 }, /at \/toJSON: a function/],
    [{ [Symbol()]: 1 }, /a symbol/],
    [Object.assign([1], { extra: 2 }), /properties of its own/],
    [new (class Point {})(), /a Point/],
    [new (class List extends Array {})(), /a List/],
    [{
      get a() {
        throw new Error("inner");
      },
    }, /a getter that throws/],
    [Promise.resolve(1), /a Promise/],
    [new Uint16Array(1), /a Uint16Array/],
    [[new Uint8Array(1)], /at \/0: an? Uint8Array/],
    [Object.create({ inherited: 1 }), /an? Object/],
  ];
  for (const [value, message] of refused) {
    const error = await assertRejects(() => storage.set("a", value), TypeError);
    assertMatch(error.message, message);
  }
  await assertRejects(() => storage.setMany([["b", 1], ["a", NaN]]), TypeError);
  await assertRejects(() => storage.update("b", () => new Date()), TypeError);
  assertEquals(store.size, 0);
});

Deno.test("A value is what it was when it was given", async () => {
  const storage = new EncryptedStorage<Record<string, unknown>>(new Map(), { fernet });
  const bytes = Uint8Array.of(1, 2);
  const list = [1];
  const done = storage.setMany([["bytes", bytes], ["list", list]]);
  bytes.fill(0);
  list.push(2);
  await done;
  assertEquals(await storage.get("bytes"), Uint8Array.of(1, 2));
  assertEquals(await storage.get("list"), [1]);
});

Deno.test("Arguments of the wrong kind are refused", async () => {
  const make = (...args: unknown[]) =>
    new EncryptedStorage(...args as ConstructorParameters<typeof EncryptedStorage>);
  const refused: unknown[][] = [
    [],
    [{}, { fernet }],
    [new Map()],
    [new Map(), { fernet: KEY }],
    [new Map(), { fernet, prefixes: "a" }],
    [new Map(), { fernet, prefix: 1 }],
    [new Map(), { fernet, prefix: "\ud800" }],
    [new Map(), { fernet, prefix: "a\0" }],
    [new Map(), { fernet, names: "clear" }],
    [new Map(), { fernet, names: "plain", prefix: "" }],
  ];
  for (const args of refused) assertThrows(() => make(...args), TypeError);
  assertThrows(() => make(new Map(), { fernet, prefix: "p".repeat(257) }), RangeError);

  const storage = new EncryptedStorage(new Map(), { fernet });
  await assertRejects(() => storage.get(1 as never), TypeError);
  await assertRejects(() => storage.get("\udfff"), TypeError);
  await assertRejects(() => storage.set("k".repeat(4_097), 1), RangeError);
  await assertRejects(() => storage.get("a", { ttl: -1 }), RangeError);
  await assertRejects(() => storage.get("a", { maxAge: 1 } as never), TypeError);
  await assertRejects(() => storage.update("a", 1 as never), TypeError);
  await assertRejects(() => storage.getMany("a" as never), TypeError);
  await assertRejects(() => storage.rotate({ signal: 1 as never }), TypeError);
  await storage.set("k".repeat(4_096), 1);
  assertEquals(await storage.get("k".repeat(4_096)), 1);
});

/** A record of a value, written at a time by a key. */
async function recordAt(root: Fernet, text: string, key: string, time: number): Promise<string> {
  const bytes = new TextEncoder();
  const head = messageHead([bytes.encode("ironfern."), bytes.encode(key)], 1);
  const message = new Uint8Array([...head, ...bytes.encode(text)]);
  const { keyedBackendOf } = await import("../../src/fernet/fernet.ts");
  return await withDerived(
    keyedBackendOf(root),
    "values",
    (derived) => Promise.resolve(new Fernet(derived.key).encryptAtTime(message, time)),
  );
}

async function putAt(store: Map<string, string>, key: string, time: number): Promise<void> {
  await new EncryptedStorage(store, { fernet }).set(key, 0);
  store.set([...store.keys()].at(-1)!, await recordAt(fernet, "1", key, time));
}

Deno.test("A value is absent when it is older than ttl, or from the future", async () => {
  const now = Math.floor(Date.now() / 1_000);
  const store = new Map<string, string>();
  await putAt(store, "old", now - 1_000);
  await putAt(store, "future", now + 1_000);
  const storage = new EncryptedStorage(store, { fernet });
  assertEquals(await storage.get("old"), 1);
  assertEquals(await storage.get("old", { ttl: 2_000 }), 1);
  assertEquals(await storage.get("old", { ttl: 900 }), undefined);
  assertEquals(await storage.get("future"), 1);
  assertEquals(await storage.get("future", { ttl: 2_000 }), undefined);
});

Deno.test("Rotation keeps the time and the text of a value", async () => {
  const store = new Map<string, string>();
  await putAt(store, "old", 1_000);
  store.set([...store.keys()][0], await recordAt(fernet, '{ "a" : 1.0 }', "old", 1_000));
  await new EncryptedStorage(store, { fernet: new MultiFernet([fresh, fernet]) }).rotate();
  const { keyedBackendOf } = await import("../../src/fernet/fernet.ts");
  await withDerived(keyedBackendOf(fresh), "values", (derived) => {
    const [record] = store.values();
    const opened = new Fernet(derived.key);
    assertEquals(opened.extractTimestamp(record), 1_000);
    assertMatch(opened.decryptText(record), /\{ "a" : 1\.0 \}$/);
    return Promise.resolve();
  });
});

Deno.test("Nothing of another type or shape is read as a value", async () => {
  const store = new Map<string, string>();
  const storage = new EncryptedStorage(store, { fernet });
  await storage.set("a", 1);
  const [name] = store.keys();
  const seal = (message: Uint8Array) =>
    (async () => {
      const { keyedBackendOf } = await import("../../src/fernet/fernet.ts");
      return await withDerived(
        keyedBackendOf(fernet),
        "values",
        (derived) => Promise.resolve(new Fernet(derived.key).encrypt(message)),
      );
    })();
  const bytes = new TextEncoder();
  const context = [bytes.encode("ironfern."), bytes.encode("a")];
  const whole = Uint8Array.from([...messageHead(context, 1), 0x31]);
  const messages = [
    new Uint8Array(),
    whole.subarray(0, 5),
    whole.subarray(0, -2),
    Uint8Array.from([...messageHead(context, 0), 0x31]),
    Uint8Array.from([...messageHead(context, 3), 0x31]),
    Uint8Array.from([...messageHead(context, 1), 0x7b]),
    Uint8Array.from([...messageHead(context, 1), 0x22, 0xff, 0x22]),
    Uint8Array.from([...messageHead([...context, bytes.encode("")], 1), 0x31]),
    Uint8Array.from([...messageHead([bytes.encode("ironfern.a")], 1), 0x31]),
    Uint8Array.from([0, 0, 0, 0, ...whole.subarray(4)]),
    Uint8Array.from([...whole.subarray(0, 4), 255, 255, 255, 255, ...whole.subarray(8)]),
    Uint8Array.from([...whole.subarray(0, 17), 255, 255, 255, 255, ...whole.subarray(21)]),
  ];
  for (const message of messages) {
    store.set(name, await seal(message));
    const error = await assertRejects(() => storage.get("a"), StorageError);
    assertEquals([error.code, error.key], ["unreadable", "a"]);
    assertEquals((await storage.verify()).unreadable, [name]);
  }
  store.set(name, await seal(whole));
  assertEquals(await storage.get("a"), 1);
  for (const record of ["", "gAAAA", fernet.encrypt(whole), 1 as unknown as string]) {
    store.set(name, record);
    await assertRejects(() => storage.get("a"), StorageError);
  }
});

Deno.test("A record of an old key is refused under a name of the new one", async () => {
  const store = new Map<string, string>();
  const both = { fernet: new MultiFernet([fresh, fernet]) };
  await new EncryptedStorage(store, { fernet }).set("a", "old");
  const [[, record]] = store;
  await new EncryptedStorage(store, both).set("a", "new");
  const [[name]] = store;
  store.set(name, record);
  const error = await assertRejects(() => new EncryptedStorage(store, both).get("a"), StorageError);
  assertEquals(error.code, "unreadable");
  assertEquals((await new EncryptedStorage(store, both).verify()).unreadable, [name]);
});

Deno.test("A wrong key reads nothing and loses nothing", async () => {
  const store = new Map<string, string>();
  await new EncryptedStorage(store, { fernet }).set("a", 1);
  const before = [...store];
  const wrong = new EncryptedStorage(store, { fernet: fresh });
  assertEquals(await wrong.get("a"), undefined);
  assertEquals((await wrong.verify()).unreadable.length, 1);
  assertEquals((await wrong.rotate()).unreadable.length, 1);
  assertEquals([...store], before);
});

Deno.test("A destroyed key is told, and nothing is written", async () => {
  const store = new Map<string, string>();
  const own = new Fernet(Fernet.generateKey());
  const storage = new EncryptedStorage(store, { fernet: own });
  own.destroy();
  await assertRejects(() => storage.set("a", 1), TypeError);
  await assertRejects(() => storage.get("a"), TypeError);
  assertEquals(store.size, 0);
});

Deno.test("A call goes on with its keys when they are wiped meanwhile", async () => {
  const store = new Map<string, string>();
  const [first, second] = [1, 2].map(() => Fernet.generateKey());
  const open = () => [first, second].map((key) => new Fernet(key));
  await new EncryptedStorage(store, { fernet: new Fernet(second) }).set("old", 1);
  const keys = open();
  const storage = new EncryptedStorage(store, { fernet: new MultiFernet(keys) });
  const [set, get] = [storage.set("a", 2), storage.get("old")];
  keys.forEach((key) => key.destroy());
  await set;
  assertEquals(await get, 1);
  const again = new EncryptedStorage(store, { fernet: new MultiFernet(open()) });
  assertEquals([await again.get("a"), await again.get("old")], [2, 1]);
});

Deno.test("A record that is too long is refused before it is sealed", async () => {
  const store: StringStore = Object.assign(new Map<string, string>(), { maxRecord: 200 });
  const storage = new EncryptedStorage(store, { fernet });
  await storage.set("a", "x".repeat(40));
  const error = await assertRejects(() => storage.set("a", "x".repeat(400)), StorageError);
  assertEquals([error.code, error.key], ["too-large", "a"]);
  assertMatch(error.message, /has \d+ characters, and the store allows 200/);
  assertEquals(await storage.get("a"), "x".repeat(40));
});

Deno.test("An update that others always overtake is a conflict", async () => {
  const store: StringStore = Object.assign(new Map<string, string>(), { swap: () => false });
  const storage = new EncryptedStorage(store, { fernet });
  let calls = 0;
  const error = await assertRejects(() => storage.update("a", () => ++calls), StorageError);
  assertEquals([error.code, error.key, calls], ["conflict", "a", 32]);
});

Deno.test("What update's function throws is thrown, and nothing is written", async () => {
  const storage = new EncryptedStorage(new Map(), { fernet });
  await storage.set("a", 1);
  const fail = () => {
    throw new RangeError("mine");
  };
  await assertRejects(() => storage.update("a", fail), RangeError);
  assertEquals(await storage.get("a"), 1);
});

Deno.test("Rotations and updates at once lose nothing", async () => {
  for (let round = 0; round < 12; round++) {
    const records = new Map<string, string>();
    const open = (keys: readonly Fernet[]) =>
      new EncryptedStorage(sharedStore(records), { fernet: new MultiFernet(keys) });
    const counters = ["a", "b", "c"];
    const before = open([fernet]);
    for (const key of counters) await before.set(key, 0);
    const processes = Array.from({ length: 3 }, () => open([fresh, fernet]));
    const work = processes.flatMap((storage) => [
      storage.rotate(),
      ...counters.map(async (key) => {
        for (let times = 0; times < 2; times++) {
          await storage.update(key, (count) => Number(count) + 1);
        }
      }),
    ]);
    await Promise.all(work);
    for (const storage of [processes[0], open([fresh])]) {
      await storage.rotate();
      assertEquals(await storage.getMany(counters), new Map(counters.map((key) => [key, 6])));
    }
    assertEquals(records.size, counters.length);
  }
});

Deno.test("A rotation does not bring back what is removed meanwhile", async () => {
  for (let round = 0; round < 40; round++) {
    const records = new Map<string, string>();
    const both = { fernet: new MultiFernet([fresh, fernet]) };
    await new EncryptedStorage(records, { fernet }).set("a", 1);
    const [rotating, removing] = [1, 2].map(() => new EncryptedStorage(sharedStore(records), both));
    await Promise.all([rotating.rotate(), pause().then(() => removing.delete("a"))]);
    assertEquals([await removing.get("a"), records.size], [undefined, 0]);
  }
});

Deno.test("A store that fails at any call of a rotation keeps all values", async () => {
  const count = 12;
  for (let failing = 1;; failing++) {
    const records = new Map<string, string>();
    const entries = Array.from({ length: count }, (_, index) => [`k${index}`, index] as const);
    await new EncryptedStorage(records, { fernet }).setMany(entries);
    let calls = 0;
    const swap = (name: string, old: string | null, next: string | null) => {
      if (++calls === failing) throw new Error("the disk is on fire");
      if ((records.get(name) ?? null) !== old) return false;
      if (next === null) records.delete(name);
      else records.set(name, next);
      return true;
    };
    const store: StringStore = {
      get: (name) => records.get(name),
      set: (name, record) => records.set(name, record),
      delete: (name) => records.delete(name),
      keys: () => records.keys(),
      swap,
    };
    const both = new EncryptedStorage(store, { fernet: new MultiFernet([fresh, fernet]) });
    const failed = await both.rotate().then(() => false, () => true);
    assertEquals(await Array.fromAsync(both.entries()).then((all) => all.length), count);
    assertEquals(await both.getMany(entries.map(([key]) => key)), new Map(entries));
    if (failed) await both.rotate();
    const after = new EncryptedStorage(records, { fernet: fresh });
    assertEquals(await after.getMany(entries.map(([key]) => key)), new Map(entries));
    assertEquals(records.size, count);
    if (!failed) return;
  }
});

Deno.test("A rotation ends with the signal's reason, and tells how far it came", async () => {
  const store = new Map<string, string>();
  const entries = Array.from({ length: 1_500 }, (_, index) => [`k${index}`, index] as const);
  await new EncryptedStorage(store, { fernet }).setMany(entries);
  const both = new EncryptedStorage(store, { fernet: new MultiFernet([fresh, fernet]) });
  const controller = new AbortController();
  const done: number[] = [];
  const options = {
    signal: controller.signal,
    onProgress(count: number) {
      done.push(count);
      controller.abort(new RangeError("enough"));
    },
  };
  await assertRejects(() => both.rotate(options), RangeError);
  assertEquals(done, [64]);
  assertEquals(await both.verify(), { readable: 1_500, old: 1_436, unreadable: [] });
  assertEquals(await both.rotate(), { rotated: 1_436, current: 64, unreadable: [] });
});

Deno.test("Keys that are asked for at once are all given, and none after the end of a loop", async () => {
  const storage = new EncryptedStorage(new Map(), { fernet: new Fernet(Fernet.generateKey()) });
  const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
  await storage.setMany(keys.map((key) => [key, key]));
  const scan = storage.keys();
  const results = await Promise.all(Array.from({ length: 302 }, () => scan.next()));
  assertEquals(results.slice(300), [1, 2].map(() => ({ done: true, value: undefined })));
  assertEquals(results.slice(0, 300).map(({ value }) => value).sort(), keys.sort());

  const left = storage.keys();
  for await (const key of left) {
    assert(keys.includes(key));
    break;
  }
  assertEquals(await left.next(), { done: true, value: undefined });
});

Deno.test("A scan reads a few long records at a time", async () => {
  const records = new Map<string, string>();
  const reads: number[] = [];
  const storage = new EncryptedStorage({
    get: (name) => records.get(name),
    set: (name, record) => records.set(name, record),
    delete: (name) => records.delete(name),
    keys: () => records.keys(),
    getMany(names) {
      reads.push(names.length);
      return names.map((name) => records.get(name));
    },
  }, { fernet: new Fernet(Fernet.generateKey()) });
  const long = new Uint8Array(100_000);
  await storage.setMany(Array.from({ length: 70 }, (_, index) => [`${index}`, long]));
  assertEquals((await storage.verify()).readable, 70);
  assertEquals(reads, [64, 2, 2, 2]);
});

Deno.test("What is no store is refused, with the adapter that makes one of it", () => {
  const options = { fernet: new Fernet(Fernet.generateKey()) };
  const refused: [store: unknown, hint: string][] = [
    [sessionStorage, "so pass webStorage(storage)"],
    ["folder", "so pass folder(path) or indexedDb(name)"],
    [{ prepare() {} }, "so pass sqlite(database)"],
    [undefined, "got undefined without the method get"],
  ];
  for (const [store, hint] of refused) {
    const make = () => new EncryptedStorage(store as StringStore, options);
    assertStringIncludes(assertThrows(make, TypeError).message, hint);
  }
});
