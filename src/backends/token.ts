/**
 * A Fernet token (github.com/fernet/spec) made of a platform's primitives, in
 * slices: 0x80 || time (u64be) || IV (16) || AES-128-CBC || HMAC-SHA256 (32).
 *
 * @module
 */

import {
  base64Length,
  base64UrlText,
  decodeBase64Url,
  decodeBase64UrlText,
  encodeBase64UrlInto,
  firstByte,
} from "../bytes/base64.ts";
import type { Bytes } from "../bytes/bytes.ts";
import type { Sliced } from "../runtime/schedule.ts";

/** Bytes of the time and the IV, which the caller chooses. */
export const HEAD = 24;
/** Bytes before the ciphertext. */
export const PREFIX = 1 + HEAD;
/** Bytes of the HMAC. */
export const TAG = 32;

const VERSION = 0x80;
const BLOCK = 16;
const IV_START = 9;
/** A multiple of AES's block and of base64's three bytes. */
const PIECE = 192 * 1_024;
/** Bytes that are decrypted by one call: of fewer calls each less is allocated (measured). */
const DECRYPTED_AT_ONCE = 17 << 16;
/** A multiple of base64's three bytes that takes some milliseconds. */
const TEXT_PIECE = 12 << 20;
/** Bytes of a record up to which a copy costs less than a second call. */
const SHORT = 4_096;

/** AES-128-CBC that goes on where its last call stopped, over whole blocks. */
export type CbcStream = (blocks: Bytes) => Uint8Array;

/** HMAC-SHA256 in the making. */
export interface MacStream {
  /** Absorbs bytes. */
  update(bytes: Bytes): void;
  /** The tag of what was absorbed. */
  digest(): Bytes;
  /** Wipes its state. */
  free?(): void;
}

/** What a platform has to offer. Keys and IVs have 16 bytes. */
export interface Primitives {
  /** Begins an encryption. */
  encryptor(key: Bytes, iv: Bytes): CbcStream;
  /** Begins a decryption. */
  decryptor(key: Bytes, iv: Bytes): CbcStream;
  /** Begins an HMAC-SHA256. */
  mac(key: Bytes): MacStream;
}

/** Bytes of the ciphertext of `length` bytes. */
export function ciphertextLength(length: number): number {
  return length - length % BLOCK + BLOCK;
}

/** Characters in the token of `length` bytes. */
export function tokenLength(length: number): number {
  return base64Length(PREFIX + ciphertextLength(length) + TAG);
}

/** What precedes the ciphertext. */
export function tokenPrefix(head: Uint8Array): Bytes {
  const prefix = new Uint8Array(PREFIX);
  prefix[0] = VERSION;
  prefix.set(head, 1);
  return prefix;
}

/** The IV in a raw token, or in what precedes the ciphertext. */
export function tokenIv(raw: Bytes): Bytes {
  return raw.subarray(IV_START, PREFIX);
}

/** The time in a raw token. */
export function tokenTime(raw: Bytes): bigint {
  return new DataView(raw.buffer, raw.byteOffset).getBigUint64(1);
}

/** Decodes a token's text, as {@linkcode decodeToken} does its bytes. */
export function decodeTokenText(
  token: string,
  room: (length: number) => Bytes,
): Bytes | undefined {
  if (firstByte(token) !== VERSION) return undefined;
  const raw = decodeBase64UrlText(token, room);
  return raw && hasTokenLength(raw.length) ? raw : undefined;
}

/** Decodes a token, or says `undefined` when its structure is not a token's. */
export function decodeToken(token: Bytes): Bytes | undefined {
  // The version byte is in the first characters: a long text that is no token
  // is refused unread.
  const start = decodeBase64Url(token.subarray(0, 4));
  if (start?.[0] !== VERSION) return undefined;
  const raw = decodeBase64Url(token);
  return raw && hasTokenLength(raw.length) ? raw : undefined;
}

/** Whether a raw token can have so many bytes. */
export function hasTokenLength(length: number): boolean {
  const ciphertext = length - PREFIX - TAG;
  return ciphertext >= BLOCK && ciphertext % BLOCK === 0;
}

/** Bytes of the raw token of `length` bytes. */
export function rawLength(length: number): number {
  return PREFIX + ciphertextLength(length) + TAG;
}

/**
 * Seals one record into the raw token, which fills `raw`. Each part of it is written
 * where base64 reads it.
 */
export function* sealRaw(
  primitives: Primitives,
  key: Bytes,
  record: Bytes,
  head: Uint8Array,
  raw: Bytes,
): Sliced<void> {
  const tagStart = raw.length - TAG;
  raw[0] = VERSION;
  raw.set(head, 1);
  const mac = primitives.mac(key.subarray(0, 16));
  try {
    const encrypt = primitives.encryptor(key.subarray(16), tokenIv(raw));
    let signed = 0;
    let written = PREFIX;
    for (const piece of paddedPieces(record)) {
      raw.set(encrypt(piece), written);
      written += piece.length;
      // The end of a record is signed with the piece before it: every call costs.
      if (piece.length < PIECE && written < tagStart) continue;
      mac.update(raw.subarray(signed, written));
      signed = written;
      yield;
    }
    raw.set(mac.digest(), tagStart);
  } finally {
    mac.free?.();
  }
}

