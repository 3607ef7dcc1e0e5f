/**
 * Strict base64url (RFC 4648, section 5).
 *
 * @module
 */

import type { Bytes } from "./bytes.ts";
import { nativeBase64 } from "./native_base64.ts";
import { decodeAscii, encodeAscii } from "./text.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0));
/** Bytes up to which the runtime's own base64 is not worth the call. */
const SHORT = 2_048;
/** Likewise, where it makes or reads a string. */
const SHORT_TEXT = 128;
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

/** Encodes bytes as padded base64url, as a string. */
export function base64UrlText(bytes: Uint8Array): string {
  if (bytes.length > SHORT_TEXT && nativeBase64) return nativeBase64.encodeText(bytes);
  return decodeAscii(encodeBase64Url(bytes));
}

/**
 * Decodes a string as {@linkcode decodeBase64Url} does.
 *
 * @param text The text.
 * @param room Makes room for so many bytes, which are then the result.
 */
export function decodeBase64UrlText(
  text: string,
  room: (length: number) => Bytes,
): Bytes | undefined {
  if (text.length <= SHORT_TEXT || !nativeBase64) return decodeBase64Url(encodeAscii(text));
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const out = room(text.length / 4 * 3 - padding);
  return nativeBase64.decodeTextInto(text, out) ? out : undefined;
}

/** The byte that a text begins with; `undefined` where it is too short or no base64url. */
export function firstByte(text: string): number | undefined {
  const [high, low] = [VALUES[text.charCodeAt(0)], VALUES[text.charCodeAt(1)]];
  return high < 64 && low < 64 ? high << 2 | low >> 4 : undefined;
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
