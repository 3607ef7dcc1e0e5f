/**
 * Several Fernet keys at once, to change keys without a gap.
 *
 * @module
 */

import { checkArray } from "../checks.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import { InvalidTokenError } from "../errors.ts";
import { Fernet, type FernetDecryptOptions, keyedBackendOf } from "./fernet.ts";
import { type OpenedValue, openSync } from "./open.ts";
import { sealSync } from "./seal.ts";
import { tokenReader, valueInTime } from "./read_options.ts";

/**
 * Encrypts with the first of several keys and decrypts with any of them, as
 * Python's `MultiFernet`: put a new key in front, rotate the tokens, drop the
 * old key.
 *
 * @example Change a key
 * ```ts
 * import { Fernet, MultiFernet } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const old = new Fernet(Fernet.generateKey());
 * const fresh = new Fernet(Fernet.generateKey());
 * const stored = old.encryptMany(["a", "b"]);
 *
 * const rotated = new MultiFernet([fresh, old]).rotateMany(stored);
 * assertEquals(rotated.map((token) => fresh.decryptText(token)), ["a", "b"]);
 * ```
 */
export class MultiFernet {
  readonly #fernets: readonly [Fernet, ...Fernet[]];

  /**
   * Constructs a new instance.
   *
   * @param fernets One `Fernet` or more: the first encrypts, all decrypt.
   * @throws {TypeError} If it is not an array, is empty, or holds anything else.
   */
  constructor(fernets: readonly Fernet[]) {
    const [first, ...others] = checkArray(fernets, "the keys");
    if (!first) throw new TypeError("Cannot make a MultiFernet of no keys: give it one or more");
    if (![first, ...others].every((fernet) => fernet instanceof Fernet)) {
      throw new TypeError("Cannot make a MultiFernet: expected an array of Fernet instances");
    }
    this.#fernets = [first, ...others];
  }

  /**
   * Encrypts a message with the first key.
   *
   * @param data The message, text (as UTF-8) or bytes, 256 MiB at most.
   * @returns The token.
   * @throws {TypeError} As `Fernet.encrypt`.
   * @throws {RangeError} If the message is too long.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example The first key encrypts
   * ```ts
   * import { Fernet, MultiFernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const [first, second] = [1, 2].map(() => new Fernet(Fernet.generateKey()));
   * const token = new MultiFernet([first, second]).encrypt("a");
   * assertEquals(first.decryptText(token), "a");
   * ```
   */
  encrypt(data: string | Uint8Array): string {
    return this.#fernets[0].encrypt(data);
  }

  /**
   * Encrypts many messages with the first key.
   *
   * @param data The messages, text or bytes, 256 MiB each at most.
   * @returns Their tokens, in order.
   * @throws {TypeError} As `Fernet.encryptMany`.
   * @throws {RangeError} If a message is too long.
   * @throws {BackendUnavailableError} If the backend named is not here.
   *
   * @example Many at once
   * ```ts
   * import { Fernet, MultiFernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const multi = new MultiFernet([new Fernet(Fernet.generateKey())]);
   * assertEquals(multi.encryptMany(["a", "b"]).length, 2);
   * ```
   */
  encryptMany(data: readonly (string | Uint8Array)[]): string[] {
    return this.#fernets[0].encryptMany(data);
  }

  /**
   * Decrypts a token of any of the keys.
   *
   * @param token The token's text.
   * @param options As in `Fernet.decrypt`.
   * @returns The message's bytes.
   * @throws {InvalidTokenError} If no key opens it.
   * @throws {TypeError} As `Fernet.decrypt`.
   * @throws {RangeError} As `Fernet.decrypt`.
   * @throws {BackendUnavailableError} If a backend named is not here.
   *
   * @example Any key decrypts
   * ```ts
   * import { Fernet, MultiFernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const [first, second] = [1, 2].map(() => new Fernet(Fernet.generateKey()));
   * const multi = new MultiFernet([first, second]);
   * assertEquals(multi.decrypt(second.encrypt("a")), Uint8Array.of(0x61));
   * ```
   */
  decrypt(token: string, options?: FernetDecryptOptions): Bytes {
    const [opened] = this.#open([token], options);
    if (!opened) throw new InvalidTokenError();
    return opened.plaintext;
  }

  /**
   * Decrypts a token of any of the keys to text.
   *
   * @param token The token's text.
   * @param options As in `Fernet.decrypt`.
   * @returns The message read as UTF-8; a leading U+FEFF is kept.
   * @throws {InvalidTokenError} If no key opens it.
   * @throws {TypeError} If the message is not UTF-8, or as `Fernet.decrypt`.
   * @throws {RangeError} As `Fernet.decrypt`.
   * @throws {BackendUnavailableError} If a backend named is not here.
   *
   * @example Text
   * ```ts
   * import { Fernet, MultiFernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const multi = new MultiFernet([new Fernet(Fernet.generateKey())]);
   * assertEquals(multi.decryptText(multi.encrypt("a")), "a");
   * ```
   */
  decryptText(token: string, options?: FernetDecryptOptions): string {
    return decodeUtf8(this.decrypt(token, options));
  }

