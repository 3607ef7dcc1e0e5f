/**
 * The platform's own form of a Fernet key.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";

/** WebCrypto's keys. */
export interface PlatformKeys {
  /** For HMAC. */
  readonly signing: CryptoKey;
  /** For AES-CBC. */
  readonly encryption: CryptoKey;
}

/** Imports a key of 32 bytes, which are read before the call returns. */
export async function importKeys(subtle: SubtleCrypto, key: Bytes): Promise<PlatformKeys> {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const [signing, encryption] = await Promise.all([
    subtle.importKey("raw", key.subarray(0, 16), hmac, false, ["sign", "verify"]),
    subtle.importKey("raw", key.subarray(16), "AES-CBC", false, ["encrypt", "decrypt"]),
  ]);
  return { signing, encryption };
}

/**
 * Keeps the platform's keys for one key of ours: to import them takes Node as long as
 * to encrypt 100 KiB (measured). Nobody can read them or wipe them; they go with the
 * last reference.
 */
export class ImportedKeys {
  #keys: PlatformKeys | undefined;
  #importing: Promise<PlatformKeys> | undefined;
  #forgotten = false;

  /** The keys, once they are there. */
  get ready(): PlatformKeys | undefined {
    return this.#keys;
  }

  /** Imports them where that was not done; `key` is always the same one. */
  async get(subtle: SubtleCrypto, key: Bytes): Promise<PlatformKeys> {
    if (this.#forgotten) return await importKeys(subtle, key);
    const importing = this.#importing ??= importKeys(subtle, key);
    try {
      const keys = await importing;
      if (this.#importing === importing) this.#keys = keys;
      return keys;
    } catch (error) {
      if (this.#importing === importing) this.#importing = undefined;
      throw error;
    }
  }

  /** Lets go of them, and keeps none from now on. */
  forget(): void {
    this.#forgotten = true;
    this.#keys = this.#importing = undefined;
  }
}
