/**
 * Fernet, as Python's `cryptography.fernet` has it.
 *
 * @module
 */

import { ImportedKeys } from "../backends/imported_keys.ts";
import { type BackendChoice, checkBackend } from "../backends/select/available.ts";
import { encodeBase64Url } from "../bytes/base64.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { decodeAscii } from "../bytes/text.ts";
import { checkOptions, inputBytes, secretBytes } from "../checks.ts";
import { pbkdf2 } from "../kdf/pbkdf2.ts";
import { fernetKey, type KeyedBackend } from "./key.ts";
import type { FernetFromPassphraseOptions, FernetOptions } from "./options.ts";
import { TokenCipher } from "./token_cipher.ts";

let keyedBackend: (fernet: Fernet) => KeyedBackend;

/** A `Fernet`'s key and backend, for the rest of this package only. */
export function keyedBackendOf(fernet: Fernet): KeyedBackend {
  return keyedBackend(fernet);
}

/**
 * Authenticated encryption under a 32-byte key: AES-128-CBC and HMAC-SHA256, in
 * tokens of the [Fernet specification](https://github.com/fernet/spec), which
 * Python's `cryptography.fernet` and others read and write.
 *
 * A token tells its time and its message's length to anybody. A message has at
 * most 256 MiB.
 *
 * @example Encrypt and decrypt text
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const key = Fernet.generateKey(); // store it
 * const fernet = new Fernet(key);
 * const token = fernet.encrypt("4111 1111 1111 1111");
 * assertEquals(fernet.decryptText(token), "4111 1111 1111 1111");
 * ```
 */
export class Fernet extends TokenCipher {
  /** Calls {@linkcode Fernet.destroy}, where the runtime has `Symbol.dispose`. */
  declare readonly [Symbol.dispose]: () => void;

  readonly #key: Bytes;
  readonly #backend: BackendChoice;
  readonly #imported = new ImportedKeys();
  #destroyed = false;

  static {
    keyedBackend = (fernet) => fernet.#keyed();
  }

  /**
   * Constructs a new instance.
   *
   * @param key The key: 32 bytes, or their text in base64 of either alphabet,
   * padded or not; white space around it, as a file's line end, is dropped.
   * @param options The backend.
   * @throws {TypeError} If the key is neither such text nor bytes, or the
   * backend has no such name.
   * @throws {RangeError} If the key has not 32 bytes.
   */
  constructor(key: string | Uint8Array, options?: FernetOptions) {
    super([() => this.#keyed()]);
    const { backend } = checkOptions(options, ["backend"]);
    this.#backend = checkBackend(backend);
    this.#key = fernetKey(key);
  }

  /**
   * Makes a random key.
   *
   * @returns 32 bytes as 44 characters of padded base64url.
   *
   * @example A new key
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * assertEquals(Fernet.generateKey().length, 44);
   * ```
   */
  static generateKey(): string {
    return decodeAscii(encodeBase64Url(crypto.getRandomValues(new Uint8Array(32))));
  }

  /**
   * Derives the key from a passphrase by PBKDF2-HMAC-SHA256 (RFC 8018), as
   * Python's `PBKDF2HMAC` and `Fernet` do together.
   *
   * @param passphrase The passphrase, text (as UTF-8, not normalised) or bytes.
   * @param options The salt and the iterations, both to be stored beside the
   * tokens; `onProgress` counts iterations.
   * @returns A `Fernet` under the derived key.
   * @throws {TypeError} If the passphrase or the salt is empty, missing, or
   * holds a lone surrogate.
   * @throws {RangeError} If `iterations` is not an integer from 1 to 2^32-1.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example A key from a passphrase
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const salt = crypto.getRandomValues(new Uint8Array(16)); // store it
   * const options = { salt, iterations: 600_000 };
   * const fernet = await Fernet.fromPassphrase("correct horse", options);
   * assertEquals(fernet.decryptText(fernet.encrypt("secret")), "secret");
   * ```
   */
  static async fromPassphrase(
    passphrase: string | Uint8Array,
    options: FernetFromPassphraseOptions,
  ): Promise<Fernet> {
    const { salt, iterations, backend, signal, onProgress } = checkOptions(options, [
      "salt",
      "iterations",
      "backend",
      "signal",
      "onProgress",
    ]);
    const saltBytes = inputBytes(salt, "the salt");
    if (!saltBytes.length) {
      throw new TypeError("Cannot use the salt: it is empty, make 16 random bytes and store them");
    }
    const password = secretBytes(passphrase, "the passphrase");
    try {
      const key = await pbkdf2(password, saltBytes, { iterations, backend, signal, onProgress });
      try {
        return new Fernet(key, { backend });
      } finally {
        key.fill(0);
      }
    } finally {
      password.fill(0);
    }
  }

  /**
   * Wipes this instance's copy of the key. Every later call throws a
   * `TypeError`. The text of a key that you hold cannot be wiped.
   *
   * @example Wipe a key
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertThrows } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * fernet.destroy();
   * assertThrows(() => fernet.encrypt("too late"), TypeError);
   * ```
   */
  destroy(): void {
    this.#destroyed = true;
    this.#key.fill(0);
    this.#imported.forget();
  }

  #keyed(): KeyedBackend {
    if (this.#destroyed) throw new TypeError("Cannot use this Fernet: it was destroyed");
    return { key: this.#key, backend: this.#backend, imported: this.#imported };
  }
}

if (Symbol.dispose) {
  Object.defineProperty(Fernet.prototype, Symbol.dispose, {
    value(this: Fernet) {
      this.destroy();
    },
  });
}
