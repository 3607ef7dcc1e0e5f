/**
 * Several Fernet keys at once, to change keys without a gap.
 *
 * @module
 */

import { checkArray, checkOptions } from "../checks.ts";
import { Fernet, keyedBackendOf } from "./fernet.ts";
import type { KeyedBackend, KeySource } from "./key.ts";
import { openAll, type OpenedValue, openOne } from "./open.ts";
import { type FernetReadOptions, READ_OPTIONS, tokenReader } from "./read_options.ts";
import { sealSync } from "./seal.ts";
import { TokenCipher } from "./token_cipher.ts";

let keyedBackends: (multi: MultiFernet) => readonly KeyedBackend[];

/** The keys and backends of a `MultiFernet`, for the rest of this package only. */
export function keyedBackendsOf(multi: MultiFernet): readonly KeyedBackend[] {
  return keyedBackends(multi);
}

/**
 * Encrypts with the first of several keys and decrypts with any of them, as
 * Python's `MultiFernet`: put a new key in front, rotate the tokens, drop the
 * old key.
 *
 * It has all the calls of a `Fernet`: those that encrypt use the first key, and
 * those that read a token fail only if no key opens it.
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
 *
 * @example The first key encrypts, any key decrypts
 * ```ts
 * import { Fernet, MultiFernet } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const [first, second] = [1, 2].map(() => new Fernet(Fernet.generateKey()));
 * const multi = new MultiFernet([first, second]);
 * const tokens = [multi.encrypt("a"), second.encrypt("b")];
 * assertEquals(first.decryptText(tokens[0]), "a");
 * assertEquals(multi.decryptManyText(tokens), ["a", "b"]);
 * ```
 */
export class MultiFernet extends TokenCipher {
  readonly #keySources: readonly [KeySource, ...KeySource[]];

  static {
    keyedBackends = (multi) => multi.#keySources.map((take) => take());
  }

  /**
   * Constructs a new instance.
   *
   * @param fernets One `Fernet` or more: the first encrypts, all decrypt.
   * @throws {TypeError} If it is not an array, is empty, or holds anything else.
   */
  constructor(fernets: readonly Fernet[]) {
    const keySources = keySourcesOf(fernets);
    super(keySources);
    this.#keySources = keySources;
  }

  /**
   * Encrypts a token's message anew: with the first key and a new IV, but the
   * token's own time.
   *
   * @param token A token of any of the keys.
   * @param options How strictly it is read.
   * @returns A token of the first key.
   * @throws {InvalidTokenError} If no key opens it.
   * @throws {TypeError} As {@linkcode TokenCipher.decrypt}.
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
  rotate(token: string, options?: FernetReadOptions): string {
    const reader = tokenReader(checkOptions(options, READ_OPTIONS));
    return this.#seal([openOne(this.#keySources, token, reader)])[0];
  }

  /**
   * Rotates many tokens, as {@linkcode MultiFernet.rotate} does one.
   *
   * @param tokens Tokens of any of the keys.
   * @param options How strictly they are read.
   * @returns Tokens of the first key, in order.
   * @throws {InvalidTokenError} If no key opens one of them: its `index` is that
   * of the first such token. Then nothing is returned, and nothing is lost.
   * @throws {TypeError} As {@linkcode TokenCipher.decryptMany}.
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
  rotateMany(tokens: readonly string[], options?: FernetReadOptions): string[] {
    const reader = tokenReader(checkOptions(options, READ_OPTIONS));
    return this.#seal(openAll(this.#keySources, tokens, reader));
  }

  #seal(opened: readonly OpenedValue[]): string[] {
    const plaintexts = opened.map(({ plaintext }) => plaintext);
    try {
      return sealSync(this.#keySources[0], plaintexts, (index) => opened[index].time);
    } finally {
      for (const plaintext of plaintexts) plaintext.fill(0);
    }
  }
}

function keySourcesOf(fernets: readonly Fernet[]): [KeySource, ...KeySource[]] {
  const [first, ...others] = checkArray(fernets, "the keys").map((fernet) => {
    if (fernet instanceof Fernet) return () => keyedBackendOf(fernet);
    throw new TypeError("Cannot make a MultiFernet: expected an array of Fernet instances");
  });
  if (!first) throw new TypeError("Cannot make a MultiFernet of no keys: give it one or more");
  return [first, ...others];
}
