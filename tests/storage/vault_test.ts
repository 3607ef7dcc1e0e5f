/**
 * Vaults: what opens them, what must not, and when they lock.
 *
 * @module
 */

import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
import { EncryptedStorage, type KeyWrapper, StorageError, Vault } from "@ironfern/ironfern/storage";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { readHeader, type VaultHeader, writeHeader } from "../../src/storage/vault_header.ts";

const PASSPHRASE = { passphrase: "correct horse", iterations: 100_000 };
const KEY = { key: Fernet.generateKey() };
const NAME = "ironfern.~vault";

async function rejectsWith(code: string, work: () => Promise<unknown>): Promise<StorageError> {
  const error = await assertRejects(work, StorageError);
  assertEquals(error.code, code);
  return error;
}

/** A KMS: it wraps under a key of its own. */
function makeWrapper(id = "kms:1"): KeyWrapper {
  const fernet = new Fernet(Fernet.generateKey());
  return {
    id,
    wrap: (key) => Promise.resolve(new TextEncoder().encode(fernet.encrypt(key))),
    // deno-lint-ignore require-await
    unwrap: async (wrapped) => fernet.decrypt(new TextDecoder().decode(wrapped)),
  };
}

function headerOf(store: Map<string, string>): VaultHeader {
  const header = readHeader(store.get(NAME)!);
  assert(header);
  return header;
}

Deno.test("Every kind of secret opens, and a wrong one changes nothing", async () => {
  const store = new Map<string, string>();
  const vault = await Vault.create(store, PASSPHRASE);
  const wrapper = makeWrapper();
  const slots = [await vault.addSlot(KEY), await vault.addSlot(wrapper)];
  assertEquals(slots.map(({ kind, wrapper }) => [kind, wrapper]), [
    ["key", undefined],
    ["wrapper", "kms:1"],
  ]);
  await new EncryptedStorage(store, { fernet: vault }).set("a", 1);
  const before = [...store];
  for (const secret of [PASSPHRASE, KEY, wrapper, { key: KEY.key }]) {
    const opened = await Vault.open(store, secret);
    assertEquals(await new EncryptedStorage(store, { fernet: opened }).get("a"), 1);
  }
  const wrong = [
    { passphrase: "wrong horse" },
    { passphrase: KEY.key },
    { key: Fernet.generateKey() },
    makeWrapper(),
    makeWrapper("kms:2"),
    { id: "kms:1", wrap: wrapper.wrap, unwrap: () => Promise.resolve(new Uint8Array(32)) },
    { id: "kms:1", wrap: wrapper.wrap, unwrap: () => Promise.reject(new InvalidTokenError()) },
  ];
  for (const secret of wrong) await rejectsWith("wrong-secret", () => Vault.open(store, secret));
  const offline = {
    ...wrapper,
    unwrap: () => Promise.reject(new Error("the KMS is offline")),
  };
  const error = await rejectsWith("unavailable", () => Vault.open(store, offline));
  assertMatch(error.message, /offline/);
  assertEquals([...store], before);
});

Deno.test("A vault refuses secrets that are none", async () => {
  const store = new Map<string, string>();
  const passkey = makeWrapper("passkey:1");
  const refused = [undefined, {}, "secret", { passphrase: "" }, { key: "short" }, passkey, {
    passphrase: "a",
    rounds: 1,
  }];
  for (const secret of refused) {
    await assertRejects(() => Vault.create(store, secret as never), TypeError);
  }
  for (const iterations of [99_999, 10_000_001]) {
    await rejectsWith(
      "iterations-out-of-range",
      () => Vault.create(store, { passphrase: "a", iterations }),
    );
  }
  await assertRejects(() => Vault.create(store, KEY, { lockAfter: 0 }), RangeError);
  assertEquals(store.size, 0);
});

Deno.test("The iterations of a header are bounded before anything is derived", async () => {
  const store = new Map<string, string>();
  const vault = await Vault.create(store, PASSPHRASE);
  await vault.addSlot(KEY);
  const header = headerOf(store);
  const [slot, ...others] = header.slots;
  for (const iterations of [10 ** 9, 1, 0, -1, 99_999, 2 ** 32]) {
    const forged = { ...header, slots: [{ ...slot, iterations } as typeof slot, ...others] };
    store.set(NAME, writeHeader(forged));
    await rejectsWith("iterations-out-of-range", () => Vault.open(store, PASSPHRASE));
    // The other slots are as good as before.
    assertEquals((await Vault.open(store, KEY)).locked, false);
  }
  // Many slots of another salt are as bad as one of many iterations.
  const slots = Array.from({ length: 40 }, (_, index) => ({
    ...slot,
    id: `${index}`.padStart(11, "A"),
    salt: `${index}`.padStart(22, "A"),
    iterations: 300_000,
  }));
  store.set(NAME, writeHeader({ ...header, slots }));
  await rejectsWith("iterations-out-of-range", () => Vault.open(store, PASSPHRASE));
});

