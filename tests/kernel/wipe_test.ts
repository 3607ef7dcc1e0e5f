/**
 * What the kernel's memory holds after use: nothing that it did not hold when it
 * was new, whatever the secret and however it is laid out.
 *
 * @module
 */

import {
  decrypt,
  decryptSync,
  encrypt,
  Fernet,
  type Hash,
  InvalidTokenError,
  pbkdf2,
  pbkdf2Many,
  pbkdf2Sync,
} from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
import { unsafe } from "@noble/ciphers/aes.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createCipheriv, createHmac, pbkdf2Sync as nodePbkdf2 } from "node:crypto";
import { concatBytes } from "../../src/bytes/bytes.ts";
import { decodeAscii, encodeAscii } from "../../src/bytes/text.ts";
import { decodeBase64Url, encodeBase64Url } from "../../src/bytes/base64.ts";
import { getKernel } from "../../src/kernel/kernel.ts";

const LONG = 5_000_000;
const HASHES = { "SHA-1": sha1, "SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512 };

const kernel = getKernel();
const fresh = new Uint32Array(kernel.exports.memory.buffer.slice(0));

/** What must not be left behind, by name. */
type Secrets = Record<string, Uint8Array>;

/** A piece of memory that is not as it was when the kernel was new. */
interface Trace {
  /** Where it is. */
  readonly place: string;
  /** The names of the secrets of which it holds a word. */
  readonly secrets: ReadonlySet<string>;
}

/**
 * Compares the whole memory with what it was, and looks for every four bytes of
 * the secrets in what differs, at any place and in either byte order: so it finds
 * them in words, in text and in the lanes of SIMD vectors.
 */
function traces(secrets: Secrets): Trace[] {
  const { buffer } = kernel.exports.memory;
  const words = new Uint32Array(buffer);
  const names = new Map<number, string>();
  for (const [name, bytes] of Object.entries(secrets)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      names.set(view.getUint32(at), name).set(view.getUint32(at, true), name);
    }
  }
  const memory = new DataView(buffer);
  const found: Trace[] = [];
  for (let start = 0; start < words.length; start++) {
    if (words[start] === fresh[start]) continue;
    let end = start + 1;
    while (end < words.length && words[end] !== fresh[end]) end++;
    const here = new Set<string>();
    const last = Math.min(4 * end, buffer.byteLength - 4);
    for (let at = Math.max(4 * start - 3, 0); at <= last; at++) {
      const name = names.get(memory.getUint32(at));
      if (name) here.add(name);
    }
    found.push({ place: `${4 * (end - start)} bytes at ${placeOf(4 * start)}`, secrets: here });
    start = end;
  }
  return found;
}

function placeOf(address: number): string {
  const arena = address - kernel.exports.arena_address();
  if (address < kernel.exports.stack_end()) return `${address} (stack)`;
  return `${address} (${arena >= 0 && arena < kernel.exports.arena_length() ? "arena" : "static"})`;
}

function assertWiped(secrets: Secrets): void {
  const left = traces(secrets).map(({ place, secrets }) =>
    `${place}: ${[...secrets].join(", ") || "nothing known"}`
  );
  // What one test finds is not to be found by the next one.
  new Uint32Array(kernel.exports.memory.buffer).set(fresh);
  assertEquals(left, []);
}

/** Asserts that the scan saw these secrets, and nothing outside the kernel's slots. */
function assertInSlots(found: readonly Trace[], expected: readonly string[]): Set<string> {
  const seen = new Set(found.flatMap(({ secrets }) => [...secrets]));
  for (const name of expected) assert(seen.has(name), `${name} is not seen`);
  assertEquals(found.filter(({ place }) => !place.endsWith("(static)")), []);
  return seen;
}

/** Bytes that are the same in every run, and found nowhere else. */
function fixedBytes(name: string, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(sha512(encodeAscii(name)).subarray(0, length));
}

/** The two chaining values that HMAC makes of a key (RFC 2104). */
function midstates(hash: Hash, key: Uint8Array): Secrets {
  const { create, blockLen } = HASHES[hash];
  const block = new Uint8Array(blockLen);
  block.set(key.length > blockLen ? HASHES[hash](key) : key);
  const after = (pad: number) => {
    const state = create().update(block.map((byte) => byte ^ pad));
    const words = (state as unknown as { get(): number[] }).get();
    const bytes = new DataView(new ArrayBuffer(4 * words.length));
    words.forEach((word, index) => bytes.setInt32(4 * index, word));
    return new Uint8Array(bytes.buffer);
  };
  return { "inner midstate": after(0x36), "outer midstate": after(0x5c) };
}

