/**
 * Values and their messages, sealed and opened in batches.
 *
 *     message = u32be(length of context) || context || type || value
 *     context = part(prefix) || part(key)
 *     type    = 1: the value is JSON text in UTF-8; 2: it is bytes
 *
 * @module
 */

import { tokenLength } from "../backends/token.ts";
import { type Batch, batchRanges, batchTexts, type Opened, tokenBatch } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { decodeAscii, decodeUtf8, encodeUtf8 } from "../bytes/text.ts";
import { isBytes } from "../checks.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { openBatch } from "../fernet/open.ts";
import { checkMessageLength, makeHeads, MAX_TOKEN, sealBatch } from "../fernet/seal.ts";
import { type Message, messageBatch, messageHead, messageLength } from "../message.ts";
import { type Json, writeJson } from "./json.ts";
import type { Prefix, Span } from "./names.ts";

/** What can be stored: JSON, or bytes. */
export type StoredValue = Json | Uint8Array;

const JSON_TYPE = 1;
const BYTES_TYPE = 2;
/** Bytes of a key up to which a decoder takes longer than its characters one by one. */
const SHORT_KEY = 64;

/**
 * The plaintexts of a batch. Text that is ASCII is a slice of one decoding, which is
 * faster than one a piece.
 */
class OpenedBatch {
  readonly plaintexts: Batch;
  readonly times: BigUint64Array;
  #text: string | undefined;

  constructor({ plaintexts, times }: Opened) {
    this.plaintexts = plaintexts;
    this.times = times;
  }

  /**
   * The text of a piece.
   *
   * @throws {TypeError} If it is not UTF-8.
   */
  text(start: number, end: number): string {
    const { bytes } = this.plaintexts;
    for (let at = start; at < end; at++) {
      if (bytes[at] > 0x7f) return decodeUtf8(bytes.subarray(start, end));
    }
    return (this.#text ??= this.#decode()).slice(start, end);
  }

  /** All of it, a character a byte; what is not ASCII is never looked at. */
  #decode(): string {
    const { bytes } = this.plaintexts;
    // Four bytes at a time.
    const words = new Uint32Array(Math.ceil(bytes.length / 4));
    const ascii = new Uint8Array(words.buffer, 0, bytes.length);
    ascii.set(bytes);
    for (let at = 0; at < words.length; at++) words[at] &= 0x7f7f7f7f;
    const text = decodeAscii(ascii);
    ascii.fill(0);
    return text;
  }
}

/** A record that was opened. It refers to its batch: views and objects of its own cost time. */
export class OpenedRecord {
  /** Which of the keys opened it: 0 is the newest. */
  readonly keyRank: number;
  /** Its batch. */
  readonly batch: OpenedBatch;
  /** Its place there. */
  readonly index: number;

  /** Takes its place in a batch. */
  constructor(batch: OpenedBatch, index: number, keyRank: number) {
    this.batch = batch;
    this.index = index;
    this.keyRank = keyRank;
  }

  /** The message. */
  get message(): Span {
    const { bytes, offsets } = this.batch.plaintexts;
    return { bytes, start: offsets[this.index], end: offsets[this.index + 1] };
  }

  /** When it was sealed, in Unix seconds. */
  get time(): bigint {
    return this.batch.times[this.index];
  }
}

/** A value that was read, with the key that stands in its message. */
export interface ReadValue {
  /** The key. */
  readonly key: string;
  /** `part(prefix) || part(key)`, within the message. */
  readonly context: Span;
  /** The value. */
  readonly value: StoredValue;
}

/**
 * The message of a value.
 *
 * @throws {TypeError} If the value would not come back as it is.
 * @throws {RangeError} If it is longer than 256 MiB.
 */
export function valueMessage(prefix: Prefix, key: Bytes, value: unknown): Message {
  const context = [prefix.bytes, key];
  const message = isBytes(value)
    ? { head: messageHead(context, BYTES_TYPE), value: Uint8Array.from(value) }
    : { head: messageHead(context, JSON_TYPE), value: encodeUtf8(writeJson(value), "the value") };
  checkMessageLength(messageLength(message));
  return message;
}

/** Characters of a message's record. */
export function recordLength(message: Message): number {
  return tokenLength(messageLength(message));
}

