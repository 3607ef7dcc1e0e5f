/**
 * What Flet's own code wrote, in both of its formats and at both costs, and the other
 * vectors of these formats.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type BackendName,
  BackendUnavailableError,
  decrypt,
  decryptAesGcm256,
  decryptMany,
  decryptSync,
  encryptAesGcm256,
  InvalidTokenError,
} from "@ironfern/ironfern";
import { SYNC_BACKENDS, testEach } from "../support/backends.ts";
import { type BadCase, readVectors, type Vectors } from "../support/vectors.ts";
import fernetVectors from "../../vectors/make/given/flet_encrypt.json" with { type: "json" };
import gcmVectors from "../../vectors/make/given/flet_encrypt_aes_gcm_256.json" with {
  type: "json",
};

const COSTS = [100_000, 600_000];

/** Deno's WebCrypto does not take this format's 32-byte nonces. */
const GCM_BACKENDS: readonly BackendName[] = ["wasm", "node", "portable"];

function atCost<T extends { iterations: number }>(cases: readonly T[], iterations: number): T[] {
  return cases.filter((vector) => vector.iterations === iterations);
}

Deno.test("Flet's vectors are all there", () => {
  const counts = [fernetVectors, gcmVectors].map(({ cases }) =>
    COSTS.map((cost) => atCost(cases, cost).length)
  );
  assertEquals(counts, [[8, 8], [3, 3]]);
});

for (const cost of COSTS) {
  // Every case on every backend: portable needs under a second for the dearest.
  testEach(`Flet's encrypt at ${cost} iterations decrypts`, async (backend) => {
    for (const { encrypted, secretKey, plainText } of atCost(fernetVectors.cases, cost)) {
      assertEquals(await decrypt(encrypted, secretKey, { backend }), plainText);
    }
  });

  testEach(`Flet's encrypt at ${cost} iterations decrypts synchronously`, (backend) => {
    const [{ encrypted, secretKey, plainText }] = atCost(fernetVectors.cases, cost);
    assertEquals(decryptSync(encrypted, secretKey, { backend }), plainText);
  }, SYNC_BACKENDS);

  testEach(`Flet's encrypt_aes_gcm_256 at ${cost} iterations decrypts`, async (backend) => {
    for (const { encrypted, secretKey, plainText } of atCost(gcmVectors.cases, cost)) {
      assertEquals(await decryptAesGcm256(encrypted, secretKey, { backend }), plainText);
    }
  }, GCM_BACKENDS);
}

Deno.test('Flet\'s values of both costs decrypt in one call, on the backend "auto"', async () => {
  const cases = fernetVectors.cases.filter(({ secretKey }) => secretKey === "S3CreT!");
  assertEquals(new Set(cases.map(({ iterations }) => iterations)).size, 2);
  const texts = await decryptMany(cases.map(({ encrypted }) => encrypted), "S3CreT!");
  assertEquals(texts, cases.map(({ plainText }) => plainText));
  const [{ encrypted, secretKey, plainText }] = gcmVectors.cases;
  assertEquals(await decryptAesGcm256(encrypted, secretKey), plainText);
});

testEach("A secret as bytes is the UTF-8 of the text", async (backend) => {
  const [vector] = atCost(fernetVectors.cases, 100_000).filter(({ secretKey }) =>
    secretKey === "пароль"
  );
  const secret = new TextEncoder().encode(vector.secretKey);
  assertEquals(await decrypt(vector.encrypted, secret, { backend }), vector.plainText);
});

testEach("A wrong secret is refused", async (backend) => {
  const [{ encrypted }] = atCost(fernetVectors.cases, 100_000);
  await assertRejects(() => decrypt(encrypted, "S3CreT", { backend }), InvalidTokenError);
});

testEach("A wrong secret is refused synchronously", (backend) => {
  const [{ encrypted }] = atCost(fernetVectors.cases, 100_000);
  assertThrows(() => decryptSync(encrypted, "S3CreT", { backend }), InvalidTokenError);
}, SYNC_BACKENDS);

testEach("A wrong secret is refused, AES-GCM", async (backend) => {
  const [{ encrypted }] = atCost(gcmVectors.cases, 100_000);
  await assertRejects(() => decryptAesGcm256(encrypted, "S3CreT", { backend }), InvalidTokenError);
}, GCM_BACKENDS);

testEach("A cost that is not asked for is not tried", async (backend) => {
  const [{ encrypted, secretKey }] = atCost(fernetVectors.cases, 100_000);
  const options = { backend, iterations: [99_999, 100_001] };
  await assertRejects(() => decrypt(encrypted, secretKey, options), InvalidTokenError);
});