/** Writes a raw token as text, which fills `out`. */
export function* encodeRaw(raw: Bytes, out: Bytes): Sliced<void> {
  let written = 0;
  for (const piece of pieces(raw)) {
    encodeBase64UrlInto(piece, out.subarray(written, written += base64Length(piece.length)));
    yield;
  }
}

/** Writes a raw token as a string. */
export function* textOfRaw(raw: Bytes): Sliced<string> {
  let text = "";
  for (let start = 0; start < raw.length; start += TEXT_PIECE) {
    text += base64UrlText(raw.subarray(start, start + TEXT_PIECE));
    yield;
  }
  return text;
}

/** A record and its padding, in pieces; of a long one only the end is copied. */
function* paddedPieces(record: Bytes): Generator<Bytes> {
  const start = record.length < SHORT ? 0 : record.length - record.length % BLOCK;
  yield* pieces(record.subarray(0, start));
  const end = new Uint8Array(ciphertextLength(record.length) - start);
  try {
    end.fill(BLOCK - record.length % BLOCK);
    end.set(record.subarray(start));
    yield end;
  } finally {
    end.fill(0);
  }
}

/** A token that was opened. */
export interface OpenedToken {
  /** The plaintext, in a buffer of its own. */
  plaintext: Bytes;
  /** The token's Unix time in seconds. */
  time: bigint;
}

/**
 * Opens one raw token: MAC, then padding.
 *
 * @param place Gives the place of so many bytes of plaintext.
 * @returns Whether it is valid; what was written is else the caller's to wipe.
 */
export function* openRaw(
  primitives: Primitives,
  key: Bytes,
  raw: Bytes,
  place: (length: number) => Bytes,
): Sliced<boolean> {
  if (!(yield* isSigned(primitives, key, raw))) return false;
  const ciphertext = raw.subarray(PREFIX, raw.length - TAG);
  const decryptor = (iv: Bytes) => primitives.decryptor(key.subarray(16), iv);
  if (ciphertext.length <= DECRYPTED_AT_ONCE) {
    const padded = decryptor(tokenIv(raw))(ciphertext);
    try {
      const length = unpaddedLength(padded);
      if (length === undefined) return false;
      place(length).set(padded.subarray(0, length));
      return true;
    } finally {
      padded.fill(0);
    }
  }
  const length = lengthByLastBlock(decryptor, ciphertext);
  if (length === undefined) return false;
  const plaintext = place(length);
  const decrypt = decryptor(tokenIv(raw));
  let written = 0;
  for (const piece of pieces(ciphertext)) {
    const decrypted = decrypt(piece);
    plaintext.set(decrypted.subarray(0, length - written), written);
    decrypted.fill(0);
    written += piece.length;
    yield;
  }
  return true;
}

/** Of a long message the last block is decrypted first: then it needs no second place. */
function lengthByLastBlock(
  decryptor: (iv: Bytes) => CbcStream,
  ciphertext: Bytes,
): number | undefined {
  const start = ciphertext.length - BLOCK;
  const block = decryptor(ciphertext.subarray(start - BLOCK, start))(ciphertext.subarray(start));
  try {
    const length = unpaddedLength(block);
    return length === undefined ? undefined : start + length;
  } finally {
    block.fill(0);
  }
}

function* isSigned(primitives: Primitives, key: Bytes, raw: Bytes): Sliced<boolean> {
  const tagStart = raw.length - TAG;
  const mac = primitives.mac(key.subarray(0, 16));
  try {
    for (const piece of pieces(raw.subarray(0, tagStart))) {
      mac.update(piece);
      yield;
    }
    return equalBytes(mac.digest(), raw.subarray(tagStart));
  } finally {
    mac.free?.();
  }
}

/** Compares in a time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= a[index] ^ b[index];
  return difference === 0;
}

/** Bytes without the PKCS #7 padding, or `undefined` when that is wrong. */
export function unpaddedLength(bytes: Uint8Array): number | undefined {
  const padding = bytes[bytes.length - 1];
  if (padding < 1 || padding > BLOCK) return undefined;
  const length = bytes.length - padding;
  let wrong = 0;
  for (let at = length; at < bytes.length; at++) wrong |= bytes[at] ^ padding;
  return wrong ? undefined : length;
}

/** The bytes in pieces that the primitives take one by one. */
export function* pieces(bytes: Bytes): Generator<Bytes> {
  for (let start = 0; start < bytes.length; start += PIECE) {
    yield bytes.subarray(start, start + PIECE);
  }
}
