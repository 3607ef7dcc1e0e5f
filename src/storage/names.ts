/**
 * Under which name the value of a key is kept.
 *
 *     hidden  prefix || hex(first 16 bytes of HMAC-SHA256(names key, part(prefix) || part(key)))
 *     plain   prefix || percent-encoded key
 *
 * Hidden names are of lower case, so that no store that folds case, or takes
 * `/ : \ ?` for one another, makes two keys one. A percent-encoded key holds no
 * `~`, so no value has the name of a vault's header, `prefix~vault`.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { encodeUtf8 } from "../bytes/text.ts";
import { checkString, quoted } from "../checks.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { joinParts } from "../message.ts";
import { hmacAll } from "./keys.ts";

/** How names tell of keys: not at all, or readably. */
export type NameKind = "hidden" | "plain";

/** The prefix where none is given. */
export const DEFAULT_PREFIX = "ironfern.";
/** Bytes of the longest key. */
const LONGEST_KEY = 4_096;
/** Bytes of the longest prefix. */
const LONGEST_PREFIX = 256;
const MAC_BYTES = 16;
const HIDDEN = /^[0-9a-f]{32}$/;
/** The digits of each byte: a table is several times as fast as `toString`. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const KEPT = /[A-Za-z0-9._-]/;

/** A prefix as text and as bytes. */
export interface Prefix {
  /** The text. */
  readonly text: string;
  /** The same in UTF-8. */
  readonly bytes: Bytes;
}

/**
 * Checks a prefix.
 *
 * @throws {TypeError} If it is no string, or holds a lone surrogate or a NUL.
 * @throws {RangeError} If it is longer than 256 bytes.
 */
export function checkPrefix(prefix: string = DEFAULT_PREFIX): Prefix {
  const bytes = encodeUtf8(checkString(prefix, "prefix"), "prefix");
  if (prefix.includes("\0")) throw new TypeError("Cannot use prefix: it holds a NUL");
  if (bytes.length <= LONGEST_PREFIX) return { text: prefix, bytes };
  throw new RangeError(`Cannot use prefix: it has more than ${LONGEST_PREFIX} bytes`);
}

/**
 * Checks what names begin with, and of which kind they are.
 *
 * @throws {TypeError} As {@linkcode checkPrefix}; if the kind is none, or names are
 * to be plain under an empty prefix: those of others could not be told from them.
 * @throws {RangeError} As {@linkcode checkPrefix}.
 */
export function checkNames(prefix: string | undefined, kind: NameKind = "hidden"): Names {
  if (kind !== "hidden" && kind !== "plain") {
    throw new TypeError(`Cannot use names ${quoted(kind)}: expected "hidden" or "plain"`);
  }
  if (kind === "plain" && prefix === "") {
    throw new TypeError("Cannot use plain names with an empty prefix: give one of your own");
  }
  return new Names(checkPrefix(prefix), kind);
}

/**
 * Checks a key, and returns its bytes.
 *
 * @throws {TypeError} If it is no string, or holds a lone surrogate.
 * @throws {RangeError} If it is longer than 4,096 bytes.
 */
export function keyBytes(key: string): Bytes {
  const bytes = encodeUtf8(checkString(key, "the key of the value"), "the key of the value");
  if (bytes.length <= LONGEST_KEY) return bytes;
  throw new RangeError(`Cannot use the key of the value: it has more than ${LONGEST_KEY} bytes`);
}

/** The name of a vault's header. */
export function vaultName({ text }: Prefix): string {
  return `${text}~vault`;
}

/** Names of one prefix. */
export class Names {
  /** What they begin with. */
  readonly prefix: Prefix;
  readonly #kind: NameKind;

  /** Makes names of that kind. */
  constructor(prefix: Prefix, kind: NameKind) {
    this.prefix = prefix;
    this.#kind = kind;
  }

  /** How many names a value may have: one for each key that makes names; one if names are plain. */
  count(makers: readonly KeyedBackend[]): number {
    return this.#kind === "plain" ? 1 : makers.length;
  }

  /**
   * The names of the keys' values, a list for each key of the ring that makes
   * names; plain names are the same under all of them, and are one list.
   */
  async of(keys: readonly Uint8Array[], makers: readonly KeyedBackend[]): Promise<string[][]> {
    const { text, bytes } = this.prefix;
    if (this.#kind === "plain") return [keys.map((key) => text + percentEncoded(key))];
    const parts = keys.map((key) => joinParts([bytes, key]));
    const lists: string[][] = [];
    for (const maker of makers) {
      const macs = await hmacAll(maker, parts);
      lists.push(macs.map((mac) => text + hex(mac.subarray(0, MAC_BYTES))));
    }
    return lists;
  }

  /** Whether it is the name of a value of this prefix, as far as the name tells. */
  includes(name: string): boolean {
    const { text } = this.prefix;
    if (!name.startsWith(text)) return false;
    const rest = name.slice(text.length);
    return this.#kind === "hidden" ? HIDDEN.test(rest) : isPercentEncoded(rest);
  }
}

function percentEncoded(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += KEPT.test(character) ? character : `%${HEX[byte].toUpperCase()}`;
  }
  return text;
}

/** Whether it is exactly what {@linkcode percentEncoded} writes. */
function isPercentEncoded(text: string): boolean {
  if (!/^(?:[A-Za-z0-9._-]|%[0-9A-F]{2})*$/.test(text)) return false;
  return !/%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9A]|5F|6[1-9A-F]|7[0-9A])/.test(text);
}

/** Bytes as hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  let digits = "";
  for (let at = 0; at < bytes.length; at++) digits += HEX[bytes[at]];
  return digits;
}
