/**
 * Text and bytes: strict base64url (RFC 4648, section 5) and strict UTF-8.
 *
 * @module
 */

import { decodeLongAscii, nativeBase64 } from "./native_base64.ts";

/**
 * Bytes in a buffer of their own, as `new Response(x)` and `crypto.subtle` take
 * them, in every version of TypeScript from 5.6 on.
 */
export type Bytes = ReturnType<Uint8Array["slice"]>;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
/** Bytes up to which the runtime's own base64 is not worth the call. */
const SHORT = 2_048;
const PAD = "=".charCodeAt(0);
const INVALID = 0xff;
const [PLUS, SLASH, MINUS, UNDERSCORE] = Array.from("+/-_", (sign) => sign.charCodeAt(0));
const SKIP = 0;
const LENIENT = Uint8Array.from({ length: 256 }, (_, code) => code || INVALID);
for (const space of "\t\n\f\r ") LENIENT[space.charCodeAt(0)] = SKIP;
LENIENT[PLUS] = MINUS;
LENIENT[SLASH] = UNDERSCORE;
const VALUES = new Uint8Array(256).fill(INVALID);
CODES.forEach((code, value) => VALUES[code] = value);

const ENCODER = new TextEncoder();
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Not fatal: that takes Deno seven times as long (measured). */
const LOOSE_UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });
const REPLACEMENT = "\ufffd";
const LATIN1 = new TextDecoder("latin1");
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Characters of padded base64 for `length` bytes. */
export function base64Length(length: number): number {
  return Math.ceil(length / 3) * 4;
}

/** Encodes bytes as padded base64url, in ASCII. */
export function encodeBase64Url(bytes: Uint8Array): Bytes {
  const out = new Uint8Array(base64Length(bytes.length));
  encodeBase64UrlInto(bytes, out);
  return out;
}

/** Encodes bytes as padded base64url, in ASCII, which fills `out`. */
export function encodeBase64UrlInto(bytes: Uint8Array, out: Uint8Array): void {
  if (bytes.length > SHORT && nativeBase64) return nativeBase64.encodeInto(bytes, out);
  let written = 0;
  for (let read = 0; read < bytes.length; read += 3) {
    const word = bytes[read] << 16 | bytes[read + 1] << 8 | bytes[read + 2];
    out[written++] = CODES[word >> 18];
    out[written++] = CODES[word >> 12 & 63];
    out[written++] = CODES[word >> 6 & 63];
    out[written++] = CODES[word & 63];
  }
  const absent = (3 - bytes.length % 3) % 3;
  out.fill(PAD, out.length - absent);
}

/**
 * Decodes canonical, padded base64url in ASCII: no white space, no other
 * alphabet, no set bit after the last byte. Anything else is `undefined`.
 */
export function decodeBase64Url(text: Uint8Array): Bytes | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.at(-1) !== PAD ? 0 : text.at(-2) !== PAD ? 1 : 2;
  const length = text.length / 4 * 3 - padding;
  if (length > SHORT && nativeBase64) return nativeBase64.decode(text, length);
  const out = new Uint8Array(length);
  const whole = text.length - (padding ? 4 : 0);
  let seen = 0;
  let written = 0;
  for (let read = 0; read < whole; read += 4) {
    const a = VALUES[text[read]];
    const b = VALUES[text[read + 1]];
    const c = VALUES[text[read + 2]];
    const d = VALUES[text[read + 3]];
    seen |= a | b | c | d;
    out[written++] = a << 2 | b >> 4;
    out[written++] = b << 4 | c >> 2;
    out[written++] = c << 6 | d;
  }
  if (padding) {
    const a = VALUES[text[whole]];
    const b = VALUES[text[whole + 1]];
    const c = padding === 1 ? VALUES[text[whole + 2]] : 0;
    const unused = padding === 1 ? c & 3 : b & 15;
    seen |= a | b | c | (unused ? INVALID : 0);
    out[written++] = a << 2 | b >> 4;
    if (padding === 1) out[written++] = b << 4 | c >> 2;
  }
  return seen > 63 ? undefined : out;
}

/**
 * Writes ASCII text as bytes. Characters beyond ASCII become several bytes,
 * none of which is in any base64 alphabet.
 */
export function encodeAscii(text: string): Bytes {
  return encodeIfAscii(text) ?? ENCODER.encode(text);
}

/** Writes text as bytes if all of it is ASCII: with room for no more than that. */
export function encodeIfAscii(text: string): Bytes | undefined {
  const bytes = new Uint8Array(text.length);
  return ENCODER.encodeInto(text, bytes).read === text.length ? bytes : undefined;
}

/** Reads bytes that are known to be ASCII. */
export function decodeAscii(bytes: Uint8Array): string {
  return decodeLongAscii(bytes) ?? LOOSE_UTF8.decode(bytes);
}

/** Reads any bytes, one character each; what is not ASCII is no base64 later. */
export function decodeLatin1(bytes: Uint8Array): string {
  return LATIN1.decode(bytes);
}

/** Whether the text holds a surrogate without its partner. */
export function hasLoneSurrogate(text: string): boolean {
  return LONE_SURROGATE.test(text);
}

/**
 * Writes text as UTF-8.
 *
 * @param text The text.
 * @param what What the text is, for the error's message.
 * @returns Its UTF-8 bytes.
 * @throws {TypeError} If the text holds a lone surrogate, which UTF-8 cannot
 * write: replacing it would change the text silently.
 */
export function encodeUtf8(text: string, what: string): Bytes {
  if (hasLoneSurrogate(text)) {
    throw new TypeError(
      `Cannot encode ${what} as UTF-8: it holds a lone surrogate, so it was cut inside a character`,
    );
  }
  return ENCODER.encode(text);
}

/**
 * Reads UTF-8; a leading U+FEFF is kept.
 *
 * @param bytes The bytes.
 * @returns The text.
 * @throws {TypeError} If the bytes are not UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = LOOSE_UTF8.decode(bytes);
  if (!text.includes(REPLACEMENT)) return text;
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new TypeError(
      "Cannot read the plaintext as text: it is not UTF-8, so decrypt it to bytes instead",
      { cause },
    );
  }
}

/**
 * Turns what people's tools make of base64url into the canonical form: drops
 * ASCII white space, takes either alphabet (unmixed), adds absent padding. What
 * cannot be mended becomes empty.
 */
export function canonicalBase64Url(text: Uint8Array): Bytes {
  const out = new Uint8Array(text.length + 2);
  let length = 0;
  let padding = 0;
  let standard = false;
  let urlSafe = false;
  for (const code of text) {
    const canonical = LENIENT[code];
    if (canonical === SKIP) continue;
    if (code === PAD) padding++;
    else if (canonical !== code) standard = true;
    else if (code === MINUS || code === UNDERSCORE) urlSafe = true;
    out[length++] = canonical;
  }
  const missing = (4 - length % 4) % 4;
  if (standard && urlSafe || padding && missing || missing > 2) return new Uint8Array();
  return out.fill(PAD, length, length + missing).subarray(0, length + missing);
}

/** Joins byte arrays. */
export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
