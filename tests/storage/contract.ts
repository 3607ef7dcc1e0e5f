/**
 * What every store has to do alike. It runs in pages and other runtimes too, so
 * it needs nothing but the package.
 *
 * @module
 */

import { Fernet, MultiFernet } from "@ironfern/ironfern";
import {
  EncryptedStorage,
  type EncryptedStorageOptions,
  StorageError,
  type StoredValue,
  type StringStore,
  Vault,
} from "@ironfern/ironfern/storage";

/** What the cases of a store have in common. */
export interface ContractOptions {
  /** Parts of names that the store cannot have. */
  readonly refused?: RegExp;
}

interface Place {
  /** The store. */
  readonly store: StringStore;
  /** A prefix that no other case uses. */
  readonly prefix: string;
  /** A key of the case. */
  readonly fernet: Fernet;
  /** A storage in the store, by default under the prefix and the key. */
  storage(options?: Partial<EncryptedStorageOptions>): EncryptedStorage;
  /** What the store can do. */
  readonly options: ContractOptions;
}

type Case = (place: Place) => Promise<void>;

const RECORD = "gAAAAABlU_EAEBESExQVFhcYGRobHB0eHzt1jAqZ52XR0fgYgEXXtVvr-HL64Q==";
const HEADER = "ironfern-vault/1.eyJpZCI6IkFBRUNBd1FGQmdjSUNRb0xEQTBPRHcifQ";

