/**
 * Options and arguments of the calls under a passphrase: names that are not
 * known, own properties only, and arguments in the wrong order.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as api from "@ironfern/ironfern";

const SECRET = "Hunter2-secret";
const PLAIN = "Hunter2-plain";
const TELLTALE = /hunter2/i;
const COST = { iterations: 2 } as const;
const REASON = new Error("the caller has had enough");

const stored = await api.encrypt(PLAIN, SECRET, COST);
const storedGcm = await api.encryptAesGcm256(PLAIN, SECRET, COST);

/** Every public call of the KDF's options, with options that it takes beside those given. */
// deno-lint-ignore no-explicit-any
const CALLS: Record<string, (options: any) => unknown> = {
  encrypt: (options) => api.encrypt(PLAIN, SECRET, options),
  encryptSync: (options) => api.encryptSync(PLAIN, SECRET, options),
  encryptMany: (options) => api.encryptMany([PLAIN], SECRET, options),
  decrypt: (options) => api.decrypt(stored, SECRET, options),
  decryptSync: (options) => api.decryptSync(stored, SECRET, options),
  decryptMany: (options) => api.decryptMany([stored], SECRET, options),
  decryptManySettled: (options) => api.decryptManySettled([stored], SECRET, options),
  upgrade: (options) => api.upgrade(stored, SECRET, options),
  upgradeMany: (options) => api.upgradeMany([stored], SECRET, options),
  upgradeManySettled: (options) => api.upgradeManySettled([stored], SECRET, options),
  encryptAesGcm256: (options) => api.encryptAesGcm256(PLAIN, SECRET, options),
  decryptAesGcm256: (options) => api.decryptAesGcm256(storedGcm, SECRET, options),
  pbkdf2: (options) => api.pbkdf2(SECRET, "salt", options),
  pbkdf2Sync: (options) => api.pbkdf2Sync(SECRET, "salt", options),
  pbkdf2Many: (options) => api.pbkdf2Many([{ password: SECRET, salt: "salt" }], options),
  calibrate: (options) => api.calibrate(options),
};

async function errorOf(call: () => unknown): Promise<Error> {
  const error = await assertRejects(async () => await call());
  assert(error instanceof Error);
  assert(!TELLTALE.test(`${error.message} ${error.cause}`), "it tells a secret");
  return error;
}

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test(`Options that are no object or not known are refused: ${name}`, async () => {
    for (const options of [null, "secret", true, [], 100_000]) {
      const { message, constructor } = await errorOf(() => call(options));
      assertEquals(constructor, TypeError, message);
      assert(message.startsWith("Cannot use the options: expected an object"), message);
      if (options === 100_000 && name !== "calibrate") {
        assert(message.endsWith("got number, so write { iterations: … }"), message);
      }
    }
    const typo = name === "calibrate" ? { target: 1 } : { iteration: 2 };
    const meant = name === "calibrate" ? "targetMs" : "iterations";
    for (
      const [options, hint] of [[typo, `did you mean ${meant}?`], [{ ttl: 60 }, "expected one of"]]
    ) {
      const { message, constructor } = await errorOf(() => call(options));
      assertEquals(constructor, TypeError, message);
      assert(message.includes("it is unknown") && message.includes(hint as string), message);
    }
  });
}

Deno.test("Options of other calls are refused, so that none is ignored", async () => {
  const wrong: [name: string, options: object][] = [
    ["encrypt", { lenient: true }],
    ["encrypt", { workers: 2 }],
    ["encryptSync", { signal: new AbortController().signal }],
    ["decryptSync", { onProgress() {} }],
    ["decrypt", { workers: 0 }],
    ["decryptMany", { targetIterations: 2 }],
    ["upgrade", { workers: 0 }],
    ["pbkdf2", { workers: 0 }],
    ["pbkdf2Sync", { iterations: 1, signal: undefined }],
  ];
  for (const [name, options] of wrong) {
    const { message } = await errorOf(() => CALLS[name](options));
    assert(message.includes("it is unknown"), `${name}: ${message}`);
  }
  const { message } = await errorOf(() => api.decrypt(stored, SECRET, { lenient: 1 as never }));
  assertEquals(message, "Cannot use lenient: expected a boolean, got number");
});

