/**
 * Values into tokens: into batches, and through a backend.
 *
 * @module
 */

import { pickAsync, pickSync } from "../backends/select/fernet.ts";
import { HEAD, tokenLength } from "../backends/token.ts";
import { type Batch, batchLoad, batchRanges, batchTexts, toBatch } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { isBytes, kindOf } from "../checks.ts";
import { type KeyedBackend, withKey } from "./key.ts";

/** Bytes of the longest message: the token of a longer one nears a string's end. */
const MAX_MESSAGE = 2 ** 28;
/** Characters of the longest token. */
export const MAX_TOKEN: number = tokenLength(MAX_MESSAGE);
/** Random bytes that one call gives. */
const MAX_RANDOM = 65_536;

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
