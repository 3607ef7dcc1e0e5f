/**
 * What `Fernet` and `MultiFernet` do alike.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { takeTexts } from "../bytes/text.ts";
import { checkArray, checkInteger, checkOptions, checkSignal } from "../checks.ts";
import { InvalidTokenError } from "../errors.ts";
import type { KeySource } from "./key.ts";
import { checkTokens, notText, openAll, openAsync, openOne, OpenQueue, openSync } from "./open.ts";
import type { FernetAsyncOptions, FernetDecryptAsyncOptions, FernetResult } from "./options.ts";
import {
  DECRYPT_OPTIONS,
  type FernetDecryptOptions,
  type FernetReadOptions,
  READ_OPTIONS,
  type TokenReader,
  tokenReader,
} from "./read_options.ts";
import { sealAsync, SealQueue, sealSync, unixTime } from "./seal.ts";

/**
 * Makes tokens with one key, and reads those of one key or several: what
 * {@linkcode Fernet} and {@linkcode MultiFernet} have in common.
 *
 * @example Either of them
 * ```ts
 * import { Fernet, MultiFernet, type TokenCipher } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const roundTrip = (cipher: TokenCipher, text: string) =>
 *   cipher.decryptText(cipher.encrypt(text));
 * const fernet = new Fernet(Fernet.generateKey());
 * assertEquals(roundTrip(fernet, "a"), "a");
 * assertEquals(roundTrip(new MultiFernet([fernet]), "a"), "a");
 * ```
 */
export abstract class TokenCipher {
  /** The first one encrypts, all decrypt. */
  readonly #keySources: readonly [KeySource, ...KeySource[]];
  readonly #sealing = new SealQueue();
  readonly #opening = new OpenQueue();

  /** For `Fernet` and `MultiFernet` alone. */
  protected constructor(keySources: readonly [KeySource, ...KeySource[]]) {
    this.#keySources = keySources;
  }

  /**
   * Encrypts a message.
   *
   * @param data The message, text (as UTF-8) or bytes, 256 MiB at most.
   * @returns The token: padded base64url, about 4/3 of the message and 100
   * characters.
   * @throws {TypeError} If the message is of another type, or text with a lone
   * surrogate; if the backend is `"webcrypto"`; after `Fernet.destroy`.
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
    return sealSync(this.#keySources[0], [data], () => now)[0];
  }

  /**
   * Encrypts a message with a time of the caller's instead of now.
   *
   * @param data The message, as in {@linkcode TokenCipher.encrypt}.
   * @param currentTime The Unix time in seconds, an integer from 0 to 2^53-1.
   * @returns The token.
   * @throws {TypeError} As {@linkcode TokenCipher.encrypt}.
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
    return sealSync(this.#keySources[0], [data], () => time)[0];
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
   * wrong type; if the backend is `"webcrypto"`; after `Fernet.destroy`.
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
    return openOne(this.#keySources, token, decryptReader(options)).plaintext;
  }

  /**
   * Decrypts a token to text.
   *
   * @param token The token's text.
   * @param options As in {@linkcode TokenCipher.decrypt}.
   * @returns The message read as UTF-8; a leading U+FEFF is kept.
   * @throws {InvalidTokenError} If the token cannot be opened.
   * @throws {TypeError} If the message is not UTF-8, or as
   * {@linkcode TokenCipher.decrypt}.
   * @throws {RangeError} As {@linkcode TokenCipher.decrypt}.
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
    return takeTexts([this.decrypt(token, options)])[0];
  }

  /**
   * Tells when a token was made. The token is authenticated first.
   *
   * @param token The token's text.
   * @param options How strictly it is read.
   * @returns Its Unix time in seconds.
   * @throws {InvalidTokenError} If the token cannot be opened.
   * @throws {RangeError} If the time is beyond 2^53-1 and so no exact number.
   * @throws {TypeError} As {@linkcode TokenCipher.decrypt}.
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

  extractTimestamp(token: string, options?: FernetReadOptions): number {
    const { time } = openOne(
      this.#keySources,
      token,
      tokenReader(checkOptions(options, READ_OPTIONS)),
    );
    if (time > Number.MAX_SAFE_INTEGER) {
      throw new RangeError("Cannot tell the token's time: it is beyond 2^53-1 seconds");
    }
    return Number(time);
  }

  /**
   * Encrypts many messages, many times as fast as one by one.
   *
   * @param messages The messages, text or bytes, 256 MiB each at most.
   * @returns Their tokens, in order.
   * @throws {TypeError} As {@linkcode TokenCipher.encrypt}, of any message.
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

  encryptMany(messages: readonly (string | Uint8Array)[]): string[] {
    const all = checkArray(messages, "the messages");
    const now = unixTime();
    return sealSync(this.#keySources[0], all, () => now);
  }

  /**
   * Decrypts many tokens, many times as fast as one by one.
   *
   * @param tokens The tokens.
   * @param options As in {@linkcode TokenCipher.decrypt}.
   * @returns The messages' bytes, in order.
   * @throws {InvalidTokenError} If a token cannot be opened: its `index` is that
   * of the first such token.
   * @throws {TypeError} As {@linkcode TokenCipher.decrypt}, of any token.
   * @throws {RangeError} As {@linkcode TokenCipher.decrypt}.
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
    return openAll(this.#keySources, tokens, decryptReader(options)).map(({ plaintext }) =>
      plaintext
    );
  }

  /**
   * Decrypts many tokens to text, as {@linkcode TokenCipher.decryptMany}.
   *
   * @param tokens The tokens.
   * @param options As in {@linkcode TokenCipher.decrypt}.
   * @returns The messages read as UTF-8, in order.
   * @throws {InvalidTokenError} If a token cannot be opened: its `index` is that
   * of the first such token.
   * @throws {TypeError} If a message is not UTF-8, or as
   * {@linkcode TokenCipher.decrypt}, of any token.
   * @throws {RangeError} As {@linkcode TokenCipher.decrypt}.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example Many at once
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const fernet = new Fernet(Fernet.generateKey());
   * const tokens = fernet.encryptMany(["a", "b"]);
   * assertEquals(fernet.decryptManyText(tokens), ["a", "b"]);
   * ```
   */
  decryptManyText(tokens: readonly string[], options?: FernetDecryptOptions): string[] {
    return takeTexts(this.decryptMany(tokens, options));
  }

