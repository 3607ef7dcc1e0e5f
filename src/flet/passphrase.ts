/**
 * Text under a passphrase, in the format of Flet's `flet.security`.
 *
 * @module
 */

import { checkArray } from "../checks.ts";
import { takeTexts } from "../bytes/text.ts";
import { InvalidTokenError } from "../errors.ts";
import { unixTime } from "../fernet/seal.ts";
import { checkSecretKey } from "./keys.ts";
import { openMany, openManySettled, readValues, readValuesSettled, sealMany } from "./many.ts";
import {
  decryptCall,
  encryptCall,
  OPTION_NAMES,
  type PassphraseDecryptManyOptions,
  type PassphraseDecryptOptions,
  type PassphraseDecryptSyncOptions,
  type PassphraseEncryptManyOptions,
  type PassphraseEncryptOptions,
  type PassphraseEncryptSyncOptions,
} from "./options.ts";
import {
  openValue,
  openValueSync,
  parseValue,
  plainBytes,
  readValue,
  sealValue,
  sealValueSync,
} from "./value.ts";

export type {
  PassphraseAsyncOptions,
  PassphraseDecryptManyOptions,
  PassphraseDecryptOptions,
  PassphraseDecryptSyncOptions,
  PassphraseEncryptManyOptions,
  PassphraseEncryptOptions,
  PassphraseEncryptSyncOptions,
  PassphraseManyOptions,
} from "./options.ts";

/**
 * Encrypts text under a passphrase, as Flet's `encrypt` does: Fernet under a key
 * derived by 600,000 iterations of PBKDF2-HMAC-SHA256 with a random salt.
 *
 * The result is padded base64url of `salt (16 bytes) || the Fernet token's ASCII
 * text`. It does not record the iterations: if you set another number, remember
 * it. Each call derives a key, which takes a fraction of a second; for
 * many values under one key use a `Fernet`.
 *
 * @param plainText The text, 256 MiB of UTF-8 at most.
 * @param secretKey The passphrase, text (as UTF-8, not normalised: the composed
 * and the decomposed form of a letter are two passphrases) or bytes.
 * @param options The iterations, the backend, a signal, progress in iterations.
 * @returns The encrypted text, in ASCII.
 * @throws {TypeError} If the passphrase is empty or missing, text holds a lone
 * surrogate, or an option is unknown.
 * @throws {RangeError} If `iterations` is not an integer from 1 to 2^32-1, or the
 * text is too long.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example There and back
 * ```ts
 * import { decrypt, encrypt } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored = await encrypt("4111 1111 1111 1111", "correct horse battery staple");
 * assertEquals(await decrypt(stored, "correct horse battery staple"), "4111 1111 1111 1111");
 * ```
 */
export async function encrypt(
  plainText: string,
  secretKey: string | Uint8Array,
  options?: PassphraseEncryptOptions,
): Promise<string> {
  const call = encryptCall(options, OPTION_NAMES.encrypt);
  const message = { plaintext: plainBytes(plainText), time: unixTime() };
  return await sealValue(message, secretKey, call);
}

/**
 * Decrypts text that {@linkcode encrypt} or Flet's `encrypt` wrote, at both costs
 * that Flet ever shipped: 600,000 iterations, and 100,000 up to v0.27.4.
 *
 * A backend that works in slices tries the old cost on the way to the new one;
 * a native one (WebCrypto, node:crypto) starts anew for the second.
 *
 * @param encryptedData The encrypted text.
 * @param secretKey The passphrase it was encrypted under.
 * @param options The iterations to try, whether to be lenient, the backend, a
 * signal, progress in iterations.
 * @returns The text; a leading U+FEFF is kept.
 * @throws {InvalidTokenError} If the text cannot be decrypted: it is damaged or
 * forged, or has another passphrase or other iterations. Malformed text is refused
 * before any derivation.
 * @throws {TypeError} If the encrypted text is not a string, the passphrase is
 * empty or missing or holds a lone surrogate, the two seem to be swapped, an option
 * is unknown, or the plaintext is not UTF-8.
 * @throws {RangeError} If `iterations` are none or more than four, or not
 * integers from 1 to 2^32-1.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example A value that Flet wrote
 * ```ts
 * import { decrypt } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored =
 *   "iY63KpOTiuMBN7XqdfDNOWdBQUFBQUJyQWdwTlE1OFJzTGpwSXBVdkwtbzlKUDhKd2U0T3VZV0RQbTN1NzFqYzUzNkoz" +
 *   "QjRseThQNWlrMGN2eFFla2RQblVhZ05fdFhoa1FlUmtGT0RSMHZaTXdVd18yNTIwOUxzaGUxanJ5akVwajZxSjhvPQ==";
 * assertEquals(await decrypt(stored, "S3CreT!"), "This is a secret message!");
 * ```
 */
