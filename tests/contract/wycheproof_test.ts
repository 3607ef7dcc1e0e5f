/**
 * The vectors of github.com/C2SP/wycheproof (Apache-2.0) for the primitives that
 * the backends are made of. Each test says how many vectors it ran.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { type BackendName, Fernet, type Hash, InvalidTokenError, pbkdf2 } from "@ironfern/ironfern";
import { createHmac } from "node:crypto";
import type { Backend } from "../../src/backends/backend.ts";
import { singleBatch } from "../../src/bytes/batch.ts";
import { BACKENDS, SYNC_BACKENDS, testEach } from "../support/backends.ts";
import cbcVectors from "../vectors/wycheproof/aes_cbc_pkcs5_test.json" with { type: "json" };
import gcmVectors from "../vectors/wycheproof/aes_gcm_test.json" with { type: "json" };
import hmacVectors from "../vectors/wycheproof/hmac_sha256_test.json" with { type: "json" };
import sha1Vectors from "../vectors/wycheproof/pbkdf2_hmacsha1_test.json" with { type: "json" };
import sha256Vectors from "../vectors/wycheproof/pbkdf2_hmacsha256_test.json" with { type: "json" };
import sha384Vectors from "../vectors/wycheproof/pbkdf2_hmacsha384_test.json" with { type: "json" };
import sha512Vectors from "../vectors/wycheproof/pbkdf2_hmacsha512_test.json" with { type: "json" };

const hex = Uint8Array.fromHex;

function countResults(vectors: readonly { result: string }[]): { valid: number; invalid: number } {
  const valid = vectors.filter(({ result }) => result === "valid").length;
  const invalid = vectors.filter(({ result }) => result === "invalid").length;
  assertEquals(valid + invalid, vectors.length);
  return { valid, invalid };
}

const cbc = cbcVectors.testGroups
  .filter(({ keySize }) => keySize === 128)
  .flatMap(({ tests }) => tests);

Deno.test("AES-CBC-PKCS5: 72 vectors have Fernet's key size, 144 have another", () => {
  assertEquals(countResults(cbc), { valid: 24, invalid: 48 });
  const others = cbcVectors.testGroups.filter(({ keySize }) => keySize !== 128);
  assertEquals(others.map(({ keySize, tests }) => [keySize, tests.length]), [[192, 72], [256, 72]]);
});

/** A token around a ciphertext, signed so that only the ciphertext can be wrong. */
function tokenAround(signingKey: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): string {
  const signed = Uint8Array.of(0x80, ...new Uint8Array(8), ...iv, ...ciphertext);
  const tag = createHmac("sha256", signingKey).update(signed).digest();
  return Uint8Array.of(...signed, ...tag).toBase64({ alphabet: "base64url" });
}

async function checkDecryption(backend: BackendName, vector: typeof cbc[number]): Promise<void> {
  const signingKey = crypto.getRandomValues(new Uint8Array(16));
  const fernet = new Fernet(Uint8Array.of(...signingKey, ...hex(vector.key)), { backend });
  const token = tokenAround(signingKey, hex(vector.iv), hex(vector.ct));
  const isSync = SYNC_BACKENDS.includes(backend);
  const which = `tcId ${vector.tcId}`;
  if (vector.result === "valid") {
    assertEquals((await fernet.decryptAsync(token)).toHex(), vector.msg, which);
    if (isSync) assertEquals(fernet.decrypt(token).toHex(), vector.msg, which);
  } else {
    await assertRejects(() => fernet.decryptAsync(token), InvalidTokenError);
    if (isSync) assertThrows(() => fernet.decrypt(token), InvalidTokenError);
  }
}

async function checkEncryption({ sync, async }: Backend, vector: typeof cbc[number]) {
  const key = Uint8Array.of(...new Uint8Array(16), ...hex(vector.key));
  const head = Uint8Array.of(...new Uint8Array(8), ...hex(vector.iv));
  const call = [key, singleBatch(hex(vector.msg)), head] as const;
  const sealed = [await async.seal(...call), ...sync ? [sync.seal(...call)] : []];
  for (const { bytes } of sealed) {
    const text = new TextDecoder().decode(bytes);
    const raw = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    assertEquals(raw.slice(25, -32).toHex(), vector.ct, `tcId ${vector.tcId}`);
  }
}

testEach("AES-CBC-PKCS5: 24 valid and 48 invalid ciphertexts as tokens", async (backend) => {
  let ran = 0;
  for (const vector of cbc) {
    await checkDecryption(backend, vector);
    ran++;
  }
  assertEquals(ran, 72);
});

testEach("AES-CBC-PKCS5: 24 messages encrypt to their ciphertexts", async (_, engine) => {
  let ran = 0;
  for (const vector of cbc.filter(({ result }) => result === "valid")) {
    await checkEncryption(engine, vector);
    ran++;
  }
  assertEquals(ran, 24);
});

/** WebCrypto does not import empty keys; there are none among these vectors. */
testEach("HMAC-SHA256: 174 vectors, half of them with truncated tags", async (_, engine) => {
  const ran = { whole: 0, truncated: 0 };
  for (const { tagSize, tests } of hmacVectors.testGroups) {
    for (const { tcId, key, msg, tag, result } of tests) {
      assert(key.length > 0);
      const tags = [await engine.async.hmac(hex(key), hex(msg))];
      if (engine.sync) tags.push(engine.sync.hmac(hex(key), hex(msg)));
      for (const computed of tags) {
        assertEquals(computed.length, 32);
        const prefix = computed.slice(0, tagSize / 8).toHex();
        if (result === "valid") assertEquals(prefix, tag, `tcId ${tcId}`);
        else assertNotEquals(prefix, tag, `tcId ${tcId}`);
      }
      ran[tagSize === 256 ? "whole" : "truncated"]++;
    }
  }
  assertEquals(ran, { whole: 87, truncated: 87 });
});

