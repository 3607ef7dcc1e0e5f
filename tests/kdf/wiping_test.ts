/**
 * What is derived on the way to a result is wiped, and so are passwords: on
 * success, and when something throws.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { hkdfSync, pbkdf2Sync as nodePbkdf2Sync } from "node:crypto";
import {
  decrypt,
  decryptAesGcm256,
  decryptMany,
  decryptManySettled,
  decryptSync,
  encrypt,
  encryptAesGcm256,
  encryptMany,
  encryptSync,
  Fernet,
  InvalidTokenError,
  pbkdf2,
  pbkdf2Many,
  pbkdf2Sync,
  upgrade,
  upgradeMany,
  upgradeManySettled,
} from "@ironfern/ironfern";
import { encryptFields, openExport, sealExport } from "@ironfern/ironfern/export";
import { hkdfBlock } from "../../src/kdf/hkdf.ts";
import { assertAllWiped, type Passed, watchNode } from "../support/wiping.ts";

const SECRET = "correct horse";
const PASSWORD = new TextEncoder().encode(SECRET).toHex();
const NODE = { backend: "node" } as const;
const COST = { ...NODE, iterations: 3 } as const;
const REASON = new Error("the caller has had enough");

const value = await encrypt("text", SECRET, COST);
const gcmValue = await encryptAesGcm256("text", SECRET, COST);

/** Asserts that all that a passphrase was made into is gone. */
function assertKeysWiped({ passwords, derived, cipherKeys, copies }: Passed): void {
  const keys = new Set(derived.map(({ then }) => then));
  assert(keys.size > 0);
  assertAllWiped([...passwords, ...copies], [PASSWORD]);
  assertAllWiped([...derived, ...cipherKeys, ...copies], [...keys]);
}

const CALLS: Record<string, () => unknown> = {
  encrypt: () => encrypt("text", SECRET, COST),
  encryptMany: () => encryptMany(["a", "b"], SECRET, COST),
  decrypt: () => decrypt(value, SECRET, { ...COST, iterations: [1, 3] }),
  "decrypt, in vain": () =>
    assertRejects(() => decrypt(value, SECRET, { ...NODE, iterations: [1, 2] }), InvalidTokenError),
  encryptSync: () => encryptSync("text", SECRET, COST),
  decryptSync: () => decryptSync(value, SECRET, { ...COST, iterations: [1, 3] }),
  decryptManySettled: () => decryptManySettled([value, null], SECRET, COST),
  encryptAesGcm256: () => encryptAesGcm256("text", SECRET, COST),
  decryptAesGcm256: () => decryptAesGcm256(gcmValue, SECRET, COST),
};

for (const [name, call] of Object.entries(CALLS)) {
  Deno.test(`Passwords and derived keys are wiped: ${name}`, async () => {
    assertKeysWiped(await watchNode(call));
  });
}

const UPGRADES: Record<string, () => unknown> = {
  upgrade: () => upgrade(value, SECRET, { ...COST, targetIterations: 5 }),
  upgradeMany: () => upgradeMany([value], SECRET, { ...COST, targetIterations: 5 }),
  upgradeManySettled: () =>
    upgradeManySettled([value, null], SECRET, { ...COST, targetIterations: 5 }),
};

for (const [name, call] of Object.entries(UPGRADES)) {
  Deno.test(`Passwords, keys and plaintexts are wiped: ${name}`, async () => {
    const passed = await watchNode(call);
    assertKeysWiped(passed);
    const [{ then }] = passed.plaintexts;
    assertAllWiped(passed.plaintexts, [then]);
  });
}

const stored = await encrypt("the plaintext", SECRET, COST);
const foreign = await encrypt("text", "another", COST);
const TEXT_CALLS: Record<string, () => unknown> = {
  encrypt: () => encrypt("the plaintext", SECRET, COST),
  encryptSync: () => encryptSync("the plaintext", SECRET, COST),
  encryptMany: () => encryptMany(["the plaintext"], SECRET, COST),
  encryptAesGcm256: () => encryptAesGcm256("the plaintext", SECRET, COST),
  decrypt: () => decrypt(stored, SECRET, COST),
  decryptSync: () => decryptSync(stored, SECRET, COST),
  decryptMany: () => decryptMany([stored], SECRET, COST),
  decryptManySettled: () => decryptManySettled([stored], SECRET, COST),
};

for (const [name, call] of Object.entries(TEXT_CALLS)) {
  Deno.test(`Plaintexts under a passphrase are wiped: ${name}`, async () => {
    const { copies, plaintexts } = await watchNode(call);
    assertAllWiped([...copies, ...plaintexts], [new TextEncoder().encode("the plaintext").toHex()]);
  });
}

