/**
 * Fernet over any number of values: into batches, through a backend, and back.
 *
 * @module
 */

import type { BackendChoice } from "../backends/select/available.ts";
import { pickAsync, pickSync } from "../backends/select/fernet.ts";
import { HEAD, tokenLength } from "../backends/token.ts";
import {
  type Batch,
  batchLoad,
  batchRanges,
  batchRecord,
  batchTexts,
  type Opened,
  toBatch,
  tokenBatch,
} from "../bytes/batch.ts";
import { isBytes, kindOf } from "../checks.ts";
import { base64Length } from "../bytes/base64.ts";
import type { Bytes } from "../bytes/bytes.ts";

/** Bytes of the longest message: the token of a longer one nears a string's end. */
const MAX_MESSAGE = 2 ** 28;
const MAX_TOKEN = tokenLength(MAX_MESSAGE);
/** Characters of the longest value under a passphrase: a salt and a token. */
export const MAX_VALUE = base64Length(16 + MAX_TOKEN);
/** Random bytes that one call gives. */
const MAX_RANDOM = 65_536;

/** A key and the backend chosen for it. */
export interface KeyedBackend {
  /** 32 bytes. */
  readonly key: Bytes;
  /** The choice. */
  readonly backend: BackendChoice;
}

/** A token that was opened, whatever its time. */
export interface OpenedValue {
  /** The plaintext. */
  readonly plaintext: Bytes;
  /** The token's Unix time in seconds. */
  readonly time: bigint;
}

/** Plaintexts of all kinds. */
export type Plaintexts = readonly (string | Uint8Array)[];

/** The Unix time in seconds. */
export function unixTime(): bigint {
  return BigInt(Math.floor(Date.now() / 1_000));
}

/** What precedes each ciphertext: a time, and an IV that nobody can foresee. */
export function makeHeads(count: number, timeOf: (index: number) => bigint): Bytes {
  const heads = new Uint8Array(count * HEAD);
  for (let start = 0; start < heads.length; start += MAX_RANDOM) {
    crypto.getRandomValues(heads.subarray(start, start + MAX_RANDOM));
  }
  const view = new DataView(heads.buffer);
  for (let index = 0; index < count; index++) view.setBigUint64(index * HEAD, timeOf(index));
  return heads;
}

/** Seals values into tokens, in the calling thread. */
export function sealSync(
  { key, backend }: KeyedBackend,
  values: Plaintexts,
  timeOf: (index: number) => bigint,
): string[] {
  pickSync(backend, { count: 0, length: 0 }); // refuses a backend that has promises only, whatever there is to do
  const tokens: string[] = [];
  for (const { batch, heads } of sealBatches(values, timeOf)) {
    const { sync } = pickSync(backend, batchLoad(batch));
    for (const token of batchTexts(sync.seal(key, batch, heads))) tokens.push(token);
  }
  return tokens;
}

/** Seals values into tokens, by promises. */
export async function sealAsync(
  keyed: KeyedBackend,
  values: Plaintexts,
  timeOf: (index: number) => bigint,
  signal?: AbortSignal,
): Promise<string[]> {
  const tokens: string[] = [];
  for (const { batch, heads } of sealBatches(values, timeOf)) {
    const sealed = await sealBatch(keyed, batch, heads, signal);
    for (const token of batchTexts(sealed)) tokens.push(token);
  }
  return tokens;
}

/** Opens tokens in the calling thread, in order; a bad one is `undefined`. */
export function* openSync(
  { key, backend }: KeyedBackend,
  tokens: readonly string[],
): Generator<OpenedValue | undefined> {
  pickSync(backend, { count: 0, length: 0 });
  for (const batch of openBatches(tokens)) {
    yield* openedValues(pickSync(backend, batchLoad(batch)).sync.open(key, batch));
  }
}

/** Opens tokens by promises, in order; a bad one is `undefined`. */
export async function* openAsync(
  keyed: KeyedBackend,
  tokens: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<OpenedValue | undefined> {
  for (const batch of openBatches(tokens)) {
    yield* openedValues(await openBatch(keyed, batch, signal));
  }
}

/** Seals a batch by promises. */
export async function sealBatch(
  keyed: KeyedBackend,
  batch: Batch,
  heads: Bytes,
  signal?: AbortSignal,
): Promise<Batch> {
  return await withKey(keyed, async (key) => {
    const { async } = await pickAsync(keyed.backend, batchLoad(batch));
    return await async.seal(key, batch, heads, signal);
  });
}

/** Opens a batch by promises. */
export async function openBatch(
  keyed: KeyedBackend,
  tokens: Batch,
  signal?: AbortSignal,
): Promise<Opened> {
  return await withKey(keyed, async (key) => {
    const { async } = await pickAsync(keyed.backend, batchLoad(tokens));
    return await async.open(key, tokens, signal);
  });
}

/**
 * Work with a copy of the key: it goes on when the key is wiped meanwhile, as
 * `using` does at the end of a block, and must not go on with zeros.
 */
async function withKey<T>({ key }: KeyedBackend, work: (key: Bytes) => Promise<T>): Promise<T> {
  const copy = key.slice();
  try {
    return await work(copy);
  } finally {
    copy.fill(0);
  }
}

function* sealBatches(
  values: Plaintexts,
  timeOf: (index: number) => bigint,
): Generator<{ batch: Batch; heads: Bytes }> {
  values.forEach(checkPlaintext);
  for (const [start, end] of batchRanges(values.length, (index) => values[index].length)) {
    const batch = toBatch(values.slice(start, end));
    if (end - start === 1) checkMessageLength(batch.bytes.length);
    yield { batch, heads: makeHeads(end - start, (index) => timeOf(start + index)) };
  }
}

function checkPlaintext(value: unknown, index: number, { length }: Plaintexts): void {
  if (typeof value !== "string" && !isBytes(value)) {
    const which = length === 1 ? "the value" : `value ${index}`;
    throw new TypeError(
      `Cannot encrypt ${which}: expected a string or a Uint8Array, got ${kindOf(value)}`,
    );
  }
  checkMessageLength(value.length);
}

/**
 * Checks a message's length in bytes, or in characters, which are as many bytes
 * at least.
 *
 * @throws {RangeError} If it is longer than 256 MiB.
 */
export function checkMessageLength(length: number): void {
  if (length > MAX_MESSAGE) {
    throw new RangeError(
      `Cannot encrypt a message of more than ${MAX_MESSAGE} bytes: use a sealed export (sealExport, sealFile)`,
    );
  }
}

function* openBatches(tokens: readonly string[]): Generator<Batch> {
  const bounded = tokens.map(checkToken);
  for (const [start, end] of batchRanges(bounded.length, (index) => bounded[index].length)) {
    yield tokenBatch(bounded.slice(start, end));
  }
}

function checkToken(token: unknown, index: number, { length }: readonly unknown[]): string {
  if (typeof token === "string") return token.length > MAX_TOKEN ? "" : token;
  const which = length === 1 ? "the token" : `token ${index}`;
  throw new TypeError(`Cannot decrypt ${which}: expected a string, got ${kindOf(token)}`);
}

function* openedValues({ plaintexts, valid, times }: Opened): Generator<OpenedValue | undefined> {
  for (let index = 0; index < valid.length; index++) {
    yield valid[index]
      ? { plaintext: batchRecord(plaintexts, index), time: times[index] }
      : undefined;
  }
}
