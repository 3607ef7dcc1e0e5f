/**
 * Flet's first format: padded base64url of `salt (16 bytes) || the ASCII text of
 * a Fernet token` under the derived key.
 *
 * @module
 */

import { pickAsync, pickSync } from "../backends/select/fernet.ts";
import { decodeToken } from "../backends/token.ts";
import { batchLoad, type Opened, recordView, singleBatch } from "../bytes/batch.ts";
import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { canonicalBase64Url, decodeBase64Url, encodeBase64Url } from "../bytes/base64.ts";
import { decodeAscii, encodeAscii, encodeUtf8 } from "../bytes/text.ts";
import { checkString } from "../checks.ts";
import { InvalidTokenError } from "../errors.ts";
import { MAX_VALUE, type OpenedValue } from "../fernet/open.ts";
import { checkMessageLength, makeHeads } from "../fernet/seal.ts";
import {
  checkSecretKey,
  keysAt,
  keysAtSync,
  newKey,
  newKeySync,
  newSalt,
  SALT,
  type SecretKey,
} from "./keys.ts";
import type { CheckedCall, DecryptCall, EncryptCall } from "./options.ts";

/** A value that was opened, and the iterations that its key took. */
export interface OpenedAt extends OpenedValue {
  /** The iterations. */
  readonly iterations: number;
}

/** Encrypts a message under a passphrase, and wipes it: derives a key, seals, wraps. */
export async function sealValue(
  message: OpenedValue,
  secretKey: SecretKey,
  call: EncryptCall,
): Promise<string> {
  const salt = newSalt();
  let key: Bytes | undefined;
  try {
    key = await newKey(secretKey, salt, call.iterations, call);
    return wrapToken(salt, await sealToken(key, message, call));
  } finally {
    key?.fill(0);
    message.plaintext.fill(0);
  }
}

/** {@linkcode sealValue} in the calling thread. */
export function sealValueSync(
  message: OpenedValue,
  secretKey: SecretKey,
  call: EncryptCall,
): string {
  const salt = newSalt();
  let key: Bytes | undefined;
  try {
    key = newKeySync(secretKey, salt, call.iterations, call);
    return wrapToken(salt, sealTokenSync(key, message, call));
  } finally {
    key?.fill(0);
    message.plaintext.fill(0);
  }
}

/**
 * Opens a value with the first of the keys that serves.
 *
 * @throws {InvalidTokenError} If none does.
 */
export async function openValue(
  { salt, token }: ParsedValue,
  secretKey: SecretKey,
  call: DecryptCall,
): Promise<OpenedAt> {
  for await (const { key, cost } of keysAt(secretKey, salt, call.costs, call)) {
    const opened = await openToken(key, token, call);
    if (opened) return { ...opened, iterations: cost };
  }
  throw new InvalidTokenError();
}

/** {@linkcode openValue} in the calling thread. */
export function openValueSync(
  { salt, token }: ParsedValue,
  secretKey: SecretKey,
  call: DecryptCall,
): OpenedAt {
  for (const { key, cost } of keysAtSync(secretKey, salt, call.costs, call)) {
    const opened = openTokenSync(key, token, call);
    if (opened) return { ...opened, iterations: cost };
  }
  throw new InvalidTokenError();
}

/** Seals a message into the bytes of a Fernet token. */
export async function sealToken(
  key: Bytes,
  { plaintext, time }: OpenedValue,
  { backend, signal }: CheckedCall,
): Promise<Bytes> {
  const batch = singleBatch(plaintext);
  const { async } = pickAsync(backend, batchLoad(batch));
  return (await async.seal(key, batch, makeHeads(1, () => time), signal)).bytes;
}

function sealTokenSync(
  key: Bytes,
  { plaintext, time }: OpenedValue,
  { backend }: CheckedCall,
): Bytes {
  const batch = singleBatch(plaintext);
  const { sync } = pickSync(backend, batchLoad(batch));
  return sync.seal(key, batch, makeHeads(1, () => time)).bytes;
}

/** Opens a Fernet token, if this is its key. */
export async function openToken(
  key: Bytes,
  token: Bytes,
  { backend, signal }: CheckedCall,
): Promise<OpenedValue | undefined> {
  const batch = singleBatch(token);
  const { async } = pickAsync(backend, batchLoad(batch));
  return onlyValue(await async.open(key, batch, signal));
}

function openTokenSync(
  key: Bytes,
  token: Bytes,
  { backend }: CheckedCall,
): OpenedValue | undefined {
  const batch = singleBatch(token);
  const { sync } = pickSync(backend, batchLoad(batch));
  return onlyValue(sync.open(key, batch));
}

function onlyValue({ plaintexts, valid, times }: Opened): OpenedValue | undefined {
  return valid[0] ? { plaintext: recordView(plaintexts, 0), time: times[0] } : undefined;
}

/** The text of a value. */
export function wrapToken(salt: Bytes, token: Bytes): string {
  return decodeAscii(encodeBase64Url(concatBytes([salt, token])));
}

/** A value whose structure is right. */
export interface ParsedValue {
  /** 16 bytes. */
  readonly salt: Bytes;
  /** The Fernet token's ASCII text. */
  readonly token: Bytes;
}

/**
 * Takes a value apart, or says `undefined` when its structure is not a value's: so
 * what is not a value costs nobody a derivation.
 *
 * @param lenient Whether white space, the other alphabet and absent padding are
 * taken, in the value and in the token inside.
 */
export function parseValue(text: string, lenient: boolean): ParsedValue | undefined {
  const bytes = decodeValue(text, lenient);
  if (!bytes) return undefined;
  const inner = bytes.subarray(SALT);
  const token = lenient ? canonicalBase64Url(inner) : inner;
  return decodeToken(token) && { salt: bytes.slice(0, SALT), token };
}

/** The bytes of a value's text; `undefined` if it is not base64url. */
export function decodeValue(text: string, lenient: boolean): Bytes | undefined {
  if (!lenient) return text.length > MAX_VALUE ? undefined : decodeBase64Url(encodeAscii(text));
  const canonical = canonicalBase64Url(encodeAscii(text));
  return canonical.length > MAX_VALUE ? undefined : decodeBase64Url(canonical);
}

/**
 * Checks the arguments of a call that opens one value, and takes the value apart.
 *
 * @param parse Takes a text apart, or says `undefined`.
 * @throws {TypeError} If one is of the wrong type, the passphrase is missing, or
 * the arguments seem to be swapped.
 * @throws {InvalidTokenError} If the structure is not a value's.
 */
export function readValue<Parsed>(
  encryptedData: string,
  secretKey: SecretKey,
  parse: (text: string) => Parsed | undefined,
): Parsed {
  checkSecretKey(secretKey);
  const parsed = parse(checkString(encryptedData, "encryptedData"));
  if (parsed) return parsed;
  if (typeof secretKey === "string" && parse(secretKey)) {
    throw new TypeError(
      "Cannot use encryptedData: it is not an encrypted value, and secretKey looks like one, " +
        "so swap the arguments",
    );
  }
  throw new InvalidTokenError();
}

/**
 * Text to encrypt, as bytes.
 *
 * @throws {TypeError} If it is not a string, or holds a lone surrogate.
 * @throws {RangeError} If it is longer than 256 MiB.
 */
export function plainBytes(plainText: string, index?: number): Bytes {
  const what = index === undefined ? "plainText" : `plainTexts[${index}]`;
  checkMessageLength(checkString(plainText, what).length);
  const bytes = encodeUtf8(plainText, what);
  checkMessageLength(bytes.length);
  return bytes;
}