  /**
   * Decrypts many tokens and reports of each by itself.
   *
   * @param tokens The tokens.
   * @param options As in {@linkcode TokenCipher.decrypt}.
   * @returns A result each, in order: the bytes, or an `InvalidTokenError` with
   * the token's `index`.
   * @throws {TypeError} As {@linkcode TokenCipher.decrypt}, but for a token that is
   * not a string: that one fails alone.
   * @throws {RangeError} As {@linkcode TokenCipher.decrypt}.
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
    const reader = decryptReader(options);
    const given: readonly unknown[] = checkArray(tokens, "the tokens");
    const texts = given.map((token) => typeof token === "string" ? token : "");
    return openSync(this.#keySources, texts, reader).map((opened, index): FernetResult => {
      if (opened) return { ok: true, value: opened.plaintext };
      const token = given[index];
      const cause = typeof token === "string" ? {} : { cause: notText(token, `token ${index}`) };
      return { ok: false, error: new InvalidTokenError({ index, ...cause }) };
    });
  }

  /**
   * Encrypts a message, on any backend; a large one off the calling thread where
   * that is faster.
   *
   * @param data The message, as in {@linkcode TokenCipher.encrypt}.
   * @param options A signal.
   * @returns The token.
   * @throws {TypeError} If the message is of another type, or text with a lone
   * surrogate; after `Fernet.destroy`.
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

  async encryptAsync(data: string | Uint8Array, options?: FernetAsyncOptions): Promise<string> {
    const { signal } = checkOptions(options, ["signal"]);
    checkSignal(signal);
    return await sealAsync(this.#sealing, this.#keySources[0], data, signal);
  }

  /**
   * Decrypts a token, on any backend; a large one off the calling thread where
   * that is faster.
   *
   * @param token The token's text.
   * @param options As in {@linkcode TokenCipher.decrypt}, and a signal.
   * @returns The message's bytes.
   * @throws {InvalidTokenError} If the token cannot be opened.
   * @throws {TypeError} If the token is not a string, or an option is of the
   * wrong type; after `Fernet.destroy`.
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

  async decryptAsync(token: string, options?: FernetDecryptAsyncOptions): Promise<Bytes> {
    const known = checkOptions(options, [...DECRYPT_OPTIONS, "signal"]);
    checkSignal(known.signal);
    const [text] = checkTokens([token]);
    const reader = tokenReader(known);
    const opened = await openAsync(this.#opening, this.#keySources, text, reader, known.signal);
    return opened.plaintext;
  }
}

function decryptReader(options: FernetDecryptOptions | undefined): TokenReader {
  return tokenReader(checkOptions(options, DECRYPT_OPTIONS));
}