Deno.test("A header that was changed opens nothing", async () => {
  const store = new Map<string, string>();
  const vault = await Vault.create(store, PASSPHRASE);
  await vault.addSlot(KEY);
  const record = store.get(NAME)!;
  const header = headerOf(store);
  const other = new Map<string, string>();
  await Vault.create(other, KEY);
  const foreign = headerOf(other);
  const [first, second] = header.slots;
  const forged: [VaultHeader, code: string][] = [
    [{ ...header, id: foreign.id }, "wrong-secret"],
    [{ ...header, slots: [first, { ...second, id: first.id.replace(/^./, "_") }] }, "wrong-secret"],
    [
      { ...header, slots: [first, { ...first, id: second.id, kind: "key" } as never] },
      "wrong-secret",
    ],
    [{ ...header, slots: [first] }, "wrong-secret"],
    [{ ...header, slots: foreign.slots }, "wrong-secret"],
    [{ ...header, keys: foreign.keys }, "bad-vault"],
    [{ ...header, keys: second.key }, "bad-vault"],
    [{ ...header, keys: "" }, "bad-vault"],
  ];
  for (const [changed, code] of forged) {
    store.set(NAME, writeHeader(changed));
    await rejectsWith(code, () => Vault.open(store, KEY));
  }
  const json = JSON.parse(atob(record.slice(17).replace(/-/g, "+").replace(/_/g, "/")));
  const rewritten = [
    { ...json, extra: 1 },
    { slots: json.slots, id: json.id, keys: json.keys },
    { ...json, slots: [] },
    { ...json, slots: [...json.slots, json.slots[0]] },
    { ...json, slots: [{ ...json.slots[1], iterations: 1 }] },
    { ...json, slots: [{ ...json.slots[1], kind: "other" }] },
    [],
    null,
  ].map((value) =>
    `ironfern-vault/1.${
      btoa(JSON.stringify(value)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "")
    }`
  );
  for (
    const text of [
      ...rewritten,
      "",
      "{}",
      record + "=",
      record.replace("/1.", "/2."),
      record.slice(0, -4),
    ]
  ) {
    store.set(NAME, text);
    await rejectsWith("bad-vault", () => Vault.open(store, KEY));
    await rejectsWith("bad-vault", () => Vault.inspect(store));
    await rejectsWith("vault-exists", () => Vault.create(store, KEY));
  }
  store.set(NAME, record);
  assertEquals((await Vault.open(store, KEY)).locked, false);
});

Deno.test("A foreign header under an open vault is refused, and so is its absence", async () => {
  const store = new Map<string, string>();
  const other = new Map<string, string>();
  const storage = new EncryptedStorage(store, { fernet: await Vault.create(store, KEY) });
  await Vault.create(other, KEY);
  const record = store.get(NAME)!;
  store.set(NAME, other.get(NAME)!);
  await rejectsWith("bad-vault", () => storage.set("a", 1));
  store.delete(NAME);
  await rejectsWith("vault-lost", () => storage.set("a", 1));
  store.set(NAME, record);
  await storage.set("a", 1);
  assertEquals(await storage.get("a"), 1);
});

Deno.test("A vault leaves the records of others alone, and keeps plain names", async () => {
  const store = new Map<string, string>();
  const others = new EncryptedStorage(store, {
    fernet: new Fernet(Fernet.generateKey()),
    prefix: "ironfern.other.",
  });
  await others.set("a", 1);
  const vault = await Vault.create(store, KEY);
  await new EncryptedStorage(store, { fernet: vault, names: "plain" }).set("b", 2);
  await vault.addKey();
  await rejectsWith("conflict", () => vault.dropOldKeys());
  const header = store.get(NAME)!;
  store.delete(NAME);
  const plain = { names: "plain" } as const;
  await rejectsWith("vault-lost", () => Vault.create(store, KEY, plain));
  store.set(NAME, header);
  await Vault.erase(store);
  assertEquals(await others.get("a"), 1);
  assertEquals(store.size, 2);
  for (const name of ["clear", 1]) {
    await assertRejects(() => Vault.create(store, KEY, { names: name as never }), TypeError);
  }
});

