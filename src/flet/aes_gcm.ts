/**
 * Text under a passphrase in Flet's second format, AES-256-GCM.
 *
 * @module
 */

import type { GcmEngine } from "../backends/backend.ts";
import { noble } from "../backends/noble.ts";
import { type BackendChoice, findBackend, getBackend } from "../backends/select/available.ts";
import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { decodeAscii, takeTexts } from "../bytes/text.ts";
import { encodeBase64Url } from "../bytes/base64.ts";
import { BackendUnavailableError, InvalidTokenError } from "../errors.ts";
import { keysAt, newKey, newSalt, SALT } from "./keys.ts";
import {
  decryptCall,
  encryptCall,
  OPTION_NAMES,
  type PassphraseDecryptOptions,
  type PassphraseEncryptOptions,
} from "./options.ts";
import { decodeValue, plainBytes, readValue } from "./value.ts";

const NONCE = 32;
const TAG = 16;
const HEX = "0123456789abcdef";

/**
 * Decrypts text that Flet's `encrypt_aes_gcm_256` wrote, at both costs that Flet
 * ever shipped.
 *
 * The format is padded base64url of `salt (16) || nonce (32) || ciphertext ||
 * tag (16)`. Its AES key is made of 32 hexadecimal digits, so it has 128 bits of
 * strength, and it does not commit to the key: somebody who knows two
 * passphrases can make a value that opens under both. Do not open values that
 * an attacker could have submitted.
 *
 * With the backend `"wasm"` the kernel derives the key and the platform's
 * AES-GCM decrypts: the kernel has none.
 *
 * @param encryptedData The encrypted text.
 * @param secretKey The passphrase it was encrypted under.
 * @param options The iterations to try, whether to be lenient, the backend, a
 * signal, progress in iterations.
 * @returns The text; a leading U+FEFF is kept.
 * @throws {InvalidTokenError} If the text cannot be decrypted.
 * @throws {TypeError} If the encrypted text is not a string, the passphrase is
 * empty or missing or holds a lone surrogate, the two seem to be swapped, an option
 * is unknown, or the plaintext is not UTF-8.
 * @throws {RangeError} If `iterations` are none or more than four, or not
 * integers from 1 to 2^32-1.
 * @throws {BackendUnavailableError} If the backend named is not here, or as
 * `"webcrypto"` in Deno does not take the format's 32-byte nonce.
 *
 * @example A value that Flet wrote
 * ```ts
 * import { decryptAesGcm256 } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored = "ySCCX4ouVH6LYWlEBQswiSVNVet0xL0AiUkcPyKPX775Q5nxWHgIB4_secmj0iZvCziE6KN" +
 *   "_TCVyQgFq9a8fGIIXTU-Sto89yHH3yP4eBCvNZGsGFrUgL-w=";
 * assertEquals(await decryptAesGcm256(stored, "S3CreT!"), "This is a secret message!");
 * ```
 */
export async function decryptAesGcm256(
  encryptedData: string,
  secretKey: string | Uint8Array,
  options?: PassphraseDecryptOptions,
): Promise<string> {
  const call = decryptCall(options, OPTION_NAMES.decrypt);
  const parse = (text: string) => parseGcm(text, call.lenient);
  const { salt, nonce, ciphertext } = readValue(encryptedData, secretKey, parse);
  for await (const { key } of keysAt(secretKey, salt, call.costs, call)) {
    const open = (gcm: GcmEngine, gcmKey: Bytes) => gcm.open(gcmKey, nonce, ciphertext);
    const plaintext = await withGcm(call.backend, key, open);
    if (plaintext) return takeTexts([plaintext])[0];
  }
  throw new InvalidTokenError();
}

/**
 * Encrypts text as Flet's `encrypt_aes_gcm_256` does, for a Flet that reads it.
 *
 * @deprecated Use `encrypt`. This format's key has 128 bits of strength and
 * does not commit to the passphrase; it is here for writing to Flet only.
 *
 * @param plainText The text, 256 MiB of UTF-8 at most.
 * @param secretKey The passphrase, text (as UTF-8, not normalised) or bytes.
 * @param options The iterations, the backend, a signal, progress in iterations.
 * @returns The encrypted text, in ASCII.
 * @throws {TypeError} If the passphrase is empty or missing, or if text holds a
 * lone surrogate.
 * @throws {RangeError} If `iterations` is not an integer from 1 to 2^32-1, or the
 * text is too long.
 * @throws {BackendUnavailableError} As {@linkcode decryptAesGcm256}.
 *
 * @example For Flet
 * ```ts
 * import { decryptAesGcm256, encryptAesGcm256 } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored = await encryptAesGcm256("hello", "correct horse");
 * assertEquals(await decryptAesGcm256(stored, "correct horse"), "hello");
 * ```
 */
export async function encryptAesGcm256(
  plainText: string,
  secretKey: string | Uint8Array,
  options?: PassphraseEncryptOptions,
): Promise<string> {
  const call = encryptCall(options, OPTION_NAMES.encrypt);
  const plaintext = plainBytes(plainText);
  const salt = newSalt();
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  let key: Bytes | undefined;
  try {
    key = await newKey(secretKey, salt, call.iterations, call);
    const seal = (gcm: GcmEngine, gcmKey: Bytes) => gcm.seal(gcmKey, nonce, plaintext);
    const sealed = await withGcm(call.backend, key, seal);
    return decodeAscii(encodeBase64Url(concatBytes([salt, nonce, sealed])));
  } finally {
    key?.fill(0);
    plaintext.fill(0);
  }
}

interface ParsedGcm {
  readonly salt: Bytes;
  readonly nonce: Bytes;
  readonly ciphertext: Bytes;
}

function parseGcm(text: string, lenient: boolean): ParsedGcm | undefined {
  const bytes = decodeValue(text, lenient);
  if (!bytes || bytes.length < SALT + NONCE + TAG) return undefined;
  return {
    salt: bytes.slice(0, SALT),
    nonce: bytes.slice(SALT, SALT + NONCE),
    ciphertext: bytes.slice(SALT + NONCE),
  };
}

/**
 * Does work under Flet's AES key, on the first of the platform's engines that takes
 * such nonces.
 */
async function withGcm<T>(
  choice: BackendChoice,
  key: Bytes,
  work: (gcm: GcmEngine, gcmKey: Bytes) => Promise<T>,
): Promise<T> {
  const gcmKey = fletGcmKey(key);
  try {
    const named = choice === "auto" ? undefined : getBackend(choice).gcm;
    if (named) return await work(named, gcmKey);
    for (const name of ["webcrypto", "node"] as const) {
      const gcm = findBackend(name)?.gcm;
      try {
        if (gcm) return await work(gcm, gcmKey);
      } catch (error) {
        if (!(error instanceof BackendUnavailableError)) throw error;
      }
    }
    const { gcm } = getBackend("portable");
    if (!gcm) throw new Error("unreachable: the portable backend has AES-GCM");
    return await work(gcm, gcmKey);
  } finally {
    gcmKey.fill(0);
  }
}

/**
 * Flet's AES key: the first 32 hexadecimal digits, as ASCII, of SHA-256 over the
 * base64url text of the PBKDF2 key.
 */
function fletGcmKey(key: Bytes): Bytes {
  const text = encodeBase64Url(key);
  const digest = noble().sha256(text);
  const digitAt = (at: number) => HEX.charCodeAt(digest[at >> 1] >> (at % 2 ? 0 : 4) & 15);
  const gcmKey = Uint8Array.from({ length: 32 }, (_, at) => digitAt(at));
  text.fill(0);
  digest.fill(0);
  return gcmKey;
}
