/**
 * Fernet, as Python's `cryptography.fernet` has it.
 *
 * @module
 */

import { type BackendChoice, checkBackend } from "../backends/select/available.ts";
import { checkArray, checkInteger, inputBytes, secretBytes } from "../checks.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { decodeAscii, decodeUtf8 } from "../bytes/text.ts";
import { encodeBase64Url } from "../bytes/base64.ts";
import { InvalidTokenError } from "../errors.ts";
import type { KeyedBackend } from "./key.ts";
import { openAsync, openSync } from "./open.ts";
import { sealAsync, sealSync, unixTime } from "./seal.ts";
import {
  type FernetDecryptOptions,
  type TokenReader,
  tokenReader,
  valueInTime,
} from "./read_options.ts";
import { fernetKey } from "./key.ts";
import { pbkdf2, type Pbkdf2Options } from "../kdf/pbkdf2.ts";

export type { FernetDecryptOptions } from "./read_options.ts";

/** Options of {@linkcode Fernet}. */
export interface FernetOptions {
  /**
   * The backend: `"auto"` takes the fastest that is right for each call.
   * `"webcrypto"` serves the asynchronous calls only.
   *
   * @default {"auto"}
   */
  backend?: BackendChoice;
}

/** Options of {@linkcode Fernet.fromPassphrase}. */
export interface FernetFromPassphraseOptions
  extends Pick<Pbkdf2Options, "iterations" | "backend" | "signal" | "onProgress"> {
  /** The salt, text (as UTF-8) or bytes: 16 random ones, stored beside the tokens. */
  salt: string | Uint8Array;
}

/** Options of {@linkcode Fernet.encryptAsync}. */
export interface FernetAsyncOptions {
  /** Rejects the call with its reason when it is aborted. */
  signal?: AbortSignal;
}

/** Options of {@linkcode Fernet.decryptAsync}. */
export interface FernetDecryptAsyncOptions extends FernetDecryptOptions, FernetAsyncOptions {}

/** What {@linkcode Fernet.decryptManySettled} says of each token. */
export type FernetResult = FernetSuccess | FernetFailure;

/** The token was valid. */
export interface FernetSuccess {
  /** Tells it from a failure. */
  ok: true;
  /** The plaintext. */
  value: Bytes;
}

/** The token was not valid. */
export interface FernetFailure {
  /** Tells it from a success. */
  ok: false;
  /** The error, with the token's `index`. */
  error: InvalidTokenError;
}

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
export class Fernet {
  /** Calls {@linkcode Fernet.destroy}, where the runtime has `Symbol.dispose`. */
  declare readonly [Symbol.dispose]: () => void;

  readonly #key: Bytes;
  readonly #backend: BackendChoice;
  #destroyed = false;

  static {
    keyedBackend = (fernet) => fernet.#keyed();
  }

  /**
   * Constructs a new instance.
   *
   * @param key The key: 44 characters of padded base64url, or 32 bytes.
   * @param options The backend.
   * @throws {TypeError} If the key is neither text in base64url nor bytes, or
   * the backend has no such name.
   * @throws {RangeError} If the key has not 32 bytes.
   */
  constructor(key: string | Uint8Array, options: FernetOptions = {}) {
    this.#backend = checkBackend(options.backend);
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
    const { salt, iterations, backend, signal, onProgress } = options ?? {};
    const saltBytes = inputBytes(salt, "the salt");
    if (!saltBytes.length) {
      throw new TypeError("Cannot use the salt: it is empty, make 16 random bytes and store them");
    }
    const password = secretBytes(passphrase, "the passphrase");
    try {
      const key = await pbkdf2(password, saltBytes, { iterations, backend, signal, onProgress });
      const fernet = new Fernet(key, { backend });
      key.fill(0);
      return fernet;
    } finally {
      password.fill(0);
    }
  }

