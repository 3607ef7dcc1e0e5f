/**
 * Messages into tokens: into batches, and through a backend.
 *
 * @module
 */

import { pickAsync, pickSync } from "../backends/select/fernet.ts";
import { HEAD, tokenLength } from "../backends/token.ts";
import {
  addBatchTexts,
  type Batch,
  batchLoad,
  batchRanges,
  batchTexts,
  lengthOf,
  toBatch,
} from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { isBytes, kindOf } from "../checks.ts";
import { type KeyedBackend, type KeySource, withKey } from "./key.ts";

/** Bytes of the longest message: the token of a longer one nears a string's end. */
const MAX_MESSAGE = 2 ** 28;
/** Characters of the longest token. */
export const MAX_TOKEN: number = tokenLength(MAX_MESSAGE);
/** Random bytes that one call gives. */
const MAX_RANDOM = 65_536;

/** A message to encrypt: text, or bytes that stay the caller's. */
export type Message = string | Uint8Array;

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

/** Seals messages into tokens, in the calling thread. */
export function sealSync(
  keySource: KeySource,
  messages: readonly Message[],
  timeOf: (index: number) => bigint,
): string[] {
  // Where there is nothing to do, a key and a backend that cannot do it are refused too.
  if (!messages.length) pickSync(keySource().backend, { count: 0, length: 0 });
  messages.forEach(checkMessage);
  const tokens: string[] = [];
  for (const [start, end] of batchRanges(messages.length, (index) => lengthOf(messages[index]))) {
    const records = messageBatch(messages, start, end);
    try {
      const heads = makeHeads(end - start, (index) => timeOf(start + index));
      const { key, backend } = keySource();
      const { sync } = pickSync(backend, batchLoad(records));
      addBatchTexts(tokens, sync.seal(key, records, heads));
    } finally {
      records.bytes.fill(0);
    }
  }
  return tokens;
}

/** Seals a message into a token, by promises. */
export async function sealAsync(
  keySource: KeySource,
  message: Message,
  time: bigint,
  signal?: AbortSignal,
): Promise<string> {
  checkMessage(message, 0, [message]);
  signal?.throwIfAborted();
  const records = messageBatch([message], 0, 1);
  try {
    const heads = makeHeads(1, () => time);
    return batchTexts(await sealBatch(keySource(), records, heads, signal))[0];
  } finally {
    records.bytes.fill(0);
  }
}

/** Seals a batch by promises. */
export async function sealBatch(
  keyed: KeyedBackend,
  records: Batch,
  heads: Bytes,
  signal?: AbortSignal,
): Promise<Batch> {
  return await withKey(keyed, async (key) => {
    const { async } = await pickAsync(keyed.backend, batchLoad(records));
    return await async.seal(key, records, heads, signal);
  });
}

/** Copies messages into a batch: from here on, nothing that the caller does changes them. */
function messageBatch(messages: readonly Message[], start: number, end: number): Batch {
  const whole = start === 0 && end === messages.length;
  const records = toBatch(whole ? messages : messages.slice(start, end));
  if (end - start === 1) checkMessageLength(records.bytes.length);
  return records;
}

function checkMessage(message: unknown, index: number, { length }: readonly unknown[]): void {
  if (typeof message !== "string" && !isBytes(message)) {
    const which = length === 1 ? "the value" : `value ${index}`;
    throw new TypeError(
      `Cannot encrypt ${which}: expected a string or a Uint8Array, got ${kindOf(message)}`,
    );
  }
  checkMessageLength(lengthOf(message));
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
