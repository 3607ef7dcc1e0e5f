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

import { type Batch, batchRanges } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { decodeUtf8, encodeAscii, encodeUtf8 } from "../bytes/text.ts";
import { checkString, quoted } from "../checks.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { joinParts } from "../message.ts";
import { hmacAll, MAC } from "./keys.ts";

/** How names tell of keys: not at all, or readably. */
export type NameKind = "hidden" | "plain";

/** The prefix where none is given. */
export const DEFAULT_PREFIX = "ironfern.";
/** Bytes of the longest key. */
const LONGEST_KEY = 4_096;
/** Bytes of the longest prefix. */
const LONGEST_PREFIX = 256;
/** Bytes of an HMAC that stand in a name. */
const NAME_BYTES = 16;
const HIDDEN = /^[0-9a-f]{32}$/;
/** The digits of each byte: a table is several times as fast as `toString`. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const DIGITS = encodeAscii("0123456789abcdef");
const KEPT = /[A-Za-z0-9._-]/;

/** A run of bytes among others. */
export interface Span {
  /** All of them. */
  readonly bytes: Uint8Array;
  /** Where the run begins. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
}

/** The run as a view. */
export function spanView({ bytes, start, end }: Span): Uint8Array {
  return bytes.subarray(start, end);
}

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

  /** What belongs to a key: `part(prefix) || part(key)`. */
  context(key: Uint8Array): Span {
    const bytes = joinParts([this.prefix.bytes, key]);
    return { bytes, start: 0, end: bytes.length };
  }

  /**
   * The names of values, told by their contexts: a list for each key of the ring
   * that makes names; plain names are the same under all of them, and are one list.
   */
  async of(contexts: readonly Span[], makers: readonly KeyedBackend[]): Promise<string[][]> {
    if (this.#kind === "plain") {
      const keyAt = 4 + this.prefix.bytes.length + 4;
      const nameOf = (context: Span) => percentEncoded(spanView(context).subarray(keyAt));
      return [contexts.map((context) => this.prefix.text + nameOf(context))];
    }
    const lists = makers.map((): string[] => []);
    const lengthOf = (index: number) => contexts[index].end - contexts[index].start;
    for (const [start, end] of batchRanges(contexts.length, lengthOf)) {
      const texts = spanBatch(contexts, start, end);
      for (const [index, maker] of makers.entries()) {
        addNames(lists[index], this.prefix, await hmacAll(maker, texts));
      }
    }
    return lists;
  }

  /** Whether a name that begins with the prefix may be that of a value: true of a few others. */
  mayInclude(name: string): boolean {
    return this.#kind === "hidden"
      ? name.length === this.prefix.text.length + 2 * NAME_BYTES
      : this.includes(name);
  }

  /** Whether it is the name of a value of this prefix, as far as the name tells. */
  includes(name: string): boolean {
    const { text } = this.prefix;
    if (!name.startsWith(text)) return false;
    const rest = name.slice(text.length);
    return this.#kind === "hidden" ? HIDDEN.test(rest) : isPercentEncoded(rest);
  }
}

/** Copies of spans in one batch. */
function spanBatch(spans: readonly Span[], first: number, last: number): Batch {
  const offsets = new Uint32Array(last - first + 1);
  for (let index = first; index < last; index++) {
    const { start, end } = spans[index];
    offsets[index - first + 1] = offsets[index - first] + end - start;
  }
  const copy = new Uint8Array(offsets[last - first]);
  for (let index = first, at = 0; index < last; index++) {
    const { bytes, start, end } = spans[index];
    // They are short: a view of each would take longer.
    for (let from = start; from < end; from++) copy[at++] = bytes[from];
  }
  return { bytes: copy, offsets, lineFeeds: false };
}

/** Adds the names that begin with the prefix: one decoding is faster than one a name. */
function addNames(names: string[], { text, bytes }: Prefix, macs: Uint8Array): void {
  const length = bytes.length + 2 * NAME_BYTES;
  const out = new Uint8Array(macs.length / MAC * length);
  for (let at = 0, mac = 0; mac < macs.length; mac += MAC) {
    out.set(bytes, at);
    at += bytes.length;
    for (let index = mac; index < mac + NAME_BYTES; index++) {
      out[at++] = DIGITS[macs[index] >> 4];
      out[at++] = DIGITS[macs[index] & 15];
    }
  }
  const all = decodeUtf8(out);
  const units = text.length + 2 * NAME_BYTES;
  for (let at = 0; at < all.length; at += units) names.push(all.slice(at, at + units));
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