Deno.test("Only the options' own properties count", async () => {
  const polluted = { iterations: 3, lenient: true, onProgress: () => assert(false), hash: "SHA-1" };
  const told: (number | undefined)[] = [];
  const onProgress = (_: number, total: number | undefined) => {
    told.push(total);
    throw REASON;
  };
  Object.assign(Object.prototype, polluted);
  try {
    const inherited = Object.create({ iterations: 3 });
    Object.assign(inherited, { onProgress, backend: "wasm" });
    await assertRejects(() => api.encrypt(PLAIN, SECRET, inherited));
    await assertRejects(() => api.encrypt(PLAIN, SECRET, { onProgress, backend: "wasm" }));
    await assertRejects(() => api.upgrade(stored, SECRET, { onProgress, backend: "wasm" }));
    assertThrows(() => api.pbkdf2Sync(SECRET, "salt", {} as api.Pbkdf2SyncOptions), TypeError);
    const key = api.pbkdf2Sync(SECRET, "salt", COST);
    assertEquals(key, await api.pbkdf2(SECRET, "salt", { ...COST, hash: "SHA-256" }));
    const spaced = ` ${stored}`;
    await assertRejects(() => api.decrypt(spaced, SECRET, COST), api.InvalidTokenError);
  } finally {
    for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name);
  }
  assertEquals(told, [600_000, 600_000, 600_000]);
});

Deno.test("Arguments in the wrong order are told of, where they can be told apart", async () => {
  const swapped = [
    () => api.decrypt(SECRET, stored),
    () => api.decrypt(SECRET, ` ${stored}`, { lenient: true }),
    () => api.decryptSync(SECRET, stored),
    () => api.upgrade(SECRET, stored),
    () => api.decryptAesGcm256(SECRET, storedGcm),
  ];
  for (const call of swapped) {
    const { message, constructor } = await errorOf(call);
    assertEquals(constructor, TypeError);
    assert(message.endsWith("so swap the arguments"), message);
  }
  // Neither is a value, or both are: then it is just a bad value.
  await assertRejects(() => api.decrypt(SECRET, SECRET), api.InvalidTokenError);
  await assertRejects(() => api.decrypt(stored, stored, COST), api.InvalidTokenError);
});

Deno.test("Messages call the arguments by their names", async () => {
  const lone = "\ud83d";
  const messages: [call: () => unknown, start: string][] = [
    [() => api.encrypt(1 as never, SECRET), "Cannot use plainText: expected a string"],
    [() => api.encrypt(lone, SECRET), "Cannot encode plainText as UTF-8"],
    [() => api.encryptMany([PLAIN, lone], SECRET), "Cannot encode plainTexts[1] as UTF-8"],
    [() => api.encryptMany(PLAIN as never, SECRET), "Cannot use plainTexts: expected an array"],
    [() => api.encrypt(PLAIN, ""), "Cannot use secretKey: it is empty"],
    [() => api.encrypt(PLAIN, undefined as never), "Cannot use secretKey: it is missing"],
    [() => api.decrypt("no value", undefined as never), "Cannot use secretKey: it is missing"],
    [() => api.decryptMany(["no value"], ""), "Cannot use secretKey: it is empty"],
    [
      () => api.decrypt(PLAIN, 7 as never),
      "Cannot use secretKey: expected a string or a Uint8Array",
    ],
    [
      () => api.decrypt(null as never, SECRET),
      "Cannot use encryptedData: expected a string, got null",
    ],
    [() => api.decryptMany([stored, 7 as never], SECRET), "Cannot use encryptedData[1]: expected"],
  ];
  for (const [call, start] of messages) {
    const { message } = await errorOf(call);
    assert(message.startsWith(start), message);
  }
});

Deno.test("Inputs are copied before the secret is used", async () => {
  const password = new TextEncoder().encode(SECRET);
  const encrypting = api.encrypt(PLAIN, password, COST);
  const many = api.encryptMany([PLAIN, PLAIN], password, COST);
  password.fill(0);
  assertEquals(await api.decrypt(await encrypting, SECRET, COST), PLAIN);
  assertEquals(await api.decryptMany(await many, SECRET, COST), [PLAIN, PLAIN]);

  // A getter that wipes the secret when it is read: options are read first.
  const secret = new TextEncoder().encode(SECRET);
  const options = Object.defineProperty({}, "iterations", {
    enumerable: true,
    get() {
      secret.fill(0x41);
      return 2;
    },
  });
  const value = await api.encrypt(PLAIN, secret, options);
  assertEquals(await api.decrypt(value, "A".repeat(secret.length), COST), PLAIN);
  const texts = [stored];
  const decrypting = api.decryptMany(texts, SECRET, COST);
  texts[0] = "changed";
  assertEquals(await decrypting, [PLAIN]);
});
