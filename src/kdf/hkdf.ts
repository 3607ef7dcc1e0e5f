/**
 * HKDF-SHA256 (RFC 5869): a key for each purpose, out of one key.
 *
 * @module
 */

import type { AsyncFernetEngine, FernetEngine } from "../backends/backend.ts";
import type { BackendChoice } from "../backends/select/available.ts";
import { pickAsync } from "../backends/select/fernet.ts";
import { type Bytes, concatBytes } from "../bytes/bytes.ts";

/** Bytes of a block: the digest of SHA-256. */
const BLOCK = 32;

/**
 * Derives a key of one output block from a key, with no salt, which HKDF takes
 * as a salt of 32 zeros (RFC 5869, section 2.2).
 *
 * @param backend Whose HMAC it is.
 * @param key The key to derive from, of any length.
 * @param info What the derived key is for.
 * @returns The derived key, of 32 bytes: a longer one would be more blocks.
 * @throws {BackendUnavailableError} If the backend named is not here.
 */
export async function hkdf(
  backend: BackendChoice,
  key: Bytes,
  info: Bytes,
): Promise<Bytes> {
  const { async } = pickAsync(backend, { count: 1, length: key.length + info.length });
  return await hkdfBlock(async, key, info);
}

/** {@linkcode hkdf} by the HMAC of an engine. */
export async function hkdfBlock(
  engine: Pick<AsyncFernetEngine, "hmac">,
  key: Bytes,
  info: Bytes,
): Promise<Bytes> {
  const prk = await engine.hmac(new Uint8Array(BLOCK), key);
  try {
    // T(1) = HMAC(PRK, info || 0x01), section 2.3
    return await engine.hmac(prk, concatBytes([info, Uint8Array.of(1)]));
  } finally {
    prk.fill(0);
  }
}

/** {@linkcode hkdf} by the HMAC of a synchronous engine. */
export function hkdfSync(engine: Pick<FernetEngine, "hmac">, key: Bytes, info: Bytes): Bytes {
  const prk = engine.hmac(new Uint8Array(BLOCK), key);
  try {
    return engine.hmac(prk, concatBytes([info, Uint8Array.of(1)]));
  } finally {
    prk.fill(0);
  }
}