export async function decrypt(
  encryptedData: string,
  secretKey: string | Uint8Array,
  options?: PassphraseDecryptOptions,
): Promise<string> {
  const call = decryptCall(options, OPTION_NAMES.decrypt);
  const parse = (text: string) => parseValue(text, call.lenient);
  const value = readValue(encryptedData, secretKey, parse);
  const { plaintext } = await openValue(value, secretKey, call);
  return takeTexts([plaintext])[0];
}

/**
 * Encrypts text under a passphrase in the calling thread, which waits for the
 * derivation: {@linkcode encrypt} does not.
 *
 * @param plainText The text, 256 MiB of UTF-8 at most.
 * @param secretKey The passphrase, text or bytes.
 * @param options The iterations and the backend, which cannot be `"webcrypto"`.
 * @returns The encrypted text, in ASCII.
 * @throws {TypeError} As {@linkcode encrypt}; if the backend is `"webcrypto"`.
 * @throws {RangeError} As {@linkcode encrypt}.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example In a script
 * ```ts
 * import { decryptSync, encryptSync } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored = encryptSync("an API token", "correct horse");
 * assertEquals(decryptSync(stored, "correct horse"), "an API token");
 * ```
 */
export function encryptSync(
  plainText: string,
  secretKey: string | Uint8Array,
  options?: PassphraseEncryptSyncOptions,
): string {
  const call = encryptCall(options, OPTION_NAMES.encryptSync);
  const message = { plaintext: plainBytes(plainText), time: unixTime() };
  return sealValueSync(message, secretKey, call);
}

/**
 * Decrypts text in the calling thread, which waits for the derivation:
 * {@linkcode decrypt} does not.
 *
 * @param encryptedData The encrypted text.
 * @param secretKey The passphrase it was encrypted under.
 * @param options The iterations to try, and the backend, which cannot be
 * `"webcrypto"`.
 * @returns The text; a leading U+FEFF is kept.
 * @throws {InvalidTokenError} If the text cannot be decrypted.
 * @throws {TypeError} As {@linkcode decrypt}; if the backend is `"webcrypto"`.
 * @throws {RangeError} As {@linkcode decrypt}.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example A cost of your own, for a test
 * ```ts
 * import { decryptSync, encryptSync } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored = encryptSync("hello", "secret", { iterations: 1_000 });
 * assertEquals(decryptSync(stored, "secret", { iterations: 1_000 }), "hello");
 * ```
 */
export function decryptSync(
  encryptedData: string,
  secretKey: string | Uint8Array,
  options?: PassphraseDecryptSyncOptions,
): string {
  const call = decryptCall(options, OPTION_NAMES.decryptSync);
  const parse = (text: string) => parseValue(text, call.lenient);
  const value = readValue(encryptedData, secretKey, parse);
  return takeTexts([openValueSync(value, secretKey, call).plaintext])[0];
}

/**
 * Encrypts many texts under one passphrase, each with a salt of its own and so
 * with a derivation of its own.
 *
 * @param plainTexts The texts, 256 MiB of UTF-8 each at most.
 * @param secretKey The passphrase, text or bytes.
 * @param options As in {@linkcode encrypt}, and how many workers derive the keys;
 * progress is in texts.
 * @returns The encrypted texts, in order.
 * @throws {TypeError} As {@linkcode encrypt}, of any text.
 * @throws {RangeError} As {@linkcode encrypt}, of any text; if `workers` is not an
 * integer from 0 to 64.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example Two texts
 * ```ts
 * import { decryptMany, encryptMany } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored = await encryptMany(["one", "two"], "correct horse");
 * assertEquals(await decryptMany(stored, "correct horse"), ["one", "two"]);
 * ```
 */