const VALUES: readonly StoredValue[] = [
  "",
  "123",
  "true",
  "null",
  '{"v":1}',
  "\ufeffna\u00efve \ud83d\udd11\0",
  "\ud800 alone",
  null,
  true,
  0,
  -0,
  2 ** 53 - 1,
  5e-324,
  -1.7976931348623157e308,
  [],
  {},
  JSON.parse('{"__proto__":{"a":[1,{"b":null}]},"constructor":"x","toString":1}'),
  new Uint8Array(),
  Uint8Array.of(0, 255, 128),
];

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Values as text that tells all of them apart. */
function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${value}`;
  if (value instanceof Map) return `map ${shown([...value])}`;
  if (Array.isArray(value)) return `[${value.map(shown)}]`;
  if (typeof value === "object" && value !== null) {
    return `{${
      Object.keys(value).sort().map((name) => `${name}: ${shown(Reflect.get(value, name))}`)
    }}`;
  }
  return Object.is(value, -0)
    ? "-0"
    : typeof value === "string"
    ? JSON.stringify(value)
    : `${value}`;
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [actual, expected].map(shown);
  check(is === should, `${what}: got ${is.slice(0, 300)}, expected ${should.slice(0, 300)}`);
}

async function rejects(work: () => Promise<unknown>, code: string, key?: string): Promise<void> {
  try {
    await work();
  } catch (error) {
    check(error instanceof StorageError, `expected a StorageError, got ${error}`);
    equal([error.code, error.key], [code, key], "the error");
    return;
  }
  throw new Error(`expected a StorageError ${code}`);
}

async function namesOf(store: StringStore, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of await store.keys(prefix)) {
    if (name.startsWith(prefix)) names.push(name);
  }
  return [...new Set(names)].sort();
}

function sorted(entries: Iterable<readonly [string, StoredValue]>): Map<string, StoredValue> {
  return new Map([...entries].sort(([a], [b]) => a < b ? -1 : 1));
}

async function allOf(storage: EncryptedStorage): Promise<Map<string, StoredValue>> {
  const entries = new Map<string, StoredValue>();
  for await (const [key, value] of storage.entries()) entries.set(key, value);
  return sorted(entries);
}

/** The names of all cases' records, of which a test may want to know. */
const CASES: Readonly<Record<string, Case>> = {
  async "a missing record is absent, and may be removed"({ store, prefix }) {
    equal(await store.get(`${prefix}a`) ?? null, null, "a missing record");
    await store.delete(`${prefix}a`);
    equal(await namesOf(store, prefix), [], "names");
  },

  async "a record is kept, replaced and removed"({ store, prefix }) {
    await store.set(`${prefix}a`, RECORD);
    equal(await store.get(`${prefix}a`), RECORD, "a record");
    await store.set(`${prefix}a`, HEADER);
    equal(await store.get(`${prefix}a`), HEADER, "a header");
    await store.delete(`${prefix}a`);
    equal(await store.get(`${prefix}a`) ?? null, null, "a removed record");
  },

  async "a record of 60,000 characters is kept"({ store, prefix }) {
    const long = RECORD.repeat(1_000).slice(0, 60_000);
    await store.set(`${prefix}long`, long);
    equal(await store.get(`${prefix}long`), long, "a long record");
  },

  async "names are listed as they are, capitals apart"({ store, prefix }) {
    const rests = ["~vault", "a", "A", "a%20b", "a_b", "a-b.c", "0f".repeat(16)];
    for (const rest of rests) await store.set(prefix + rest, HEADER + rest);
    equal(await namesOf(store, prefix), rests.map((rest) => prefix + rest).sort(), "names");
    for (const rest of rests) equal(await store.get(prefix + rest), HEADER + rest, rest);
    await store.delete(`${prefix}A`);
    equal(await store.get(`${prefix}a`), `${HEADER}a`, "the other case");
    equal((await namesOf(store, prefix)).length, rests.length - 1, "names");
  },

  async "prefixes have no wild cards"({ store, prefix, options }) {
    for (const sign of ["*", "_", "%", "[a-z]", "'", '"', "^", "\\", "?", "/", ":", "ü"]) {
      if (options.refused?.test(sign)) continue;
      const [own, other] = [`${prefix}${sign}.`, `${prefix}x.`];
      await store.set(`${own}a`, RECORD);
      await store.set(`${other}a`, HEADER);
      equal(await namesOf(store, own), [`${own}a`], `names under ${sign}`);
      equal(await store.get(`${own}a`), RECORD, sign);
    }
  },

  async "swap replaces exactly the old record"({ store, prefix }) {
    if (!store.swap) return;
    const name = `${prefix}a`;
    const steps: [string | null, string | null, boolean][] = [
      [RECORD, HEADER, false],
      [null, null, true],
      [null, RECORD, true],
      [null, HEADER, false],
      [HEADER, RECORD, false],
      [null, null, false],
      [RECORD, HEADER, true],
      [RECORD, null, false],
      [HEADER, null, true],
    ];
    for (const [old, next, done] of steps) {
      const before = await store.get(name) ?? null;
      equal(await store.swap(name, old, next), done, `swap of ${old} for ${next}`);
      equal(await store.get(name) ?? null, done ? next : before, "the record after it");
    }
  },

  async "one of many swaps at once succeeds"({ store, prefix }) {
    const { swap } = store;
    if (!swap) return;
    const tries = Array.from({ length: 20 }, (_, index) => `${HEADER}${index}`);
    const done = await Promise.all(
      tries.map((next) => swap.call(store, `${prefix}a`, null, next)),
    );
    equal(done.filter((each) => each).length, 1, "successes");
    equal(await store.get(`${prefix}a`), tries[done.indexOf(true)], "the record");
  },

  async "batches are read in order and written whole"({ store, prefix }) {
    if (!store.getMany || !store.setMany) return;
    equal(await store.getMany([]), [], "no names");
    await store.setMany([]);
    const names = Array.from({ length: 1_234 }, (_, index) => `${prefix}${index}`);
    await store.setMany(names.map((name) => [name, RECORD + name]));
    const asked = [...names.slice().reverse(), `${prefix}none`, names[0]];
    const records = (await store.getMany(asked)).map((record) => record ?? null);
    const expected = asked.map((name) => name.endsWith("none") ? null : RECORD + name);
    equal(records, expected, "a batch");
    await store.setMany([[names[0], null], [names[1], HEADER], [`${prefix}none`, null]]);
    equal(await store.get(names[0]) ?? null, null, "a removed record");
    equal(await store.get(names[1]), HEADER, "a replaced record");
    equal((await namesOf(store, prefix)).length, names.length - 1, "names");
  },

  async "values come back with type and bits"({ storage }) {
    const values = storage();
    for (const [index, value] of VALUES.entries()) await values.set(`v${index}`, value);
    for (const [index, value] of VALUES.entries()) {
      equal(await values.get(`v${index}`), value, `value ${index}`);
    }
    equal((await allOf(values)).size, VALUES.length, "all");
  },

  async "keys of any text are apart"({ storage, store, prefix, options }) {
    for (const names of ["hidden", "plain"] as const) {
      const values = storage({ names, prefix: `${prefix}${names}.` });
      const keys = ["", " ", "a/b", "a:b", "a\\b", "a?b", "A", "a", "~vault", "%", "é", "🔑", ".."]
        .filter((key) => key !== ".." || !options.refused?.test(key));
      await values.setMany(keys.map((key) => [key, `of ${key}`]));
      equal(
        await allOf(values),
        sorted(keys.map((key) => [key, `of ${key}`])),
        names,
      );
      const kept = await namesOf(store, `${prefix}${names}.`);
      check(kept.every((name) => !name.includes("~vault")), "a value has the name of a header");
    }
  },

  async "exchanged records are refused, and the rest reads"({ storage, store }) {
    const values = storage();
    const before = await namesOf(store, "");
    await values.setMany([["role", "user"], ["name", "admin"], ["other", 1]]);
    const added = (await namesOf(store, "")).filter((name) => !before.includes(name));
    await values.delete("other");
    const [a, b] = (await namesOf(store, "")).filter((name) => added.includes(name));
    await values.set("other", 1);
    const [first, second] = [await store.get(a), await store.get(b)];
    await store.set(a, second!);
    await store.set(b, first!);
    for (const key of ["role", "name"]) await rejects(() => values.get(key), "unreadable", key);
    await rejects(() => values.update("role", () => "x"), "unreadable", "role");
    equal(await values.get("other"), 1, "the rest");
    const unreadable: string[] = [];
    const seen: string[] = [];
    for await (const key of values.keys({ onUnreadable: (name) => unreadable.push(name) })) {
      seen.push(key);
    }
    equal([seen, unreadable.sort()], [["other"], [a, b].sort()], "a scan");
    await rejects(() => allOf(values), "unreadable");
    const found = await values.verify();
    equal(found.unreadable.slice().sort(), unreadable, "verify");
    equal([found.readable, found.old], [1, 0], "verify");
    await values.set("role", "user");
    equal(await values.get("role"), "user", "a value that was set again");
    check(await values.delete("name"), "an unreadable value is removed");
  },

  async "copies under other names, prefixes and keys are refused"({ storage, store, prefix }) {
    const values = storage();
    await values.set("token", "secret");
    const [name] = await namesOf(store, prefix);
    const record = (await store.get(name))!;
    const other = storage({ prefix: `${prefix}other.` });
    await other.set("token", "x");
    const [otherName] = await namesOf(store, `${prefix}other.`);
    await store.set(otherName, record);
    await rejects(() => other.get("token"), "unreadable", "token");
    const stranger = storage({ fernet: new Fernet(Fernet.generateKey()), names: "plain" });
    await store.set(`${prefix}token`, record);
    await rejects(() => stranger.get("token"), "unreadable", "token");
    await store.delete(`${prefix}token`);
    const copy = `${prefix}${"0".repeat(32)}`;
    await store.set(copy, record);
    equal(await values.verify(), { readable: 1, old: 0, unreadable: [copy] }, "a renamed copy");
    equal(await values.get("token"), "secret", "the value");
  },

  async "clear removes its own records and no others"({ storage, store, prefix }) {
    const others = [`${prefix}~vault`, `${prefix}theme`, `${prefix}b.${"a".repeat(32)}`];
    for (const name of others) await store.set(name, HEADER);
    const values = storage();
    await values.setMany([["a", 1], ["b", 2]]);
    await values.clear();
    equal(await namesOf(store, prefix), others.sort(), "names");
    equal(await values.has("a"), false, "has");
  },

  async "updates at once lose nothing"({ storage }) {
    const values = storage();
    const add = () => values.update("count", (count) => Number(count ?? 0) + 1);
    await Promise.all(Array.from({ length: 25 }, add));
    equal(await values.get("count"), 25, "the count");
    equal(await values.update("count", () => undefined), undefined, "an update that removes");
    equal(await values.has("count"), false, "has");
  },

  async "many values are set and read at once"({ storage }) {
    const values = storage();
    const entries = Array.from({ length: 700 }, (_, index) => [`k${index}`, { index }] as const);
    await values.setMany([["k0", "replaced"], ...entries]);
    equal(await allOf(values), sorted(entries), "all");
    const some = await values.getMany(["k3", "none", "k699", "k3"]);
    equal(some, new Map([["k3", { index: 3 }], ["k699", { index: 699 }]]), "some");
  },

  async "keys are changed while values can be read"({ storage, store, prefix, fernet: old }) {
    const fresh = new Fernet(Fernet.generateKey());
    for (const names of ["hidden", "plain"] as const) {
      const own = { names, prefix: `${prefix}${names}.` };
      const [before, both, after] = [old, new MultiFernet([fresh, old]), fresh]
        .map((fernet) => storage({ ...own, fernet }));
      await before.setMany([["a", 1], ["b", 2], ["c", 3], ["d", 4]]);
      await both.set("b", "new");
      equal(await both.delete("c"), true, "a removed value");
      equal(await both.update("d", (value) => Number(value) + 1), 5, "an updated value");
      equal(
        await allOf(both),
        new Map<string, StoredValue>([["a", 1], ["b", "new"], ["d", 5]]),
        "all",
      );
      equal(await both.verify(), { readable: 3, old: 1, unreadable: [] }, "verify");
      equal(await both.rotate(), { rotated: 1, current: 2, unreadable: [] }, "rotate");
      equal(await both.rotate(), { rotated: 0, current: 3, unreadable: [] }, "rotate again");
      equal(
        await allOf(after),
        new Map<string, StoredValue>([["a", 1], ["b", "new"], ["d", 5]]),
        "after",
      );
      equal((await namesOf(store, own.prefix)).length, 3, "records");
    }
  },

  async "a vault keeps its storage, and locks"({ store, prefix }) {
    const secret = { key: Fernet.generateKey() };
    await rejects(() => Vault.open(store, secret, { prefix }), "no-vault");
    const vault = await Vault.create(store, secret, { prefix });
    await rejects(() => Vault.create(store, secret, { prefix }), "vault-exists");
    const values = new EncryptedStorage(store, { fernet: vault, prefix });
    await values.setMany([["a", 1], ["b", 2]]);
    const other = await Vault.open(store, secret, { prefix });
    await vault.addKey();
    const others = new EncryptedStorage(store, { fernet: other, prefix });
    await values.set("a", 3);
    equal(await others.get("a"), 3, "a value under a key that another one added");
    await rejects(() => vault.dropOldKeys(), "conflict");
    equal(await others.rotate(), { rotated: 1, current: 1, unreadable: [] }, "rotate");
    await vault.dropOldKeys();
    equal(await allOf(others), sorted([["a", 3], ["b", 2]]), "all");
    await values.clear();
    equal((await Vault.inspect(store, { prefix }))?.length, 1, "the header");
    await values.set("a", 4);
    const header = (await store.get(`${prefix}~vault`))!;
    await store.delete(`${prefix}~vault`);
    await rejects(() => others.get("a"), "vault-lost");
    await rejects(() => Vault.create(store, secret, { prefix }), "vault-lost");
    await rejects(() => Vault.open(store, secret, { prefix }), "vault-lost");
    await store.set(`${prefix}~vault`, header);
    equal(await others.get("a"), 4, "a value when the header is back");
    vault.lock();
    await rejects(() => values.get("a"), "locked");
    await Vault.erase(store, { prefix });
    equal(await namesOf(store, prefix), [], "names");
  },

  async "nothing readable is in names and records"({ storage, store, prefix, fernet }) {
    await storage().setMany([["card number", "4111 1111 1111 1111"], ["n", { zip: "94107" }]]);
    const names = await namesOf(store, prefix);
    const text = (await Promise.all(names.map(async (name) => name + await store.get(name))))
      .join();
    for (const part of ["card", "number", "4111", "zip", "94107"]) {
      check(!text.slice(prefix.length).includes(part), `${part} can be read`);
    }
    check(fernet instanceof Fernet, "a key");
  },
};

/** The names of the cases. */
export const CONTRACT: readonly string[] = Object.keys(CASES);

let count = 0;

/** Runs one case against a store, which may hold records already. */
export async function runCase(
  name: string,
  store: StringStore,
  options: ContractOptions = {},
): Promise<void> {
  const prefix = `case${++count}.${Math.random().toString(36).slice(2, 8)}.`;
  const fernet = new Fernet(Fernet.generateKey());
  try {
    await CASES[name]({
      store,
      prefix,
      fernet,
      options,
      storage: (changed) => new EncryptedStorage(store, { fernet, prefix, ...changed }),
    });
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Runs all cases against a store and returns how many there are. */
export async function runContract(store: StringStore, options?: ContractOptions): Promise<number> {
  for (const name of CONTRACT) await runCase(name, store, options);
  return CONTRACT.length;
}
