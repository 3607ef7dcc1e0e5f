/**
 * Keys of values under a passphrase: a salt for each value, and so a derivation for
 * each value, by PBKDF2-HMAC-SHA256.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { secretBytes } from "../checks.ts";
import {
  type CandidateKey,
  deriveKey,
  deriveKeySync,
  keysAt as kdfKeysAt,
  keysAtSync as kdfKeysAtSync,
  manyKeysAt as kdfManyKeysAt,
} from "../kdf/kdf.ts";
import type { CheckedCall } from "./options.ts";

/** Bytes of the salt in both of Flet's formats. */
export const SALT = 16;

const KDF = { hash: "SHA-256", length: 32 } as const;

/** A passphrase, as callers give it. */
export type SecretKey = string | Uint8Array;

/**
 * The bytes of a passphrase, to be wiped.
 *
 * @throws {TypeError} If it is empty, missing, of another type, or holds a lone
 * surrogate.
 * @throws {RangeError} If it is longer than 1 MiB.
 */
export function passwordBytes(secretKey: SecretKey): Bytes {
  return secretBytes(secretKey, "secretKey");
}

/**
 * Checks a passphrase before anything else is looked at.
 *
 * @throws {TypeError} As {@linkcode passwordBytes}.
 * @throws {RangeError} As {@linkcode passwordBytes}.
 */
export function checkSecretKey(secretKey: SecretKey): void {
  passwordBytes(secretKey).fill(0);
}

/** A salt for a new value. */
export function newSalt(): Bytes {
  return crypto.getRandomValues(new Uint8Array(SALT));
}

/** The key of a new value, to be wiped. */
export async function newKey(
  secretKey: SecretKey,
  salt: Bytes,
  iterations: number,
  call: CheckedCall,
): Promise<Bytes> {
  const password = passwordBytes(secretKey);
  try {
    return await deriveKey({ ...KDF, password, salt }, iterations, call);
  } finally {
    password.fill(0);
  }
}

/** {@linkcode newKey} in the calling thread. */
export function newKeySync(
  secretKey: SecretKey,
  salt: Bytes,
  iterations: number,
  { backend }: CheckedCall,
): Bytes {
  const password = passwordBytes(secretKey);
  try {
    return deriveKeySync({ ...KDF, password, salt }, iterations, backend);
  } finally {
    password.fill(0);
  }
}

/** The keys that a value may have, one for each cost. */
export async function* keysAt(
  secretKey: SecretKey,
  salt: Bytes,
  costs: readonly number[],
  call: CheckedCall,
): AsyncGenerator<CandidateKey, void> {
  const password = passwordBytes(secretKey);
  try {
    yield* kdfKeysAt({ request: { ...KDF, password, salt }, costs }, call);
  } finally {
    password.fill(0);
  }
}

/** {@linkcode keysAt} in the calling thread. */
export function* keysAtSync(
  secretKey: SecretKey,
  salt: Bytes,
  costs: readonly number[],
  { backend }: CheckedCall,
): Generator<CandidateKey, void> {
  const password = passwordBytes(secretKey);
  try {
    yield* kdfKeysAtSync({ request: { ...KDF, password, salt }, costs }, backend);
  } finally {
    password.fill(0);
  }
}

/**
 * The keys that many values may have, several of them in the making at once. A
 * value's key is begun when its salt is taken: where the salts end, no more are.
 *
 * @param count How many salts there are at most.
 */
export async function* manyKeysAt(
  secretKey: SecretKey,
  salts: Iterable<Bytes>,
  count: number,
  costs: readonly number[],
  { backend, workers, signal }: CheckedCall,
): AsyncGenerator<CandidateKey, void> {
  const password = passwordBytes(secretKey);
  function* wanted() {
    for (const salt of salts) yield { request: { ...KDF, password, salt }, costs };
  }
  const iterations = Math.max(...costs);
  try {
    if (!count) return;
    yield* kdfManyKeysAt(wanted(), { ...KDF, count, iterations, backend, workers, signal });
  } finally {
    password.fill(0);
  }
}
