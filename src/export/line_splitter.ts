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
} from "../batch.ts";
import { isBytes, kindOf } from "../checks.ts";
import { type Bytes, concatBytes } from "../encoding.ts";

/** Collects chunks and gives out the lines that they complete. */
export class LineSplitter {
  readonly #longest: number;
  readonly #takeLines: (text: Bytes) => Batch;
  #rest: Bytes = new Uint8Array();
  #restLength = 0;
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
    if (!isBytes(chunk)) {
      throw new TypeError(
        `Cannot read a chunk: expected a Uint8Array, got ${kindOf(chunk)}; ` +
          "text goes through a TextEncoderStream first",
      );
    }
    // Another thread may write to shared memory while it is read, and a Buffer's
    // methods are not those of other arrays.
    let text: Bytes = chunk.buffer instanceof ArrayBuffer
      ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
      : new Uint8Array(chunk);
    if (this.#restLength && text.includes(LINE_FEED)) {
      text = concatBytes([this.#rest.subarray(0, this.#restLength), text]);
      this.#rest = new Uint8Array();
      this.#restLength = 0;
    }
    for (let lines = this.#take(text); lines; lines = this.#take(text)) {
      this.#check(lines);
      yield lines;
      this.#line += batchLength(lines);
      text = text.subarray(lines.bytes.length);
    }
    this.#keep(text);
  }

  /** The last line, if there is one that no line feed ended. */
  finish(): Batch | undefined {
    return this.#restLength ? singleBatch(this.#rest.subarray(0, this.#restLength)) : undefined;
  }

  #take(text: Bytes): Batch | undefined {
    const lines = this.#takeLines(text);
    if (batchLength(lines)) return lines;
    // A line that no batch has room for is a batch of its own.
    const end = text.indexOf(LINE_FEED, lines.bytes.length) + 1;
    if (!end) return undefined;
    return { bytes: text.subarray(0, end), offsets: Uint32Array.of(0, end), lineFeeds: true };
  }

  #keep(rest: Bytes): void {
    if (!rest.length) return;
    const length = this.#restLength + rest.length;
    this.#checkLength(length, 0);
    // The chunk's owner may use its memory again. Room is doubled, as a line may
    // come a byte at a time.
    if (length > this.#rest.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#rest.length));
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
