/**
 * Fernet keys: how they are read, and the copies that work goes on with.
 *
 * @module
 */

import type { BackendChoice } from "../backends/select/available.ts";
import { decodeBase64Url } from "../bytes/base64.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { encodeAscii } from "../bytes/text.ts";
import { isBytes, kindOf } from "../checks.ts";

const KEY_LENGTH = 32;

/** A key and the backend chosen for it. */
export interface KeyedBackend {
  /** 32 bytes. */
  readonly key: Bytes;
  /** The choice. */
  readonly backend: BackendChoice;
}

/**
 * Reads a Fernet key.
 *
 * @throws {TypeError} If it is not base64url text or bytes.
 * @throws {RangeError} If it has not 32 bytes.
 */
export function fernetKey(key: string | Uint8Array): Bytes {
  const bytes = typeof key === "string"
    ? decodeBase64Url(encodeAscii(key))
    : isBytes(key)
    ? Uint8Array.from(key)
    : undefined;
  if (!bytes) {
    throw new TypeError(
      typeof key === "string"
        ? "Cannot read the key: it is not padded base64url, as Fernet.generateKey() writes it"
        : `Cannot read the key: expected base64url text or a Uint8Array, got ${kindOf(key)}`,
    );
  }
  if (bytes.length !== KEY_LENGTH) {
    throw new RangeError(
      `Cannot use the key: it has ${bytes.length} bytes, expected ${KEY_LENGTH}`,
    );
  }
  return bytes;
}

/**
 * Work with a copy of the key: it goes on when the key is wiped meanwhile, as
 * `using` does at the end of a block, and must not go on with zeros.
 */
export async function withKey<T>(
  { key }: KeyedBackend,
  work: (key: Bytes) => Promise<T>,
): Promise<T> {
  const copy = key.slice();
  try {
    return await work(copy);
  } finally {
    copy.fill(0);
  }
}