function fernetSecrets(key: Uint8Array, plaintext: Uint8Array): Secrets {
  const secrets: Secrets = {
    "signing key": key.subarray(0, 16),
    plaintext: plaintext.subarray(0, 4_096),
    ...midstates("SHA-256", key.subarray(0, 16)),
  };
  const schedule = new Uint8Array(unsafe.expandKeyLE(key.slice(16)).buffer);
  for (let round = 0; round <= 10; round++) {
    secrets[`AES round key ${round}`] = schedule.subarray(16 * round, 16 * (round + 1));
  }
  return secrets;
}

interface Derivation {
  readonly hash: Hash;
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
}

/** Of a derivation that has come to so many iterations. */
function derivationSecrets({ hash, password, salt }: Derivation, iterations: number): Secrets {
  const { outputLen } = HASHES[hash];
  const digest = hash.replace("-", "").toLowerCase();
  // In two blocks, as the derivations of these tests have.
  const output = (count: number) =>
    Uint8Array.from(nodePbkdf2(password, salt, count, 2 * outputLen, digest));
  const before = iterations > 1 ? output(iterations - 1) : new Uint8Array(2 * outputLen);
  const derivedKey = output(iterations);
  return {
    password,
    ...midstates(hash, password),
    "derived key": derivedKey,
    "latest iteration": derivedKey.map((byte, index) => byte ^ before[index]),
  };
}

/** A token whose MAC is right and whose padding is not. */
function badlyPadded(key: Uint8Array, plaintext: Uint8Array): string {
  const whole = new Uint8Array(Math.ceil((plaintext.length + 1) / 16) * 16);
  whole.set(plaintext);
  const iv = fixedBytes("iv", 16);
  const cipher = createCipheriv("aes-128-cbc", key.subarray(16), iv).setAutoPadding(false);
  const signed = concatBytes([
    Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0),
    iv,
    cipher.update(whole),
  ]);
  const tag = createHmac("sha256", key.subarray(0, 16)).update(signed).digest();
  return decodeAscii(encodeBase64Url(concatBytes([signed, tag])));
}

/** The token with another last byte of its MAC. */
function badlySigned(token: string): string {
  const raw = decodeBase64Url(encodeAscii(token)) ?? new Uint8Array(1);
  raw[raw.length - 1] ^= 1;
  return decodeAscii(encodeBase64Url(raw));
}

const key = fixedBytes("key", 32);
const fernet = new Fernet(key, { backend: "wasm" });
const SHORT = Uint8Array.from(fixedBytes("plaintext", 16));
const repeated = Uint8Array.from({ length: LONG }, (_, index) => SHORT[index % SHORT.length]);
const secrets = fernetSecrets(key, repeated);

for (const [name, plaintext] of Object.entries({ short: repeated.slice(0, 200), long: repeated })) {
  Deno.test(`nothing is left of a ${name} message, sealed and opened`, () => {
    const token = fernet.encrypt(plaintext);
    assertWiped(secrets);
    assertEquals(fernet.decrypt(token).length, plaintext.length);
    assertWiped(secrets);
  });

  Deno.test(`nothing is left of a ${name} message that is refused`, async () => {
    const valid = fernet.encrypt(plaintext);
    for (const token of [badlySigned(valid), badlyPadded(key, plaintext), valid.slice(0, -4)]) {
      assertThrows(() => fernet.decrypt(token), InvalidTokenError);
      assertWiped(secrets);
      await assertRejects(() => fernet.decryptAsync(token), InvalidTokenError);
      assertWiped(secrets);
    }
  });

  Deno.test(`nothing is left of a ${name} message, sealed and opened asynchronously`, async () => {
    const token = await fernet.encryptAsync(plaintext);
    assertWiped(secrets);
    assertEquals((await fernet.decryptAsync(token)).length, plaintext.length);
    assertWiped(secrets);
  });
}

Deno.test("nothing is left of a batch, some of which is refused", () => {
  const plaintexts = Array.from({ length: 1_000 }, (_, index) => repeated.subarray(0, index % 200));
  const tokens = fernet.encryptMany(plaintexts);
  assertWiped(secrets);
  tokens[10] = badlySigned(tokens[10]);
  tokens[20] = badlyPadded(key, plaintexts[20]);
  const results = fernet.decryptManySettled(tokens);
  assertEquals(results.filter(({ ok }) => !ok).length, 2);
  assertWiped(secrets);
});

Deno.test("nothing is left of lines, whether they are opened or refused", async () => {
  const rows = repeated.slice(0, 60_000);
  for (let end = 80; end < rows.length; end += 1 + end % 203) rows[end] = 0x0a;
  const through = (text: Uint8Array<ArrayBuffer>, lines: typeof encryptLines) =>
    new Response(new Blob([text]).stream().pipeThrough(lines(fernet))).bytes();
  const tokens = await through(rows, encryptLines);
  assertWiped(secrets);
  assertEquals(await through(tokens, decryptLines), rows);
  assertWiped(secrets);
  const at = tokens.length >> 1;
  await assertRejects(
    () => through(tokens.with(at, tokens[at] ^ 1), decryptLines),
    InvalidTokenError,
  );
  assertWiped(secrets);
});