Deno.test("HMAC-SHA256: 66 of the vectors are valid, 108 have a modified tag", () => {
  const vectors = hmacVectors.testGroups.flatMap(({ tests }) => tests);
  assertEquals(countResults(vectors), { valid: 66, invalid: 108 });
});

type Pbkdf2Vectors = { testGroups: { tests: typeof sha1Vectors.testGroups[0]["tests"] }[] };

const SLOW = 16_777_216;

function pbkdf2Vectors({ testGroups }: Pbkdf2Vectors, slow: boolean) {
  const vectors = testGroups.flatMap(({ tests }) => tests);
  return vectors.filter(({ iterationCount }) => slow === (iterationCount === SLOW));
}

async function checkPbkdf2(
  hash: Hash,
  backend: BackendName,
  vectors: ReturnType<typeof pbkdf2Vectors>,
): Promise<void> {
  for (const { tcId, password, salt, iterationCount: iterations, dkLen: length, dk } of vectors) {
    const options = { hash, iterations, length, backend };
    const key = await pbkdf2(hex(password), hex(salt), options);
    assertEquals(key.toHex(), dk, `tcId ${tcId}`);
  }
}

const PBKDF2: readonly [Hash, Pbkdf2Vectors, count: number][] = [
  ["SHA-1", sha1Vectors, 63],
  ["SHA-256", sha256Vectors, 60],
  ["SHA-384", sha384Vectors, 58],
  ["SHA-512", sha512Vectors, 58],
];

for (const [hash, file, count] of PBKDF2) {
  testEach(`PBKDF2-HMAC-${hash}: ${count} vectors`, async (backend) => {
    const vectors = pbkdf2Vectors(file, false);
    assertEquals(countResults(vectors), { valid: count, invalid: 0 });
    await checkPbkdf2(hash, backend, vectors);
  });
}

// `deno test --quiet` shows what a test is called, but not what it prints.
const slow = Deno.env.has("IRONFERN_SLOW_VECTORS");
Deno.test({
  name: `PBKDF2-HMAC-SHA-1: the vector of ${SLOW} iterations on every backend${
    slow ? "" : " is left out: it takes up to a minute; set IRONFERN_SLOW_VECTORS to run it"
  }`,
  ignore: !slow,
  async fn() {
    const vectors = pbkdf2Vectors(sha1Vectors, true);
    assertEquals(vectors.length, 1);
    for (const backend of BACKENDS) await checkPbkdf2("SHA-1", backend, vectors);
  },
});

const gcm = gcmVectors.testGroups
  .filter(({ keySize, tagSize }) => keySize === 256 && tagSize === 128)
  .flatMap(({ ivSize, tests }) => tests.map((vector) => ({ ...vector, ivSize })))
  .filter(({ aad }) => aad === "");

/** Deno's node:crypto errs where the first counter block is 0, by a chance of 2^-128. */
const ZERO_COUNTER = 241;

interface GcmRun {
  readonly backend: BackendName;
  readonly takes: (vector: typeof gcm[number]) => boolean;
  readonly limits: string;
  readonly valid: number;
  readonly invalid: number;
}

const GCM: readonly GcmRun[] = [{
  backend: "webcrypto",
  takes: ({ ivSize }) => ivSize === 96 || ivSize === 128,
  limits: "Deno's takes nonces of 12 and 16 bytes",
  valid: 40,
  invalid: 27,
}, {
  backend: "node",
  takes: ({ ivSize, tcId }) => ivSize > 0 && tcId !== ZERO_COUNTER,
  limits: "Deno's errs on one more",
  valid: 57,
  invalid: 27,
}, {
  backend: "portable",
  takes: ({ ivSize }) => ivSize >= 64,
  limits: "noble takes nonces of 8 bytes and more",
  valid: 50,
  invalid: 27,
}];

for (const { backend, takes, limits, ...counts } of GCM) {
  const title = `AES-GCM: ${counts.valid} valid and ${counts.invalid} invalid vectors, ${limits}`;
  testEach(title, async (_, { gcm: engine }) => {
    assert(engine);
    const vectors = gcm.filter(takes);
    assertEquals(countResults(vectors), counts);
    for (const { tcId, key, iv, msg, ct, tag, result } of vectors) {
      const opened = await engine.open(hex(key), hex(iv), hex(ct + tag));
      const valid = result === "valid";
      assertEquals(opened?.toHex(), valid ? msg : undefined, `tcId ${tcId}`);
      if (!valid) continue;
      const sealed = await engine.seal(hex(key), hex(iv), hex(msg));
      assertEquals(sealed.toHex(), ct + tag, `tcId ${tcId}`);
    }
  }, [backend]);
}

Deno.test("AES-GCM: 87 of 316 vectors have this engine's sizes and no additional data", () => {
  assertEquals([gcm.length, gcmVectors.numberOfTests], [87, 316]);
});

testEach("AES-GCM is not in the kernel", (_, { gcm: engine }) => {
  assertEquals(engine, undefined);
}, ["wasm"]);
