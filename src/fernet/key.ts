/**
 * Fernet keys: how they are read, and the copies that asynchronous work uses.
 *
 * @module
 */

import type { ImportedKeys } from "../backends/imported_keys.ts";
import type { BackendChoice } from "../backends/select/available.ts";
import { canonicalBase64Url, decodeBase64Url } from "../bytes/base64.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { encodeAscii } from "../bytes/text.ts";
import { isBytes, kindOf } from "../checks.ts";

const KEY_LENGTH = 32;
/** What else a key is written as: 64 hexadecimal digits. */
const HEXADECIMAL = /^[0-9a-f]{64}$/i;
const FROM_PASSPHRASE = "a passphrase goes to Fernet.fromPassphrase";
const UNSET = "which often means that an environment variable is not set";

/** A key and the backend chosen for it. */
export interface KeyedBackend {
  /** 32 bytes. */
  readonly key: Bytes;
  /** The choice. */
  readonly backend: BackendChoice;
  /** Where the platform's form of this key is kept, by those who keep the key. */
  readonly imported?: ImportedKeys;
}

/**
 * Takes the key, or throws where it was destroyed. Whoever takes it must have
 * read all that belongs to the caller before: a getter of a caller's object can
 * destroy the key, and zeros must not become a key.
 */
export type KeySource = () => KeyedBackend;

/**
 * Reads a Fernet key: text in base64 of either alphabet, padded or not, with or
 * without white space around it, or bytes.
 *
 * @throws {TypeError} If it is neither such text nor bytes.
 * @throws {RangeError} If it has not 32 bytes.
 */
export function fernetKey(key: string | Uint8Array): Bytes {
  if (typeof key === "string") return keyOfText(key.trim());
  if (!isBytes(key)) {
    const hint = key === undefined || key === null ? `, ${UNSET}` : "";
    throw new TypeError(
      `Cannot use the key: expected text or a Uint8Array, got ${kindOf(key)}${hint}`,
    );
  }
  const bytes = new Uint8Array(key);
  if (bytes.length !== KEY_LENGTH) {
    const text = bytes.length > 42 && bytes.length < 46;
    throw wrongLength(bytes.length, text ? "if they are a key's text, decode them" : undefined);
  }
  return bytes;
}

function keyOfText(text: string): Bytes {
  if (HEXADECIMAL.test(text)) {
    throw new TypeError(
      "Cannot use the key: it has 64 hexadecimal digits, expected base64; decode it to 32 bytes",
    );
  }
  const given = encodeAscii(text);
  const canonical = canonicalBase64Url(given);
  given.fill(0);
  // White space is dropped around the key, not within it.
  const bytes = /\s/.test(text) || !canonical.length && text
    ? undefined
    : decodeBase64Url(canonical);
  canonical.fill(0);
  if (!bytes) {
    throw new TypeError(
      `Cannot use the key: its ${text.length} characters are not base64, ` +
        `expected 44 characters as Fernet.generateKey() writes them; ${FROM_PASSPHRASE}`,
    );
  }
  if (bytes.length !== KEY_LENGTH) {
    throw wrongLength(bytes.length, text ? FROM_PASSPHRASE : `it is empty, ${UNSET}`);
  }
  return bytes;
}

function wrongLength(length: number, hint: string | undefined): RangeError {
  const message = `Cannot use the key: it has ${length} bytes, expected ${KEY_LENGTH}`;
  return new RangeError(hint === undefined ? message : `${message}; ${hint}`);
}

/**
 * Does work with a copy of the key: it goes on when the key is wiped meanwhile,
 * as `using` does at the end of a block, and must not go on with zeros.
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
