/**
 * Lines out of chunks that were cut anywhere.
 *
 * @module
 */

import { isBytes, kindOf } from "../checks.ts";
import { type Bytes, concatBytes } from "../encoding.ts";

/** The line feed, which ends a line and is no part of it. */
export const LINE_FEED = 0x0a;

/** Collects chunks and gives out the lines that they complete. */
export class LineSplitter {
  readonly #longest: number;
  #rest: Uint8Array[] = [];
  #restLength = 0;
  #line = 0;

  /** Lines may have so many bytes. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /**
   * The lines that end in this chunk, without their line feeds.
   *
   * @throws {TypeError} If the chunk is not bytes.
   * @throws {RangeError} If a line is too long, even before its end is seen.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void> {
    if (!isBytes(chunk)) {
      throw new TypeError(
        `Cannot read a chunk: expected a Uint8Array, got ${kindOf(chunk)}; ` +
          "text goes through a TextEncoderStream first",
      );
    }
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield this.#complete(chunk.subarray(start, end));
      start = end + 1;
    }
    // A Buffer's `slice` would share bytes that its owner may use again.
    this.#keep(new Uint8Array(chunk.subarray(start)));
  }

  /** The last line, if there is one that no line feed ended. */
  finish(): Bytes | undefined {
    return this.#restLength ? concatBytes(this.#rest) : undefined;
  }

  #complete(end: Uint8Array): Uint8Array {
    this.#check(this.#restLength + end.length);
    const line = this.#restLength ? concatBytes([...this.#rest, end]) : end;
    this.#rest = [];
    this.#restLength = 0;
    this.#line++;
    return line;
  }

  #keep(rest: Uint8Array): void {
    if (!rest.length) return;
    this.#rest.push(rest);
    this.#restLength += rest.length;
    this.#check(this.#restLength);
  }

  #check(length: number): void {
    if (length > this.#longest) {
      throw new RangeError(
        `Cannot process line ${this.#line}: it has more than ${this.#longest} bytes (lines count from 0)`,
      );
    }
  }
}
