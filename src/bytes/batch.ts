/**
 * A batch: records in one run of bytes, and where each begins. It is the unit of
 * everything below the public functions.
 *
 * @module
 */

import { byteLengthOf, type Bytes } from "./bytes.ts";
import { decodeAscii, encodeAscii, encodeIfAscii, encodeUtf8 } from "./text.ts";

/** Records in one run of bytes. */
export interface Batch {
  /** The records, back to back or with a line feed after each. */
  readonly bytes: Bytes;
  /** Where record `i` begins, at `i`, and where the next one does, at `i + 1`. */
  readonly offsets: Uint32Array;
  /** Whether there is a line feed after each record, which is no part of it. */
  readonly lineFeeds: boolean;
}

/** The results of opening a batch of tokens. */
export interface Opened {
  /** The plaintexts; that of a bad token is empty. */
  readonly plaintexts: Batch;
  /** A byte a token: 1 where it is valid, else 0. */
  readonly valid: Uint8Array;
  /** A number a token: its Unix time in seconds, 0 where it is not valid. */
  readonly times: BigUint64Array;
}

/**
 * A batch holds at most so many bytes, or else a single record; text is counted
 * in UTF-16 units, which become three bytes at most. It bounds the kernel's memory
 * and what a slice of a batch's text keeps alive.
 */
export const BATCH_BYTES = 1 << 20;
/** A batch holds at most so many records. */
export const BATCH_RECORDS = 8_192;
/** What ends a line. */
export const LINE_FEED = 0x0a;

/** How many records the batch holds. */
export function batchLength(batch: Batch): number {
  return batch.offsets.length - 1;
}

/** How many bytes there are between records. */
export function separatorLength(batch: Batch): number {
  return Number(batch.lineFeeds);
}

/** The batch of one record; the bytes are not copied. */
export function singleBatch(bytes: Bytes): Batch {
  return { bytes, offsets: Uint32Array.of(0, bytes.length), lineFeeds: false };
}

/** Record `index`, not copied. */
export function recordView(batch: Batch, index: number): Bytes {
  const { bytes, offsets } = batch;
  return bytes.subarray(offsets[index], offsets[index + 1] - separatorLength(batch));
}

/** A copy of record `index`. */
export function batchRecord(batch: Batch, index: number): Bytes {
  const { bytes, offsets } = batch;
  return bytes.slice(offsets[index], offsets[index + 1] - separatorLength(batch));
}

/** Where the records of a batch begin when each has become `lengthOf` its length. */
export function mappedOffsets(batch: Batch, lengthOf: (length: number) => number): Uint32Array {
  const { offsets } = batch;
  const separator = separatorLength(batch);
  const mapped = new Uint32Array(offsets.length);
  for (let index = 1; index < offsets.length; index++) {
    const length = offsets[index] - offsets[index - 1] - separator;
    mapped[index] = mapped[index - 1] + lengthOf(length) + separator;
  }
  return mapped;
}

/** The records of a batch of ASCII text. */
export function batchTexts(batch: Batch): string[] {
  const texts: string[] = [];
  addBatchTexts(texts, batch);
  return texts;
}

/** Adds the records of a batch of ASCII text to others. */
export function addBatchTexts(texts: string[], batch: Batch): void {
  const { bytes, offsets } = batch;
  const separator = separatorLength(batch);
  const text = decodeAscii(bytes);
  for (let index = 1; index < offsets.length; index++) {
    texts.push(text.slice(offsets[index - 1], offsets[index] - separator));
  }
}

/** How many records there are, and their mean length in bytes. */
export function batchLoad(batch: Batch): { count: number; length: number } {
  const count = batchLength(batch);
  return { count, length: batch.bytes.length / Math.max(1, count) };
}

/** Records of known lengths are put into a batch of exactly that size. */
export class BatchWriter {
  readonly #batch: Batch;
  #written = 0;

  /** Makes room for `count` records of `length` bytes in all, separators included. */
  constructor(count: number, length: number, lineFeeds = false) {
    const offsets = new Uint32Array(count + 1);
    this.#batch = { bytes: new Uint8Array(length), offsets, lineFeeds };
  }