Deno.test("Plaintexts are wiped when another value of the call is bad", async () => {
  const { copies, plaintexts } = await watchNode(() =>
    assertRejects(() => decryptMany([stored, foreign], SECRET, COST))
  );
  assertAllWiped([...copies, ...plaintexts], [new TextEncoder().encode("the plaintext").toHex()]);
});

Deno.test("The AES key of Flet's second format is wiped", async () => {
  for (const call of [CALLS.encryptAesGcm256, CALLS.decryptAesGcm256]) {
    const { cipherKeys } = await watchNode(call);
    assertEquals(cipherKeys.length, 1);
    assertAllWiped(cipherKeys, [cipherKeys[0].then]);
  }
});

Deno.test("Passwords and derived keys are wiped when a callback throws", async () => {
  const onProgress = () => {
    throw REASON;
  };
  const options = { ...COST, onProgress };
  const inputs = [{ password: SECRET, salt: "salt" }];
  const calls = [
    () => encrypt("text", SECRET, options),
    () => encryptMany(["text"], SECRET, options),
    () => decrypt(value, SECRET, options),
    () => decryptManySettled([value], SECRET, options),
    () => pbkdf2(SECRET, "salt", options),
    () => pbkdf2Many(inputs, options),
  ];
  for (const call of calls) {
    const passed = await watchNode(async () => assert(await assertRejects(call) === REASON));
    assertKeysWiped(passed);
  }
});

Deno.test("The password of a derived key is wiped, and the key is the caller's", async () => {
  let key = new Uint8Array();
  const passed = await watchNode(async () => key = await pbkdf2(SECRET, "salt", COST));
  assertAllWiped(passed.passwords, [PASSWORD]);
  const sync = await watchNode(() => pbkdf2Sync(SECRET, "salt", COST));
  assertAllWiped(sync.passwords, [PASSWORD]);
  const expected = nodePbkdf2Sync(SECRET, "salt", 3, 32, "sha256");
  assertEquals(key.toHex(), new Uint8Array(expected).toHex());
});

Deno.test("HKDF's pseudorandom key is wiped, also when HMAC fails", async () => {
  for (const fails of [false, true]) {
    const given: Uint8Array[] = [];
    const engine = {
      hmac() {
        if (fails && given.length) return Promise.reject(REASON);
        const tag = new Uint8Array(32).fill(given.length + 1);
        given.push(tag);
        return Promise.resolve(tag);
      },
    };
    const call = hkdfBlock(engine, Uint8Array.of(1), Uint8Array.of(2));
    if (fails) assert(await assertRejects(() => call) === REASON);
    else assertEquals(await call, new Uint8Array(32).fill(2));
    assertEquals(given.length, fails ? 1 : 2);
    assert(!given[0].some(Boolean), "the pseudorandom key is left");
  }
});

Deno.test("A sealed export's root key is wiped, and the key that it gives", async () => {
  const iterations = 100_000;
  const sealed = await through(
    new Blob(["text"]),
    sealExport({ passphrase: SECRET, ...NODE, iterations }),
  );
  const passed = await watchNode(() =>
    through(sealed, openExport({ passphrase: SECRET, ...NODE }))
  );
  const [root] = passed.derived;
  assert(root);
  assertAllWiped([...passed.hmac, ...passed.derived, ...passed.copies], [root.then]);
  const [key] = passed.cipherKeys;
  assert(key);
  assertAllWiped([...passed.cipherKeys, ...passed.copies], [key.then]);
});

Deno.test("The key of encrypted fields is wiped, and the copy of the key it is made of", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const fernet = new Fernet(bytes, NODE);
  const info = new TextEncoder().encode("ironfern/fields/1");
  const derived = new Uint8Array(hkdfSync("sha256", bytes, new Uint8Array(), info, 32));
  const passed = await watchNode(async () => {
    const rows = new Blob(["id,text\n1,secret\n"]);
    const options = { format: "csv", fields: ["text"], rowId: "id" } as const;
    await through(rows, encryptFields(fernet, options));
  });
  assertAllWiped([...passed.hmac, ...passed.cipherKeys, ...passed.copies], [derived.toHex()]);
  assertAllWiped([...passed.hmac, ...passed.copies], [bytes.toHex()]);
});

async function through(
  input: Blob,
  transform: TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>,
): Promise<Blob> {
  return await new Response(input.stream().pipeThrough(transform)).blob();
}