  /**
   * Decrypts many tokens, each of any of the keys.
   *
   * @param tokens The tokens.
   * @param options As in `Fernet.decrypt`.
   * @returns The messages' bytes, in order.
   * @throws {InvalidTokenError} If no key opens one of them: its `index` is that
   * of the first such token.
   * @throws {TypeError} As `Fernet.decryptMany`.
   * @throws {RangeError} As `Fernet.decryptMany`.
   * @throws {BackendUnavailableError} If a backend named is not here.
   *
   * @example Tokens of different keys
   * ```ts
   * import { Fernet, MultiFernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const [first, second] = [1, 2].map(() => new Fernet(Fernet.generateKey()));
   * const tokens = [first.encrypt("a"), second.encrypt("b")];
   * assertEquals(new MultiFernet([first, second]).decryptMany(tokens).length, 2);
   * ```
   */
  decryptMany(tokens: readonly string[], options?: FernetDecryptOptions): Bytes[] {
    return this.#openAll(tokens, options).map(({ plaintext }) => plaintext);
  }

  /**
   * Encrypts a token's message anew: with the first key and a new IV, but the
   * token's own time.
   *
   * @param token A token of any of the keys.
   * @returns A token of the first key.
   * @throws {InvalidTokenError} If no key opens it.
   * @throws {TypeError} As `Fernet.decrypt`.
   * @throws {BackendUnavailableError} If a backend named is not here.
   *
   * @example The time stays
   * ```ts
   * import { Fernet, MultiFernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const [fresh, old] = [1, 2].map(() => new Fernet(Fernet.generateKey()));
   * const token = old.encryptAtTime("a", 1_000);
   * const rotated = new MultiFernet([fresh, old]).rotate(token);
   * assertEquals(fresh.extractTimestamp(rotated), 1_000);
   * ```
   */
  rotate(token: string): string {
    const [opened] = this.#open([token]);
    if (!opened) throw new InvalidTokenError();
    return this.#seal([opened])[0];
  }

  /**
   * Rotates many tokens, as {@linkcode MultiFernet.rotate} does one.
   *
   * @param tokens Tokens of any of the keys.
   * @returns Tokens of the first key, in order.
   * @throws {InvalidTokenError} If no key opens one of them: its `index` is that
   * of the first such token. Then nothing is returned, and nothing is lost.
   * @throws {TypeError} As `Fernet.decryptMany`.
   * @throws {BackendUnavailableError} If a backend named is not here.
   *
   * @example Rotate a table
   * ```ts
   * import { Fernet, MultiFernet } from "@ironfern/ironfern";
   * import { assertEquals } from "@std/assert";
   *
   * const [fresh, old] = [1, 2].map(() => new Fernet(Fernet.generateKey()));
   * const rotated = new MultiFernet([fresh, old]).rotateMany(old.encryptMany(["a", "b"]));
   * assertEquals(fresh.decryptMany(rotated).length, 2);
   * ```
   */
  rotateMany(tokens: readonly string[]): string[] {
    return this.#seal(this.#openAll(tokens));
  }

  #seal(opened: readonly OpenedValue[]): string[] {
    return sealSync(
      keyedBackendOf(this.#fernets[0]),
      opened.map(({ plaintext }) => plaintext),
      (index) => opened[index].time,
    );
  }

  #openAll(tokens: readonly string[], options?: FernetDecryptOptions): OpenedValue[] {
    return this.#open(tokens, options).map((opened, index) => {
      if (!opened) throw new InvalidTokenError({ index });
      return opened;
    });
  }

  /** Each key is tried on what the keys before it did not open. */
  #open(tokens: readonly string[], options?: FernetDecryptOptions): (OpenedValue | undefined)[] {
    const reader = tokenReader(options);
    const canonical = checkArray(tokens, "the tokens").map(reader.canonical);
    const values = new Array<OpenedValue | undefined>(tokens.length).fill(undefined);
    let missing = [...canonical.keys()];
    for (const fernet of this.#fernets) {
      const tried = missing.map((index) => canonical[index]);
      let position = 0;
      for (const opened of openSync(keyedBackendOf(fernet), tried)) {
        values[missing[position++]] = valueInTime(opened, reader);
      }
      missing = missing.filter((index) => !values[index]);
      if (!missing.length) break;
    }
    return values;
  }
}
