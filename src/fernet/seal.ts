/**
 * Messages into tokens: into batches, and through a backend.
 *
 * @module
 */

import type { AsyncSingleEngine } from "../backends/backend.ts";
import { pickAsync, pickSingle, pickSync } from "../backends/select/fernet.ts";
import type { Load } from "../backends/select/parts.ts";
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
import { type Bytes, plainView } from "../bytes/bytes.ts";
import { checkText, encodeUtf8 } from "../bytes/text.ts";
import { isBytes, kindOf } from "../checks.ts";
import { type KeyedBackend, type KeySource, withKey } from "./key.ts";
import { type Call, LONGEST_QUEUED, TickQueue, Turns } from "./tick_queue.ts";

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
    sealRange(tokens, keySource, messages, start, end, timeOf);
  }
  return tokens;
}

function sealRange(
  tokens: string[],
  keySource: KeySource,
  messages: readonly Message[],
  start: number,
  end: number,
  timeOf: (index: number) => bigint,
): void {
  const heads = makeHeads(end - start, (index) => timeOf(start + index));
  // Nothing of the caller's runs from here on.
  const { key, backend } = keySource();
  const { sync } = pickSync(backend, messageLoad(messages, start, end));
  if (!sync.single) {
    const records = messageBatch(messages, start, end);
    try {
      return addBatchTexts(tokens, sync.seal(key, records, heads));
    } finally {
      records.bytes.fill(0);
    }
  }
  for (let index = start; index < end; index++) {
    const head = heads.subarray((index - start) * HEAD, (index - start + 1) * HEAD);
    const { view, copied } = recordOf(messages[index]);
    try {
      tokens.push(sync.single.seal(key, view, head));
    } finally {
      if (copied) view.fill(0);
    }
  }
}

function messageLoad(messages: readonly Message[], start: number, end: number): Load {
  let length = 0;
  for (let index = start; index < end; index++) length += lengthOf(messages[index]);
  return { count: end - start, length: length / (end - start) };
}

/** A message's bytes: the caller's own, unless they had to be copied. */
function recordOf(message: Message): { view: Bytes; copied: boolean } {
  if (typeof message !== "string") return plainView(message);
  const view = encodeUtf8(message, "the text");
  checkMessageLength(view.length);
  return { view, copied: true };
}

/** What was asked for by promises, of one `Fernet`: see {@linkcode sealAsync}. */
export class SealQueue {
  readonly #texts: TickQueue<string, string>;
  readonly #bytes: TickQueue<Bytes, string>;
  readonly #turns = new Turns();

  /** Begins with nothing. */
  constructor() {
    this.#texts = new TickQueue(sealBatchOfCalls);
    this.#bytes = new TickQueue(sealBatchOfCalls, (bytes) => bytes.fill(0));
  }

  /** How many long messages were asked for before in this tick. */
  nextTurn(): number {
    return this.#turns.next();
  }

  /**
   * Seals a short message together with the others of this tick; the first one at
   * once, as it may stay alone.
   */
  async add(keyed: KeyedBackend, message: Message, signal?: AbortSignal): Promise<string> {
    if (!this.nextTurn()) return sealSync(() => keyed, [message], unixTime)[0];
    if (typeof message !== "string") {
      return await this.#bytes.add([keyed], plainView(message).view.slice(), { signal });
    }
    checkText(message, "the text");
    return await this.#texts.add([keyed], message, { signal });
  }
}

/** Seals the messages of a tick. */
function sealBatchOfCalls<T extends Message>(
  [keyed]: readonly KeyedBackend[],
  calls: readonly Call<T, string>[],
): (() => string)[] {
  const now = unixTime();
  const messages = calls.map(({ value }) => value);
  return sealSync(() => keyed, messages, () => now).map((token) => () => token);
}

/**
 * Seals a message into a token, by promises. The message is the caller's again when
 * the call returns.
 */
export function sealAsync(
  queue: SealQueue,
  keySource: KeySource,
  message: Message,
  signal?: AbortSignal,
): Promise<string> {
  checkMessage(message, 0, [message]);
  signal?.throwIfAborted();
  const keyed = keySource();
  const length = lengthOf(message);
  const single = pickSingle(keyed.backend, length, () => queue.nextTurn());
  if (single) return sealSingle(single, keyed, message, signal);
  return length <= LONGEST_QUEUED
    ? queue.add(keyed, message, signal)
    : sealLong(keyed, message, signal);
}

function sealSingle(
  engine: AsyncSingleEngine,
  keyed: KeyedBackend,
  message: Message,
  signal?: AbortSignal,
): Promise<string> {
  const { view, copied } = recordOf(message);
  try {
    return engine.seal(keyed, view, makeHeads(1, unixTime), signal);
  } finally {
    if (copied) view.fill(0);
  }
}

async function sealLong(
  keyed: KeyedBackend,
  message: Message,
  signal?: AbortSignal,
): Promise<string> {
  const records = messageBatch([message], 0, 1);
  try {
    return batchTexts(await sealBatch(keyed, records, makeHeads(1, unixTime), signal))[0];
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
    const { async } = pickAsync(keyed.backend, batchLoad(records));
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