  /** Adds a copy of a record. */
  add(record: Uint8Array): void {
    this.place(byteLengthOf(record)).set(record);
  }

  /** Adds a record of that length, which is to be written into what is returned. */
  place(length: number): Bytes {
    const { bytes, offsets, lineFeeds } = this.#batch;
    const start = offsets[this.#written];
    let end = start + length;
    if (lineFeeds) bytes[end++] = LINE_FEED;
    offsets[++this.#written] = end;
    return bytes.subarray(start, start + length);
  }

  /** The batch of the records added, which may be shorter than the room. */
  finish(): Batch {
    const { bytes, offsets, lineFeeds } = this.#batch;
    return { bytes: bytes.subarray(0, offsets[this.#written]), offsets, lineFeeds };
  }
}

/**
 * Bytes of a record, or its UTF-16 units. Of bytes it calls nothing that their
 * owner may have put in the place of `length`.
 */
export function lengthOf(record: string | Uint8Array): number {
  return typeof record === "string" ? record.length : byteLengthOf(record);
}

/** Splits `0..count` into runs that each fit a batch. */
export function* batchRanges(
  count: number,
  lengthOf: (index: number) => number,
): Generator<[start: number, end: number]> {
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const length = lengthOf(index);
    if (index > start && (bytes + length > BATCH_BYTES || index - start === BATCH_RECORDS)) {
      yield [start, index];
      start = index;
      bytes = 0;
    }
    bytes += length;
  }
  if (start < count) yield [start, count];
}

/**
 * Copies strings (as UTF-8) and byte arrays into one batch, without a call of
 * code that may be their owner's.
 *
 * @throws {TypeError} If a string holds a lone surrogate.
 */
export function toBatch(records: readonly (string | Uint8Array)[]): Batch {
  const ascii = joinAscii(records);
  if (ascii) return ascii;
  const encoded: Bytes[] = [];
  const bytesOf = (text: string) => encoded[encoded.push(encodeUtf8(text, "the text")) - 1];
  try {
    return joinBytes(
      records.map((record) => typeof record === "string" ? bytesOf(record) : record),
    );
  } finally {
    for (const bytes of encoded) bytes.fill(0);
  }
}

/** Puts tokens into one batch; text that is not ASCII is no token later. */
export function tokenBatch(tokens: readonly string[]): Batch {
  return joinAscii(tokens) ?? joinBytes(tokens.map(encodeAscii));
}

/**
 * One `encodeInto` of all the text is five times as fast as one a record. It
 * serves when all is ASCII: only then do the strings' lengths give the offsets,
 * and no lone surrogate can hide.
 */
function joinAscii(records: readonly (string | Uint8Array)[]): Batch | undefined {
  if (!records.every((record) => typeof record === "string")) return undefined;
  const bytes = encodeIfAscii(records.join(""));
  if (!bytes) return undefined;
  const offsets = new Uint32Array(records.length + 1);
  for (let index = 0; index < records.length; index++) {
    offsets[index + 1] = offsets[index] + records[index].length;
  }
  return { bytes, offsets, lineFeeds: false };
}

/** The whole lines at the start of a text, as many as fit a batch. */
export function takeLines(text: Bytes): Batch {
  const start = text.subarray(0, BATCH_BYTES);
  const offsets = [0];
  for (let end = 0; offsets.length <= BATCH_RECORDS;) {
    end = start.indexOf(LINE_FEED, end) + 1;
    if (!end) break;
    offsets.push(end);
  }
  const length = offsets[offsets.length - 1];
  return { bytes: text.subarray(0, length), offsets: Uint32Array.from(offsets), lineFeeds: true };
}

/** Puts byte arrays into one batch. */
export function joinBytes(records: readonly Uint8Array[], lineFeeds = false): Batch {
  const separators = lineFeeds ? records.length : 0;
  const length = records.reduce((sum, record) => sum + byteLengthOf(record), separators);
  const writer = new BatchWriter(records.length, length, lineFeeds);
  records.forEach((record) => writer.add(record));
  return writer.finish();
}