Deno.test("Slots are added at once, and all but the last can be removed", async () => {
  const store = new Map<string, string>();
  const vault = await Vault.create(store, KEY);
  const keys = Array.from({ length: 6 }, () => ({ key: Fernet.generateKey() }));
  const passkey = makeWrapper("passkey:1");
  const slots = await Promise.all([...keys, passkey].map((secret) => vault.addSlot(secret)));
  assertEquals((await Vault.inspect(store))?.length, 8);
  const [first] = (await Vault.inspect(store))!;
  for (const { id } of [first, ...slots.slice(1, 6)]) await vault.removeSlot(id);
  await rejectsWith("wrong-secret", () => Vault.open(store, KEY));
  await assertRejects(() => vault.removeSlot(slots[0].id), RangeError);
  await assertRejects(() => vault.removeSlot("none"), RangeError);
  assertEquals((await Vault.open(store, keys[0])).locked, false);
  assertEquals((await Vault.open(store, passkey)).locked, false);
  for (let count = 1; count < 8; count++) await vault.addKey();
  await assertRejects(() => vault.addKey(), RangeError);
});

Deno.test("Passphrases of one vault share a salt, and so one derivation", async () => {
  const store = new Map<string, string>();
  const vault = await Vault.create(store, PASSPHRASE);
  await vault.addSlot({ ...PASSPHRASE, passphrase: "another horse" });
  await vault.addSlot({ passphrase: "a slower horse", iterations: 110_000 });
  const salts = headerOf(store).slots.map((slot) => slot.kind === "passphrase" && slot.salt);
  assertEquals([salts[0] === salts[1], salts[0] === salts[2]], [true, false]);
  for (const passphrase of ["correct horse", "another horse", "a slower horse"]) {
    assertEquals((await Vault.open(store, { passphrase })).locked, false);
  }
});

Deno.test("A vault locks by hand, and calls back once", async () => {
  const store = new Map<string, string>();
  const vault = await Vault.create(store, KEY);
  const storage = new EncryptedStorage(store, { fernet: vault });
  await storage.set("a", 1);
  let calls = 0;
  vault.onLock(() => calls++);
  const [reading, changing] = [storage.get("a"), vault.addSlot(PASSPHRASE)];
  vault.lock();
  vault.lock();
  assertEquals([vault.locked, calls], [true, 1]);
  // What was under way fails, or is right; nothing is sealed with wiped keys.
  assert([1, "locked"].includes(await reading.catch(({ code }) => code) as string | number));
  await changing.catch(({ code }) => assertEquals(code, "locked"));
  for (const work of [() => storage.set("a", 2), () => vault.addKey(), () => storage.verify()]) {
    await rejectsWith("locked", work);
  }
  vault.onLock(() => calls++);
  assertEquals(calls, 2);
  const opened = new EncryptedStorage(store, { fernet: await Vault.open(store, KEY) });
  assertEquals(await opened.get("a"), 1);
});

Deno.test("Whenever a vault locks, nothing is sealed with wiped keys", async () => {
  for (let turns = 0; turns < 150; turns++) {
    const store = new Map<string, string>();
    const vault = await Vault.create(store, KEY);
    const storage = new EncryptedStorage(store, { fernet: vault });
    await storage.set("a", 1);
    const changes = [storage.set("a", 2), vault.addKey(), storage.rotate(), vault.addSlot(KEY)];
    for (let turn = 0; turn < turns; turn++) await null;
    vault.lock();
    for (const { status, ...rest } of await Promise.allSettled(changes)) {
      if (status === "rejected") {
        assertEquals((rest as PromiseRejectedResult).reason.code, "locked");
      }
    }
    const opened = new EncryptedStorage(store, { fernet: await Vault.open(store, KEY) });
    assert([1, 2].includes(await opened.get("a") as number));
    assertEquals((await opened.verify()).unreadable, []);
  }
});

for (const [clock, target] of [["wall", Date], ["monotonic", performance]] as const) {
  Deno.test(`A vault locks by its ${clock} clock at the next use`, async () => {
    const store = new Map<string, string>();
    const vault = await Vault.create(store, KEY, { lockAfter: 60_000 });
    const storage = new EncryptedStorage(store, { fernet: vault });
    await storage.set("a", 1);
    const now = target.now.bind(target);
    let ahead = 0;
    target.now = () => now() + ahead;
    try {
      ahead = 59_000;
      assertEquals(await storage.get("a"), 1);
      ahead = 118_000;
      assertEquals(await storage.get("a"), 1);
      ahead = 179_000;
      await rejectsWith("locked", () => storage.get("a"));
      assertEquals(vault.locked, true);
      ahead = 0;
      await rejectsWith("locked", () => storage.get("a"));
    } finally {
      target.now = now;
    }
  });
}

Deno.test("A vault locks by a timer", async () => {
  const vault = await Vault.create(new Map(), KEY, { lockAfter: 20 });
  // The vault's own timer keeps no process alive.
  const alive = setInterval(() => {}, 1_000);
  await new Promise<void>((resolve) => vault.onLock(resolve));
  clearInterval(alive);
  assertEquals(vault.locked, true);
});
