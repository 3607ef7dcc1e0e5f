/**
 * Text under a passphrase in Flet's second format, AES-256-GCM.
 *
 * @module
 */

import type { GcmEngine } from "../backends/backend.ts";
import { noble } from "../backends/noble.ts";
import { type BackendChoice, findBackend, getBackend } from "../backends/select/available.ts";
import { checkIterations, checkString } from "../checks.ts";
import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { decodeAscii, decodeUtf8, encodeAscii } from "../bytes/text.ts";
import { decodeBase64Url, encodeBase64Url } from "../bytes/base64.ts";
import { BackendUnavailableError, InvalidTokenError } from "../errors.ts";
import { MAX_VALUE } from "../fernet/open.ts";
import { plainBytes } from "./value.ts";
import {
  callAsync,
  FLET_ITERATIONS,
  type PassphraseCall,
  type PassphraseDecryptOptions,
  type PassphraseEncryptOptions,
  readableCosts,
  SALT,
  ValueJob,
} from "./options.ts";

const NONCE = 32;
const TAG = 16;

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
 * @param options The iterations to try, the backend, a signal, progress in
 * iterations.
 * @returns The text; a leading U+FEFF is kept.
 * @throws {InvalidTokenError} If the text cannot be decrypted.
 * @throws {TypeError} If the encrypted text is not a string, the passphrase is
 * empty or missing or holds a lone surrogate, or the plaintext is not UTF-8.
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
  options: PassphraseDecryptOptions = {},
): Promise<string> {
  const costs = readableCosts(options.iterations);
  const [job] = await callAsync(secretKey, options, "one", (call) => [
    new OpenGcmJob(call, costs, parseGcm(encryptedData)),
  ]);
  return decodeUtf8(job.plaintext);
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
  options: PassphraseEncryptOptions = {},
): Promise<string> {
  const iterations = checkIterations(options.iterations ?? FLET_ITERATIONS);
  const plaintext = plainBytes(plainText);
  const [job] = await callAsync(secretKey, options, "one", (call) => [
    new SealGcmJob(call, iterations, plaintext),
  ]);
  return job.value;
}

class SealGcmJob extends ValueJob {
  /** The value, when the job is done. */
  value = "";
  readonly #backend: BackendChoice;
  readonly #plaintext: Bytes;

  constructor({ password, backend }: PassphraseCall, iterations: number, plaintext: Bytes) {
    super(password, crypto.getRandomValues(new Uint8Array(SALT)), [iterations]);
    this.#backend = backend;
    this.#plaintext = plaintext;
  }

  protected override async use(key: Bytes): Promise<boolean> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
    const sealed = await withGcm(
      this.#backend,
      (gcm) => gcm.seal(gcmKey(key), nonce, this.#plaintext),
    );
    const bytes = concatBytes([this.request.salt, nonce, sealed]);
    this.value = decodeAscii(encodeBase64Url(bytes));
    return true;
  }
}

interface ParsedGcm {
  readonly salt: Bytes;
  readonly nonce: Bytes;
  readonly ciphertext: Bytes;
}

class OpenGcmJob extends ValueJob {
  /** The plaintext, when the job is done. */
  plaintext: Bytes = new Uint8Array();
  readonly #backend: BackendChoice;
  readonly #nonce: Bytes;
  readonly #ciphertext: Bytes;

  constructor(
    { password, backend }: PassphraseCall,
    costs: readonly number[],
    { salt, nonce, ciphertext }: ParsedGcm,
  ) {
    super(password, salt, costs);
    this.#backend = backend;
    this.#nonce = nonce;
    this.#ciphertext = ciphertext;
  }

  protected override async use(key: Bytes): Promise<boolean> {
    const plaintext = await withGcm(
      this.#backend,
      (gcm) => gcm.open(gcmKey(key), this.#nonce, this.#ciphertext),
    );
    if (!plaintext) return false;
    this.plaintext = plaintext;
    return true;
  }
}

/**
 * Flet's AES key: the first 32 hexadecimal digits, as ASCII, of SHA-256 over the
 * base64url text of the PBKDF2 key.
 */
function gcmKey(key: Bytes): Bytes {
  const digits = Array.from(
    noble().sha256(encodeBase64Url(key)).subarray(0, 16),
    (byte) => byte.toString(16).padStart(2, "0"),
  );
  return encodeAscii(digits.join(""));
}

function parseGcm(encryptedData: string): ParsedGcm {
  const text = checkString(encryptedData, "the encrypted data");
  const bytes = text.length > MAX_VALUE ? undefined : decodeBase64Url(encodeAscii(text));
  if (!bytes || bytes.length < SALT + NONCE + TAG) throw new InvalidTokenError();
  return {
    salt: bytes.slice(0, SALT),
    nonce: bytes.slice(SALT, SALT + NONCE),
    ciphertext: bytes.slice(SALT + NONCE),
  };
}

/** The work on the first of the platform's engines that takes such nonces. */
async function withGcm<T>(
  choice: BackendChoice,
  work: (gcm: GcmEngine) => Promise<T>,
): Promise<T> {
  const named = choice === "auto" ? undefined : getBackend(choice).gcm;
  if (named) return await work(named);
  for (const name of ["webcrypto", "node"] as const) {
    const gcm = findBackend(name)?.gcm;
    try {
      if (gcm) return await work(gcm);
    } catch (error) {
      if (!(error instanceof BackendUnavailableError)) throw error;
    }
  }
  const { gcm } = getBackend("portable");
  if (!gcm) throw new Error("unreachable: the portable backend has AES-GCM");
  return await work(gcm);
}
