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
import type { Bytes } from "../bytes/bytes.ts";
import { lineError } from "./input_error.ts";

/** Lines that each end with a line feed. */
export interface Lines {
  /** The lines, which are views of memory that the splitter has copied to. */
  readonly batch: Batch;
  /** The memory, with its last lines only: it is of no use when they are done with. */
  readonly memory: Bytes | undefined;
}

/** Copies chunks, and gives out the lines that they complete. */
export class LineSplitter {
  readonly #longest: number;
  readonly #takeLines: (text: Bytes) => Batch;
  /** Room for bytes, and how many there are. */
  #held: Bytes = new Uint8Array();
  #length = 0;
  #hasLines = false;
  /** Lines given out so far. */
  #lines = 0;

  /**
   * Lines may have `longest` bytes.
   *
   * @param take Finds the lines, where a backend has something faster.
   */
  constructor(longest: number, take: (text: Bytes) => Batch = takeLines) {
    this.#longest = longest;
    this.#takeLines = take;
  }

  /** How many bytes are held, if they complete a line. */
  get held(): number {
    return this.#hasLines ? this.#length : 0;
  }

  /** Whether the line that is not complete is too long already. */
  get overlong(): boolean {
    return !this.#hasLines && this.#length > this.#longest;
  }

  /**
   * Copies a chunk.
   *
   * @param room Bytes to make room for when a new memory is needed.
   */
  add(chunk: Uint8Array, room: number): void {
    this.#hasLines ||= chunk.includes(LINE_FEED);
    const length = this.#length + chunk.length;
    // Room is doubled, as a line may come a byte at a time.
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#held.length, room));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(chunk, this.#length);
    this.#length = length;
  }

  /**
   * The lines that are held. What follows the last one stays: chunks can be added
   * while the lines are taken.
   *
   * @throws {RangeError} While they are taken, if a line is too long.
   */
  take(): Generator<Lines, void> {
    const memory = this.#held.subarray(0, this.#length);
    const end = memory.lastIndexOf(LINE_FEED) + 1;
    this.#held = memory.slice(end);
    this.#length = this.#held.length;
    this.#hasLines = false;
    return this.#batches(memory, end);
  }

  *#batches(memory: Bytes, end: number): Generator<Lines, void> {
    for (let text = memory.subarray(0, end); text.length;) {
      const batch = this.#nextBatch(text);
      this.#check(batch);
      text = text.subarray(batch.bytes.length);
      yield { batch, memory: text.length ? undefined : memory };
      this.#lines += batchLength(batch);
    }
  }

  /**
   * The last line, if there is one that no line feed ended.
   *
   * @throws {RangeError} If it is too long, even when its end was not seen.
   */
  finish(): Batch | undefined {
    this.#checkLength(this.#length, 0);
    return this.#length ? singleBatch(this.#held.subarray(0, this.#length)) : undefined;
  }

  #nextBatch(text: Bytes): Batch {
    const lines = this.#takeLines(text);
    if (batchLength(lines)) return lines;
    // A line that no batch has room for is a batch of its own.
    const end = text.indexOf(LINE_FEED, lines.bytes.length) + 1;
    return { bytes: text.subarray(0, end), offsets: Uint32Array.of(0, end), lineFeeds: true };
  }

  #check(lines: Batch): void {
    if (lines.bytes.length <= this.#longest) return;
    for (let index = 0; index < batchLength(lines); index++) {
      this.#checkLength(recordView(lines, index).length, index);
    }
  }

  #checkLength(length: number, index: number): void {
    if (length <= this.#longest) return;
    const reason = `it has more than ${this.#longest} bytes`;
    throw lineError(RangeError, { line: this.#lines + index + 1 }, reason);
  }
}