Deno.test("a long message is seen under way, and nothing is left of it when it is aborted", async () => {
  const token = fernet.encrypt(repeated);
  const calls = {
    encryptAsync: (signal: AbortSignal) => fernet.encryptAsync(repeated, { signal }),
    decryptAsync: (signal: AbortSignal) => fernet.decryptAsync(token, { signal }),
  };
  for (const call of Object.values(calls)) {
    const controller = new AbortController();
    let settled = false;
    const running = call(controller.signal).catch((reason) => reason).finally(() => settled = true);
    let found: Trace[] = [];
    while (!found.length && !settled) {
      await new Promise((resolve) => setTimeout(resolve));
      found = traces(secrets);
    }
    controller.abort("enough");
    assertEquals(await running, "enough");
    assertWiped(secrets);
    assertInSlots(found, ["outer midstate"]);
  }
});

Deno.test("nothing is left of a call that throws", () => {
  const { memory } = kernel.exports;
  assertThrows(() =>
    kernel.call((_, arena) => {
      arena.write(key);
      assert(traces(secrets)[0].secrets.has("signing key"));
      arena.place(kernel.exports.arena_length());
    }), RangeError);
  assert(new Uint32Array(memory.buffer).every((word) => word === 0));
  // Whoever asks for the generation next has a new instance.
  assertEquals(kernel.generation, 1);
  assertWiped(secrets);
});

/** What PBKDF2 goes on from: it needs the password no more. */
const STATE = ["inner midstate", "outer midstate", "derived key", "latest iteration"];

for (const hash of Object.keys(HASHES) as Hash[]) {
  const derivation = {
    hash,
    password: fixedBytes(`password ${hash}`, 24),
    salt: fixedBytes(`salt ${hash}`, 16),
  };
  const { password, salt } = derivation;
  const length = HASHES[hash].outputLen + 5;
  const options = { hash, length, backend: "wasm" } as const;

  Deno.test(`nothing is left of a derivation [${hash}]`, async () => {
    for (const iterations of [1, 2_500]) {
      const left = derivationSecrets(derivation, iterations);
      const derivedKey = pbkdf2Sync(password, salt, { ...options, iterations });
      assertEquals(derivedKey, left["derived key"].slice(0, length));
      assertWiped(left);
      await pbkdf2(password, salt, { ...options, iterations });
      assertWiped(left);
      const inputs = Array.from({ length: 20 }, () => ({ password, salt }));
      await pbkdf2Many(inputs, { ...options, iterations });
      assertWiped(left);
    }
  });

  Deno.test(`nothing is left of a derivation from a password longer than a block [${hash}]`, () => {
    const long = { ...derivation, password: concatBytes(Array(9).fill(password)) };
    pbkdf2Sync(long.password, salt, { ...options, iterations: 10 });
    assertWiped(derivationSecrets(long, 10));
  });

  Deno.test(`a derivation is seen under way, and nothing is left of one that is stopped [${hash}]`, async () => {
    const iterations = 50_000;
    const enough = new Error("enough");
    for (const way of ["abort", "throw"]) {
      const controller = new AbortController();
      let left: Secrets = {};
      let found: Trace[] = [];
      const running = pbkdf2(password, salt, {
        ...options,
        iterations,
        signal: controller.signal,
        onProgress(done) {
          if (done < iterations || found.length) return;
          // Both blocks of the key are at half of their iterations.
          left = derivationSecrets(derivation, done / 2);
          found = traces(left);
          controller.abort(enough);
          if (way === "throw") throw enough;
        },
      });
      assertEquals(await running.catch((reason) => reason), enough);
      assertWiped(left);
      assert(!assertInSlots(found, STATE).has("password"));
    }
  });
}

Deno.test("nothing is left of text under a passphrase", async () => {
  const password = fixedBytes("passphrase", 24);
  const options = { iterations: 1_500, backend: "wasm" } as const;
  const text = decodeAscii(SHORT.map((byte) => 0x41 + byte % 26)).repeat(8);
  const value = await encrypt(text, password, options);
  const salt = decodeBase64Url(encodeAscii(value))?.slice(0, 16) ?? new Uint8Array();
  const derivation = { hash: "SHA-256", password, salt } as const;
  const derived = derivationSecrets(derivation, options.iterations);
  const left = {
    ...derived,
    ...fernetSecrets(derived["derived key"].slice(0, 32), encodeAscii(text)),
  };
  assertWiped(left);
  assertEquals(await decrypt(value, password, { ...options, iterations: [500, 1_500] }), text);
  assertWiped(left);
  assertEquals(decryptSync(value, password, options), text);
  assertWiped(left);
  await assertRejects(() => decrypt(value, "another", options), InvalidTokenError);
  assertWiped(left);
});