  /**
   * Encrypts a message.
   *
   * @param data The message, text (as UTF-8) or bytes, 256 MiB at most.
   * @returns The token: padded base64url, about 4/3 of the message and 100
   * characters.
   * @throws {TypeError} If the message is of another type, or text with a lone
   * surrogate; if the backend is `"webcrypto"`; after {@linkcode Fernet.destroy}.
   * @throws {RangeError} If the message is too long.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example Encrypt bytes
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const token = fernet.encrypt(Uint8Array.of(1, 2, 3));
   * assertEquals(fernet.decrypt(token), Uint8Array.of(1, 2, 3));
   * ```
   */
  encrypt(data: string | Uint8Array): string {
    const now = unixTime();
    return sealSync(this.#keyed(), [data], () => now)[0];
  }

  /**
   * Encrypts a message with a time of the caller's instead of now.
   *
   * @param data The message, as in {@linkcode Fernet.encrypt}.
   * @param currentTime The Unix time in seconds, an integer from 0 to 2^53-1.
   * @returns The token.
   * @throws {TypeError} As {@linkcode Fernet.encrypt}.
   * @throws {RangeError} If the time is out of its bounds or the message too long.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example A token of a known time
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const token = fernet.encryptAtTime("hello", 499_162_800);
   * assertEquals(fernet.extractTimestamp(token), 499_162_800);
   * ```
   */
  encryptAtTime(data: string | Uint8Array, currentTime: number): string {
    const time = BigInt(checkInteger(currentTime, "currentTime", 0, Number.MAX_SAFE_INTEGER));
    return sealSync(this.#keyed(), [data], () => time)[0];
  }

  /**
   * Decrypts a token.
   *
   * @param token The token's text.
   * @param options How old it may be, and how strictly it is read.
   * @returns The message's bytes.
   * @throws {InvalidTokenError} If the token cannot be opened, whatever the
   * reason.
   * @throws {TypeError} If the token is not a string, or an option is of the
   * wrong type; if the backend is `"webcrypto"`; after {@linkcode Fernet.destroy}.
   * @throws {RangeError} If a time is negative or not finite.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example A token that is valid for a minute
   * ```ts
   * import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
   * import { assertEquals, assertThrows } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const token = fernet.encryptAtTime(Uint8Array.of(7), 1_000);
   * assertEquals(fernet.decrypt(token, { ttl: 60, currentTime: 1_060 }), Uint8Array.of(7));
   * assertThrows(
   *   () => fernet.decrypt(token, { ttl: 60, currentTime: 1_061 }),
   *   InvalidTokenError,
   * );
   * ```
   */
  decrypt(token: string, options?: FernetDecryptOptions): Bytes {
    const [value] = this.#open([token], tokenReader(options));
    if (!value) throw new InvalidTokenError();
    return value;
  }

  /**
   * Decrypts a token to text.
   *
   * @param token The token's text.
   * @param options As in {@linkcode Fernet.decrypt}.
   * @returns The message read as UTF-8; a leading U+FEFF is kept.
   * @throws {InvalidTokenError} If the token cannot be opened.
   * @throws {TypeError} If the message is not UTF-8, or as
   * {@linkcode Fernet.decrypt}.
   * @throws {RangeError} As {@linkcode Fernet.decrypt}.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example Text
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * assertEquals(fernet.decryptText(fernet.encrypt("naïve 🔑")), "naïve 🔑");
   * ```
   */
  decryptText(token: string, options?: FernetDecryptOptions): string {
    return decodeUtf8(this.decrypt(token, options));
  }

  /**
   * Tells when a token was made. The token is authenticated first.
   *
   * @param token The token's text.
   * @returns Its Unix time in seconds.
   * @throws {InvalidTokenError} If the token cannot be opened.
   * @throws {RangeError} If the time is beyond 2^53-1 and so no exact number.
   * @throws {TypeError} As {@linkcode Fernet.decrypt}.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example The time of a token
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assert } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const time = fernet.extractTimestamp(fernet.encrypt("now"));
   * assert(Math.abs(Date.now() / 1_000 - time) < 60);
   * ```
   */
  extractTimestamp(token: string): number {
    const [opened] = openSync(this.#keyed(), [token]);
    if (!opened) throw new InvalidTokenError();
    if (opened.time > Number.MAX_SAFE_INTEGER) {
      throw new RangeError("Cannot tell the token's time: it is beyond 2^53-1 seconds");
    }
    return Number(opened.time);
  }

  /**
   * Encrypts many messages, many times as fast as one by one.
   *
   * @param data The messages, text or bytes, 256 MiB each at most.
   * @returns Their tokens, in order.
   * @throws {TypeError} As {@linkcode Fernet.encrypt}, of any message.
   * @throws {RangeError} If a message is too long.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example Many at once
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const tokens = fernet.encryptMany(["a", "b", "c"]);
   * assertEquals(tokens.map((token) => fernet.decryptText(token)), ["a", "b", "c"]);
   * ```
   */
  encryptMany(data: readonly (string | Uint8Array)[]): string[] {
    const messages = checkArray(data, "the messages");
    const now = unixTime();
    return sealSync(this.#keyed(), messages, () => now);
  }

  /**
   * Decrypts many tokens, many times as fast as one by one.
   *
   * @param tokens The tokens.
   * @param options As in {@linkcode Fernet.decrypt}.
   * @returns The messages' bytes, in order.
   * @throws {InvalidTokenError} If a token cannot be opened: its `index` is that
   * of the first such token.
   * @throws {TypeError} As {@linkcode Fernet.decrypt}, of any token.
   * @throws {RangeError} As {@linkcode Fernet.decrypt}.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example The position of a bad token
   * ```ts
   * import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
   * import { assertEquals, assertThrows } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const tokens = [fernet.encrypt("a"), "no token"];
   * const error = assertThrows(() => fernet.decryptMany(tokens), InvalidTokenError);
   * assertEquals(error.index, 1);
   * ```
   */
  decryptMany(tokens: readonly string[], options?: FernetDecryptOptions): Bytes[] {
    const values: Bytes[] = [];
    for (const value of this.#open(tokens, tokenReader(options))) {
      if (!value) throw new InvalidTokenError({ index: values.length });
      values.push(value);
    }
    return values;
  }

  /**
   * Decrypts many tokens and reports of each by itself.
   *
   * @param tokens The tokens.
   * @param options As in {@linkcode Fernet.decrypt}.
   * @returns A result each, in order: the bytes, or an `InvalidTokenError` with
   * the token's `index`.
   * @throws {TypeError} As {@linkcode Fernet.decrypt}, of any token.
   * @throws {RangeError} As {@linkcode Fernet.decrypt}.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example Some of them are bad
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const results = fernet.decryptManySettled(["no token", fernet.encrypt("a")]);
   * assertEquals(results.map(({ ok }) => ok), [false, true]);
   * ```
   */
  decryptManySettled(tokens: readonly string[], options?: FernetDecryptOptions): FernetResult[] {
    return Array.from(
      this.#open(tokens, tokenReader(options)),
      (value, index): FernetResult =>
        value ? { ok: true, value } : { ok: false, error: new InvalidTokenError({ index }) },
    );
  }

  /**
   * Encrypts a message, on any backend; a large one off the calling thread where
   * that is faster.
   *
   * @param data The message, as in {@linkcode Fernet.encrypt}.
   * @param options A signal.
   * @returns The token.
   * @throws {TypeError} If the message is of another type, or text with a lone
   * surrogate; after {@linkcode Fernet.destroy}.
   * @throws {RangeError} If the message is too long.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example A large message
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const token = await fernet.encryptAsync(new Uint8Array(1 << 20));
   * assertEquals((await fernet.decryptAsync(token)).length, 1 << 20);
   * ```
   */
  async encryptAsync(
    data: string | Uint8Array,
    options: FernetAsyncOptions = {},
  ): Promise<string> {
    const now = unixTime();
    return (await sealAsync(this.#keyed(), [data], () => now, options.signal))[0];
  }

  /**
   * Decrypts a token, on any backend; a large one off the calling thread where
   * that is faster.
   *
   * @param token The token's text.
   * @param options As in {@linkcode Fernet.decrypt}, and a signal.
   * @returns The message's bytes.
   * @throws {InvalidTokenError} If the token cannot be opened.
   * @throws {TypeError} If the token is not a string, or an option is of the
   * wrong type; after {@linkcode Fernet.destroy}.
   * @throws {RangeError} If a time is negative or not finite.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example On WebCrypto
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey(), { backend: "webcrypto" });
   * const token = await fernet.encryptAsync("hello");
   * assertEquals((await fernet.decryptAsync(token)).length, 5);
   * ```
   */
  async decryptAsync(token: string, options: FernetDecryptAsyncOptions = {}): Promise<Bytes> {
    const reader = tokenReader(options);
    for await (
      const opened of openAsync(this.#keyed(), [reader.canonical(token)], options.signal)
    ) {
      const value = valueInTime(opened, reader);
      if (value) return value.plaintext;
    }
    throw new InvalidTokenError();
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
  }

  *#open(tokens: readonly string[], reader: TokenReader): Generator<Bytes | undefined> {
    const texts = checkArray(tokens, "the tokens").map(reader.canonical);
    for (const opened of openSync(this.#keyed(), texts)) {
      yield valueInTime(opened, reader)?.plaintext;
    }
  }

  #keyed(): KeyedBackend {
    if (this.#destroyed) throw new TypeError("Cannot use this Fernet: it was destroyed");
    return { key: this.#key, backend: this.#backend };
  }
}

if (Symbol.dispose) {
  Object.defineProperty(Fernet.prototype, Symbol.dispose, {
    value(this: Fernet) {
      this.destroy();
    },
  });
}
