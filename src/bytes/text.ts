/**
 * Text as bytes and back: strict UTF-8, ASCII, Latin-1.
 *
 * @module
 */

import type { Bytes } from "./bytes.ts";
import { decodeLongAscii } from "./native_base64.ts";

const ENCODER = new TextEncoder();
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Not fatal: that takes Deno seven times as long (measured). */
const LOOSE_UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });
const REPLACEMENT = "\ufffd";
const LATIN1 = new TextDecoder("latin1");
/** Absent from browsers before 2023. */
const isWellFormed: ((this: string) => boolean) | undefined =
  (String.prototype as { isWellFormed?(): boolean }).isWellFormed;
const LONE_SURROGATE = /\p{Surrogate}/u;

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
  if (ENCODER.encodeInto(text, bytes).read === text.length) return bytes;
  // The text may be a secret, and nobody else can wipe this part of it.
  bytes.fill(0);
  return undefined;
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
  // The engine knows of most strings that they are Latin-1.
  return isWellFormed ? !isWellFormed.call(text) : LONE_SURROGATE.test(text);
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
  checkText(text, what);
  return ENCODER.encode(text);
}

/**
 * Checks that text can be written as UTF-8.
 *
 * @throws {TypeError} If it holds a lone surrogate.
 */
export function checkText(text: string, what: string): void {
  if (!hasLoneSurrogate(text)) return;
  throw new TypeError(
    `Cannot encode ${what} as UTF-8: it holds a lone surrogate, so it was cut inside a character`,
  );
}

/**
 * Reads plaintexts as {@linkcode decodeUtf8} does, and wipes all of them, also where
 * one is not UTF-8.
 *
 * @throws {TypeError} If one is not UTF-8.
 */
export function takeTexts(plaintexts: readonly Uint8Array[]): string[] {
  try {
    return plaintexts.map(decodeUtf8);
  } finally {
    for (const plaintext of plaintexts) plaintext.fill(0);
  }
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
