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
import { batchLength, batchRanges, batchTexts, recordView, tokenBatch } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { decodeAscii, decodeUtf8, encodeUtf8 } from "../bytes/text.ts";
import { isBytes } from "../checks.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { openBatch } from "../fernet/open.ts";
import { checkMessageLength, makeHeads, MAX_TOKEN, sealBatch } from "../fernet/seal.ts";
import { type Message, messageBatch, messageHead, messageLength } from "../message.ts";
import { type Json, writeJson } from "./json.ts";
import type { Prefix } from "./names.ts";

/** What can be stored: JSON, or bytes. */
export type StoredValue = Json | Uint8Array;

const JSON_TYPE = 1;
const BYTES_TYPE = 2;
/** Bytes of a key up to which a decoder takes longer than its characters one by one. */
const SHORT_KEY = 64;

/**
 * Plaintexts that are read as text: what is ASCII is a slice of one decoding, which
 * is faster than one a piece.
 */
export class BatchText {
  readonly #bytes: Uint8Array;
  #text: string | undefined;

  /** Takes the bytes of a batch. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /**
   * The text of a piece.
   *
   * @throws {TypeError} If it is not UTF-8.
   */
  read(start: number, end: number): string {
    for (let at = start; at < end; at++) {
      if (this.#bytes[at] > 0x7f) return decodeUtf8(this.#bytes.subarray(start, end));
    }
    return (this.#text ??= this.#decode()).slice(start, end);
  }

  /** All of it, a character a byte; what is not ASCII is never looked at. */
  #decode(): string {
    const { length } = this.#bytes;
    // Four bytes at a time.
    const words = new Uint32Array(Math.ceil(length / 4));
    const ascii = new Uint8Array(words.buffer, 0, length);
    ascii.set(this.#bytes);
    for (let at = 0; at < words.length; at++) words[at] &= 0x7f7f7f7f;
    const text = decodeAscii(ascii);
    ascii.fill(0);
    return text;
  }
}

/** A record that was opened. */
export interface OpenedRecord {
  /** The message, a view of its batch. */
  readonly message: Uint8Array;
  /** The text of its batch, and where the message begins in it. */
  readonly text: BatchText;
  /** See there. */
  readonly start: number;
  /** When it was sealed, in Unix seconds. */
  readonly time: bigint;
  /** Which of the keys opened it: 0 is the newest. */
  readonly keyRank: number;
}

/** A value that was read, with the key that stands in its message. */
export interface ReadValue {
  /** The key. */
  readonly key: string;
  /** The same in UTF-8, a view of the message. */
  readonly keyBytes: Uint8Array;
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
      const { plaintexts, valid, times } = await openBatch(keys[keyRank], batch);
      const text = new BatchText(plaintexts.bytes);
      for (let index = 0; index < batchLength(batch); index++) {
        if (!valid[index]) continue;
        opened[closed[start + index]] = {
          message: recordView(plaintexts, index),
          text,
          start: plaintexts.offsets[index],
          time: times[index],
          keyRank,
        };
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
  { message, text, start }: OpenedRecord,
): ReadValue | undefined {
  const keyBytes = keyWithin(prefix, message);
  if (!keyBytes) return undefined;
  const end = keyStart(prefix) + keyBytes.length;
  try {
    const key = keyText(keyBytes);
    const type = message[end];
    if (type === BYTES_TYPE) return { key, keyBytes, value: message.slice(end + 1) };
    if (type !== JSON_TYPE) return undefined;
    const json = text.read(start + end + 1, start + message.length);
    return { key, keyBytes, value: JSON.parse(json) };
  } catch {
    // It is authentic, but another program wrote no JSON or no UTF-8.
  }
}

/**
 * The text of a key. It is no slice of the batch's text, which it would keep in
 * memory as long as the caller has the key.
 */
function keyText(bytes: Uint8Array): string {
  if (bytes.length > SHORT_KEY) return decodeUtf8(bytes);
  for (let at = 0; at < bytes.length; at++) if (bytes[at] > 0x7f) return decodeUtf8(bytes);
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** The key in a message, if what precedes the type is what a context has to be. */
function keyWithin(prefix: Bytes, message: Uint8Array): Uint8Array | undefined {
  const start = keyStart(prefix);
  if (message.length <= start) return undefined;
  const length = readUint32(message, start - 4);
  if (message.length <= start + length) return undefined;
  if (readUint32(message, 0) !== start - 4 + length) return undefined;
  if (readUint32(message, 4) !== prefix.length) return undefined;
  for (let at = 0; at < prefix.length; at++) if (message[8 + at] !== prefix[at]) return undefined;
  return message.subarray(start, start + length);
}

/** Where the key begins: after the lengths of the context, the prefix and the key. */
function keyStart(prefix: Bytes): number {
  return 4 + 4 + prefix.length + 4;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
}