testEach("AES-GCM with a 32-byte nonce is not there on WebCrypto in Deno", async (backend) => {
  const [{ encrypted, secretKey }] = atCost(gcmVectors.cases, 100_000);
  for (
    const call of [
      () => decryptAesGcm256(encrypted, secretKey, { backend }),
      () => encryptAesGcm256("text", secretKey, { backend, iterations: 1 }),
    ]
  ) {
    const error = await assertRejects(call, BackendUnavailableError, "nonce");
    assertEquals(error.backend, "webcrypto");
  }
}, ["webcrypto"]);

testEach("AES-GCM comes back, with a salt and a nonce of its own", async (backend) => {
  const options = { backend, iterations: 1 };
  for (const text of ["", "naïve 🔑", "\u{feff}x".repeat(50_000)]) {
    const [first, second] = [
      await encryptAesGcm256(text, "S3CreT!", options),
      await encryptAesGcm256(text, "S3CreT!", options),
    ];
    assertEquals(await decryptAesGcm256(first, "S3CreT!", options), text);
    const heads = [first, second].map((value) => value.slice(0, 64));
    assert(heads[0].slice(0, 21) !== heads[1].slice(0, 21), "the salt is the same");
    assert(heads[0].slice(22) !== heads[1].slice(22), "the nonce is the same");
    const { length } = Uint8Array.fromBase64(first, { alphabet: "base64url" });
    assertEquals(length, 16 + 32 + new TextEncoder().encode(text).length + 16);
  }
}, GCM_BACKENDS);

testEach("Any changed byte of an AES-GCM value is refused", async (backend) => {
  const options = { backend, iterations: 1 };
  const value = await encryptAesGcm256("text", "S3CreT!", options);
  const bytes = Uint8Array.fromBase64(value, { alphabet: "base64url" });
  for (let index = 0; index < bytes.length; index++) {
    const changed = bytes.slice();
    changed[index] ^= 1 << index % 8;
    const forged = changed.toBase64({ alphabet: "base64url" });
    await assertRejects(() => decryptAesGcm256(forged, "S3CreT!", options), InvalidTokenError);
  }
  for (const length of [0, 16, 63, bytes.length - 1]) {
    const cut = bytes.slice(0, length).toBase64({ alphabet: "base64url" });
    await assertRejects(() => decryptAesGcm256(cut, "S3CreT!", options), InvalidTokenError);
  }
  assertEquals(await decryptAesGcm256(value, "S3CreT!", options), "text");
}, GCM_BACKENDS);

interface Input {
  readonly passphrase: string;
  readonly iterations: readonly number[];
  readonly value: string;
}

interface Output {
  readonly text: string;
  readonly iterations: number;
}

/** Flet's own stand in other tests. */
function ownVectors(file: "flet" | "flet_aes_gcm"): Vectors<Input, Output> {
  const { good, bad } = readVectors<Input, Output>(file);
  return { good: good.filter(({ source }) => source !== "Flet"), bad };
}

/** What came of a value: an error's name, or "opened". */
async function outcome(open: () => string | Promise<string>): Promise<string> {
  try {
    await open();
    return "opened";
  } catch (error) {
    return error instanceof InvalidTokenError
      ? "invalid-token"
      : error instanceof TypeError
      ? "bad-text"
      : String(error);
  }
}

async function checkBad(
  { input, error, name }: BadCase<Input>,
  backend: BackendName,
  opens: readonly typeof decryptSync[] | readonly typeof decrypt[],
): Promise<void> {
  const { value, passphrase, iterations } = input;
  for (const open of opens) {
    const seen = await outcome(() => open(value, passphrase, { backend, iterations }));
    assertEquals(seen, error, name);
  }
}

const values = ownVectors("flet");
const gcmValues = ownVectors("flet_aes_gcm");

testEach("Vectors: values under a passphrase", async (backend) => {
  const isSync = SYNC_BACKENDS.includes(backend);
  for (const { input: { value, passphrase, iterations }, output, name } of values.good) {
    const options = { backend, iterations };
    assertEquals(await decrypt(value, passphrase, options), output.text, name);
    if (isSync) assertEquals(decryptSync(value, passphrase, options), output.text, name);
  }
  for (const vector of values.bad) {
    await checkBad(vector, backend, [decrypt]);
    if (isSync) await checkBad(vector, backend, [decryptSync]);
  }
});

testEach("Vectors: values under a passphrase, AES-GCM", async (backend) => {
  for (const { input: { value, passphrase, iterations }, output, name } of gcmValues.good) {
    const opened = await decryptAesGcm256(value, passphrase, { backend, iterations });
    assertEquals(opened, output.text, name);
  }
  for (const vector of gcmValues.bad) await checkBad(vector, backend, [decryptAesGcm256]);
}, GCM_BACKENDS);