/** Seals messages into records. */
export async function sealMessages(
  keyed: KeyedBackend,
  messages: readonly Message[],
  timeOf: (index: number) => bigint,
): Promise<string[]> {
  const records: string[] = [];
  const ranges = batchRanges(messages.length, (index) => messageLength(messages[index]));
  for (const [start, end] of ranges) {
    const batch = messageBatch(messages.slice(start, end));
    const heads = makeHeads(end - start, (index) => timeOf(start + index));
    for (const record of batchTexts(await sealBatch(keyed, batch, heads))) records.push(record);
  }
  return records;
}

/**
 * Opens records, each key on what those before it did not open. A record that
 * none opens is `undefined`, and so is one that is `undefined` itself.
 */
export async function openRecords(
  keys: readonly KeyedBackend[],
  records: readonly (string | undefined)[],
): Promise<(OpenedRecord | undefined)[]> {
  const opened = new Array<OpenedRecord | undefined>(records.length).fill(undefined);
  let closed = [...records.keys()].filter((index) => isRecord(records[index]));
  for (let keyRank = 0; keyRank < keys.length && closed.length; keyRank++) {
    const tokens = closed.map((index) => records[index]!);
    for (const [start, end] of batchRanges(tokens.length, (index) => tokens[index].length)) {
      const batch = tokenBatch(tokens.slice(start, end));
      const result = await openBatch(keys[keyRank], batch);
      const some = new OpenedBatch(result);
      for (let index = 0; index < end - start; index++) {
        if (!result.valid[index]) continue;
        opened[closed[start + index]] = new OpenedRecord(some, index, keyRank);
      }
    }
    closed = closed.filter((index) => !opened[index]);
  }
  return opened;
}

function isRecord(record: string | undefined): boolean {
  return record !== undefined && record.length <= MAX_TOKEN;
}

/** The value of an authenticated message, with its key, if the message is of this prefix. */
export function readMessage(
  { bytes: prefix }: Prefix,
  { batch, index }: OpenedRecord,
): ReadValue | undefined {
  const { bytes, offsets } = batch.plaintexts;
  const start = offsets[index];
  const end = offsets[index + 1];
  const typeAt = contextEnd(prefix, bytes, start, end);
  if (typeAt === undefined) return undefined;
  const context = { bytes, start: start + 4, end: typeAt };
  try {
    const key = keyText(bytes, keyStart(prefix, start), typeAt);
    const type = bytes[typeAt];
    if (type === BYTES_TYPE) return { key, context, value: bytes.slice(typeAt + 1, end) };
    if (type !== JSON_TYPE) return undefined;
    return { key, context, value: JSON.parse(batch.text(typeAt + 1, end)) };
  } catch {
    // It is authentic, but another program wrote no JSON or no UTF-8.
  }
}

/**
 * The text of a key. It is no slice of the batch's text, which it would keep in
 * memory as long as the caller has the key.
 */
function keyText(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > SHORT_KEY) return decodeUtf8(bytes.subarray(start, end));
  const units = new Array<number>(length);
  for (let index = 0; index < length; index++) {
    const unit = bytes[start + index];
    if (unit > 0x7f) return decodeUtf8(bytes.subarray(start, end));
    units[index] = unit;
  }
  return String.fromCharCode.apply(null, units);
}

/**
 * Where the context of a message ends and its type is, if what precedes it is what a
 * context of the prefix has to be.
 */
function contextEnd(
  prefix: Bytes,
  bytes: Uint8Array,
  start: number,
  end: number,
): number | undefined {
  const keyAt = keyStart(prefix, start);
  if (end <= keyAt) return undefined;
  const length = readUint32(bytes, keyAt - 4);
  if (end <= keyAt + length) return undefined;
  if (readUint32(bytes, start) !== keyAt + length - start - 4) return undefined;
  if (readUint32(bytes, start + 4) !== prefix.length) return undefined;
  for (let at = 0; at < prefix.length; at++) {
    if (bytes[start + 8 + at] !== prefix[at]) return undefined;
  }
  return keyAt + length;
}

/** Where the key begins in a message: after the lengths of the context, the prefix and the key. */
function keyStart(prefix: Bytes, start: number): number {
  return start + 4 + 4 + prefix.length + 4;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}