export async function encryptMany(
  plainTexts: readonly string[],
  secretKey: string | Uint8Array,
  options?: PassphraseEncryptManyOptions,
): Promise<string[]> {
  const call = encryptCall(options, OPTION_NAMES.encryptMany);
  const time = unixTime();
  const messages = checkArray(plainTexts, "plainTexts")
    .map((plainText, index) => ({ plaintext: plainBytes(plainText, index), time }));
  return await sealMany(messages, secretKey, call);
}

/**
 * Decrypts many texts of one passphrase.
 *
 * @param encryptedData The encrypted texts.
 * @param secretKey The passphrase they were encrypted under.
 * @param options As in {@linkcode decrypt}, and how many workers derive the keys;
 * progress is in texts.
 * @returns The texts, in order.
 * @throws {InvalidTokenError} If one cannot be decrypted: its `index` is that of
 * the first such text. Malformed text is refused before any derivation.
 * @throws {TypeError} As {@linkcode decrypt}, of any text.
 * @throws {RangeError} As {@linkcode decrypt}; if `workers` is not an integer from 0
 * to 64.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example The position of a bad text
 * ```ts
 * import { decryptMany, encrypt, InvalidTokenError } from "@ironfern/ironfern";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const stored = [await encrypt("one", "correct horse"), "damaged"];
 * const error = await assertRejects(
 *   () => decryptMany(stored, "correct horse"),
 *   InvalidTokenError,
 * );
 * assertEquals(error.index, 1);
 * ```
 */
export async function decryptMany(
  encryptedData: readonly string[],
  secretKey: string | Uint8Array,
  options?: PassphraseDecryptManyOptions,
): Promise<string[]> {
  const call = decryptCall(options, OPTION_NAMES.decryptMany);
  const texts = checkArray(encryptedData, "encryptedData");
  checkSecretKey(secretKey);
  const values = readValues(texts, call.lenient);
  const opened = await openMany(values, secretKey, call);
  return takeTexts(opened.map(({ plaintext }) => plaintext));
}

/** What {@linkcode decryptManySettled} says of each value. */
export type PassphraseResult = PassphraseSuccess | PassphraseFailure;

/** The value was decrypted. */
export interface PassphraseSuccess {
  /** Tells it from a failure. */
  ok: true;
  /** The text. */
  value: string;
}

/** The value was not decrypted. */
export interface PassphraseFailure {
  /** Tells it from a success. */
  ok: false;
  /** The error, with the value's `index`. */
  error: InvalidTokenError;
}

/**
 * Decrypts many texts of one passphrase and reports on each by itself: one that is
 * damaged, `null` or not a string fails alone.
 *
 * @param encryptedData The encrypted texts.
 * @param secretKey The passphrase they were encrypted under.
 * @param options As in {@linkcode decryptMany}; progress is in texts.
 * @returns A result for each, in order: the text, or an `InvalidTokenError` with the
 * text's `index`, whose `cause` says so where the plaintext is not UTF-8.
 * @throws {TypeError} If the encrypted texts are not an array, or the passphrase is
 * empty or missing or holds a lone surrogate.
 * @throws {RangeError} As {@linkcode decryptMany}.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example A column with a gap
 * ```ts
 * import { decryptManySettled, encrypt } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored = [await encrypt("one", "correct horse"), null];
 * const results = await decryptManySettled(stored, "correct horse");
 * assertEquals(results.map((result) => result.ok && result.value), ["one", false]);
 * ```
 */
export async function decryptManySettled(
  encryptedData: readonly unknown[],
  secretKey: string | Uint8Array,
  options?: PassphraseDecryptManyOptions,
): Promise<PassphraseResult[]> {
  const call = decryptCall(options, OPTION_NAMES.decryptMany);
  const texts = checkArray(encryptedData, "encryptedData");
  const values = readValuesSettled(texts, call.lenient);
  const opened = await openManySettled(values, secretKey, call);
  return opened.map((value, index) => textResult(value?.plaintext, index));
}

function textResult(plaintext: Uint8Array | undefined, index: number): PassphraseResult {
  if (!plaintext) return { ok: false, error: new InvalidTokenError({ index }) };
  try {
    return { ok: true, value: takeTexts([plaintext])[0] };
  } catch (cause) {
    return { ok: false, error: new InvalidTokenError({ index, cause }) };
  }
}
