/**
 * Seals data into the lines of a sealed export.
 *
 * @module
 */

import { type Batch, batchLength, LINE_FEED } from "../../bytes/batch.ts";
import { type Bytes, concatBytes } from "../../bytes/bytes.ts";
import { makeHeads, unixTime } from "../../fernet/seal.ts";
import { release } from "../../runtime/memory.ts";
import { Pacer } from "../../runtime/schedule.ts";
import { ordered } from "../../streams/ordered.ts";
import { fileKey } from "./file_key.ts";
import { BATCH_SLICES, FINAL_DATA, RECORD_HEAD, SLICE, TYPE } from "./format.ts";
import { newHeader } from "./header.ts";
import type { SealedExportInfo, SealWork } from "./options.ts";
import { BatchRunner } from "../../streams/batch_runner.ts";

/** Bytes of a full slice's record, and of the final one, with a line feed each. */
const RECORD = RECORD_HEAD + SLICE + 1;
const FINAL_RECORD = RECORD_HEAD + FINAL_DATA + 1;

/**
 * Seals data into the bytes of an export, a batch at a time.
 *
 * @param source The data, in chunks of any size, which are copied and wiped.
 * @param work The checked options.
 * @param signal Stops it, at any await.
 * @returns What was sealed.
 */
export async function* sealBytes(
  source: AsyncIterable<Uint8Array>,
  work: SealWork,
  signal: AbortSignal,
): AsyncGenerator<Bytes, SealedExportInfo, void> {
  // Line 1: the header, whose id and salt no other file has.
  const header = newHeader(work.iterations);
  yield concatBytes([header.line, Uint8Array.of(LINE_FEED)]);
  // The key of this file, out of the secret and all of the header.
  const key = await fileKey(header, work, signal);
  // Every further line: a Fernet token over a record, all of them with one time.
  const time = unixTime();
  const { backend, workers } = work;
  const runner = new BatchRunner(() => ({ key: key.slice(), backend }), { workers, signal });
  const pacer = new Pacer();
  let slices = 0;
  let bytes = 0;
  try {
    const sealed = ordered(
      recordBatches(source),
      () => runner.inFlight,
      async ({ records, ...counts }) => {
        const heads = makeHeads(batchLength(records), () => time);
        const sealed = await runner.seal(records, heads).finally(() => records.bytes.fill(0));
        release(records.bytes);
        return { sealed, ...counts };
      },
    );
    for await (const batch of sealed) {
      slices += batch.slices;
      bytes += batch.bytes;
      yield batch.sealed.bytes;
      work.onProgress?.(bytes, work.total);
      await pacer.pause();
    }
    return { id: header.id, slices, bytes };
  } finally {
    runner.close();
    key.fill(0);
  }
}

/** Records, and how many slices and bytes of input they hold. */
interface RecordBatch {
  readonly records: Batch;
  readonly slices: number;
  readonly bytes: number;
}

/** The last batch ends with the final record. */
async function* recordBatches(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<RecordBatch, void> {
  let writer = new RecordWriter(0);
  let ended = false;
  try {
    for await (const chunk of source) {
      try {
        for (let at = 0; at < chunk.length;) {
          // A full batch waits for another byte: without one it is the last.
          if (writer.full) {
            yield writer.finish();
            writer = writer.next();
          }
          at += writer.add(chunk.subarray(at));
        }
      } finally {
        chunk.fill(0);
      }
    }
    ended = true;
    yield writer.finishLast();
  } finally {
    // Who seals the last batch wipes it.
    if (!ended) writer.wipe();
  }
}

/** Writes input into the records of one batch, each with a line feed after it. */
class RecordWriter {
  readonly #firstSlice: number;
  readonly #bytes = new Uint8Array(BATCH_SLICES * RECORD + FINAL_RECORD);
  readonly #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** `firstSlice` is the index of its first slice. */
  constructor(firstSlice: number) {
    this.#firstSlice = firstSlice;
  }

  /** Whether it takes no more. */
  get full(): boolean {
    return this.#length === BATCH_SLICES * SLICE;
  }

  /** The writer of the batch that follows a full one. */
  next(): RecordWriter {
    return new RecordWriter(this.#firstSlice + BATCH_SLICES);
  }

  /** Copies what fits into the current slice, and says how many bytes that were. */
  add(data: Uint8Array): number {
    const within = this.#length % SLICE;
    const start = (this.#length - within) / SLICE * RECORD + RECORD_HEAD + within;
    const count = Math.min(data.length, SLICE - within);
    this.#bytes.set(data.subarray(0, count), start);
    this.#length += count;
    return count;
  }

  /** Wipes what was added. */
  wipe(): void {
    this.#bytes.fill(0);
  }

  /** The records of the slices. */
  finish(): RecordBatch {
    const slices = Math.ceil(this.#length / SLICE);
    const offsets = [0];
    for (let slice = 0; slice < slices; slice++) {
      const data = Math.min(SLICE, this.#length - slice * SLICE);
      offsets.push(this.#complete(offsets[slice], this.#firstSlice + slice, TYPE.slice, data));
    }
    return this.#batch(slices, offsets);
  }

  /** The same, and the final record. */
  finishLast(): RecordBatch {
    const { slices, records: { offsets } } = this.finish();
    const start = offsets[slices];
    const index = this.#firstSlice + slices;
    this.#view.setBigUint64(start + RECORD_HEAD, BigInt(index));
    this.#view.setBigUint64(
      start + RECORD_HEAD + 8,
      BigInt(this.#firstSlice * SLICE + this.#length),
    );
    return this.#batch(slices, [
      ...offsets,
      this.#complete(start, index, TYPE.final, FINAL_DATA),
    ]);
  }

  /** Writes what is around a record's data, and says where the record ends. */
  #complete(start: number, index: number, type: number, dataLength: number): number {
    this.#view.setBigUint64(start, BigInt(index));
    this.#view.setUint8(start + 8, type);
    const end = start + RECORD_HEAD + dataLength;
    this.#bytes[end] = LINE_FEED;
    return end + 1;
  }

  #batch(slices: number, offsets: readonly number[]): RecordBatch {
    const bytes = this.#bytes.subarray(0, offsets.at(-1));
    const records = { bytes, offsets: Uint32Array.from(offsets), lineFeeds: true };
    return { records, slices, bytes: this.#length };
  }
}
