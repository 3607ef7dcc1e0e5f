/**
 * Lines out of chunks that were cut anywhere.
 *
 * @module
 */

import {
  type Batch,
  batchLength,
  LINE_FEED,
  recordView,
  singleBatch,
  takeLines,
} from "../bytes/batch.ts";
import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { checkChunk } from "./chunks.ts";

/** Collects chunks and gives out the lines that they complete. */
export class LineSplitter {
  readonly #longest: number;
  readonly #takeLines: (text: Bytes) => Batch;
  #rest: Bytes = new Uint8Array();
  #restLength = 0;
  #restHasLines = false;
  #line = 0;

  /**
   * Lines may have `longest` bytes.
   *
   * @param take What finds the lines, where a backend has something faster.
   */
  constructor(longest: number, take: (text: Bytes) => Batch = takeLines) {
    this.#longest = longest;
    this.#takeLines = take;
  }

  /**
   * The lines that end in this chunk, in batches that may share its memory.
   *
   * @throws {TypeError} If the chunk is not bytes.
   * @throws {RangeError} If a line is too long, even before its end is seen.
   */
  *push(chunk: Uint8Array): Generator<Batch, void> {
    checkChunk(chunk);
    if (this.#restLength && chunk.includes(LINE_FEED)) {
      yield* this.#batches(concatBytes([this.#takeRest(), chunk]));
    } else if (chunk.buffer instanceof ArrayBuffer) {
      // A Buffer's methods are not those of other arrays.
      yield* this.#batches(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
    } else {
      // Another thread may write to shared memory while it is read.
      yield* this.#batches(new Uint8Array(chunk));
    }
  }

  /** Bytes that are held, if there are lines among them. */
  get held(): number {
    return this.#restHasLines ? this.#restLength : 0;
  }

  /**
   * Copies a chunk, whose lines are to be taken later with those of others.
   *
   * @param room Bytes that will come together, by and by.
   * @throws {TypeError} If the chunk is not bytes.
   * @throws {RangeError} If it makes a line too long whose end is not seen.
   */
  hold(chunk: Uint8Array, room: number): void {
    checkChunk(chunk);
    this.#restHasLines ||= chunk.includes(LINE_FEED);
    this.#keep(chunk, room);
  }

  /**
   * The lines that are held, in batches that share a memory of their own.
   *
   * @throws {RangeError} While they are taken, if a line is too long.
   */
  take(): { readonly batches: Generator<Batch, void>; readonly memory: Bytes } {
    const memory = this.#takeRest();
    return { batches: this.#batches(memory), memory };
  }

  /** The last line, if there is one that no line feed ended. */
  finish(): Batch | undefined {
    return this.#restLength ? singleBatch(this.#rest.subarray(0, this.#restLength)) : undefined;
  }

  #takeRest(): Bytes {
    const rest = this.#rest.subarray(0, this.#restLength);
    this.#rest = new Uint8Array();
    this.#restLength = 0;
    this.#restHasLines = false;
    return rest;
  }

  *#batches(all: Bytes): Generator<Batch, void> {
    let text = all;
    for (let lines = this.#take(text); lines; lines = this.#take(text)) {
      this.#check(lines);
      yield lines;
      this.#line += batchLength(lines);
      text = text.subarray(lines.bytes.length);
    }
    this.#keep(text);
  }

  #take(text: Bytes): Batch | undefined {
    const lines = this.#takeLines(text);
    if (batchLength(lines)) return lines;
    // A line that no batch has room for is a batch of its own.
    const end = text.indexOf(LINE_FEED, lines.bytes.length) + 1;
    if (!end) return undefined;
    return { bytes: text.subarray(0, end), offsets: Uint32Array.of(0, end), lineFeeds: true };
  }

  #keep(rest: Uint8Array, room = 0): void {
    if (!rest.length) return;
    const length = this.#restLength + rest.length;
    if (!this.#restHasLines) this.#checkLength(length, 0);
    // The chunk's owner may use its memory again. Room is doubled, as a line may
    // come a byte at a time.
    if (length > this.#rest.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#rest.length, room));
      larger.set(this.#rest.subarray(0, this.#restLength));
      this.#rest = larger;
    }
    this.#rest.set(rest, this.#restLength);
    this.#restLength = length;
  }

  #check(lines: Batch): void {
    if (lines.bytes.length <= this.#longest) return;
    for (let index = 0; index < batchLength(lines); index++) {
      this.#checkLength(recordView(lines, index).length, index);
    }
  }

  #checkLength(length: number, index: number): void {
    if (length > this.#longest) {
      const line = this.#line + index;
      throw new RangeError(
        `Cannot process line ${line}: it has more than ${this.#longest} bytes (lines count from 0)`,
      );
    }
  }
}
