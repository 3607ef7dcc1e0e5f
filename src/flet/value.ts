/**
 * Flet's first format: padded base64url of `salt (16 bytes) || the ASCII text of
 * a Fernet token` under the derived key.
 *
 * @module
 */

import type { BackendChoice } from "../backends/select/available.ts";
import { pickAsync, pickSync } from "../backends/select/fernet.ts";
import { decodeToken } from "../backends/token.ts";
import { type Batch, batchLoad, batchRecord, type Opened, singleBatch } from "../bytes/batch.ts";
import { checkString } from "../checks.ts";
import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { decodeAscii, encodeAscii, encodeUtf8 } from "../bytes/text.ts";
import { decodeBase64Url, encodeBase64Url } from "../bytes/base64.ts";
import { InvalidTokenError } from "../errors.ts";
import { checkMessageLength, makeHeads } from "../fernet/seal.ts";
import { MAX_VALUE, type OpenedValue } from "../fernet/open.ts";
import { type PassphraseCall, SALT, ValueJob } from "./options.ts";

/** Which Fernet engine a job uses: a synchronous call cannot wait for promises. */
export interface Mode {
  /** Whether the call returns a promise. */
  readonly async: boolean;
  /** Rejects the call with its reason. */
  readonly signal?: AbortSignal;
}

/** Derives the key of a new value and seals it. */
export class SealJob extends ValueJob {
  /** The value, when the job is done. */
  value = "";
  readonly #backend: BackendChoice;
  readonly #mode: Mode;
  readonly #plaintext: Batch;
  readonly #time: bigint;

  /** Seals a plaintext at one cost with a random salt. */
  constructor(
    { password, backend }: PassphraseCall,
    mode: Mode,
    iterations: number,
    { plaintext, time }: OpenedValue,
  ) {
    super(password, crypto.getRandomValues(new Uint8Array(SALT)), [iterations]);
    this.#backend = backend;
    this.#mode = mode;
    this.#plaintext = singleBatch(plaintext);
    this.#time = time;
  }

  protected override use(key: Bytes): boolean | Promise<boolean> {
    const plaintext = this.#plaintext;
    const load = batchLoad(plaintext);
    const heads = makeHeads(1, () => this.#time);
    const store = (token: Batch) => {
      this.value = decodeAscii(encodeBase64Url(concatBytes([this.request.salt, token.bytes])));
      return true;
    };
    if (!this.#mode.async) {
      return store(pickSync(this.#backend, load).sync.seal(key, plaintext, heads));
    }
    return pickAsync(this.#backend, load)
      .then(({ async }) => async.seal(key, plaintext, heads, this.#mode.signal))
      .then(store);
  }
}

/** Derives the key of a value, at each cost it may have, and opens it. */
export class OpenJob extends ValueJob {
  /** The plaintext and the token's time, when the job is done. */
  opened: OpenedValue = { plaintext: new Uint8Array(), time: 0n };
  readonly #backend: BackendChoice;
  readonly #mode: Mode;
  readonly #token: Batch;

  /** Opens a value that was parsed. */
  constructor(
    { password, backend }: PassphraseCall,
    mode: Mode,
    costs: readonly number[],
    { salt, token }: ParsedValue,
  ) {
    super(password, salt, costs);
    this.#backend = backend;
    this.#mode = mode;
    this.#token = singleBatch(token);
  }

  protected override use(key: Bytes): boolean | Promise<boolean> {
    const token = this.#token;
    const load = batchLoad(token);
    const store = ({ plaintexts, valid, times }: Opened) => {
      if (!valid[0]) return false;
      this.opened = { plaintext: batchRecord(plaintexts, 0), time: times[0] };
      return true;
    };
    if (!this.#mode.async) return store(pickSync(this.#backend, load).sync.open(key, token));
    return pickAsync(this.#backend, load)
      .then(({ async }) => async.open(key, token, this.#mode.signal))
      .then(store);
  }
}

/** A value whose structure is right. */
export interface ParsedValue {
  /** 16 bytes. */
  readonly salt: Bytes;
  /** The Fernet token's ASCII text. */
  readonly token: Bytes;
}

/**
 * Checks all of a value's structure, so that what is no value costs nobody a
 * derivation.
 *
 * @throws {TypeError} If it is not a string.
 * @throws {InvalidTokenError} If it is not a value.
 */
export function parseValue(encryptedData: string, index?: number): ParsedValue {
  const what = index === undefined ? "the encrypted data" : `encrypted value ${index}`;
  const text = checkString(encryptedData, what);
  const bytes = text.length > MAX_VALUE ? undefined : decodeBase64Url(encodeAscii(text));
  const token = bytes?.subarray(SALT);
  if (!bytes || !token || !decodeToken(token)) throw new InvalidTokenError({ index });
  return { salt: bytes.slice(0, SALT), token };
}

/**
 * Text to encrypt, as bytes.
 *
 * @throws {TypeError} If it is not a string, or holds a lone surrogate.
 * @throws {RangeError} If it is longer than 256 MiB.
 */
export function plainBytes(plainText: string, index?: number): Bytes {
  const what = index === undefined ? "the plain text" : `plain text ${index}`;
  checkMessageLength(checkString(plainText, what).length);
  const bytes = encodeUtf8(plainText, what);
  checkMessageLength(bytes.length);
  return bytes;
}
