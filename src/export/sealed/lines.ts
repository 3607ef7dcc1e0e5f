/**
 * The lines of a sealed export out of chunks that were cut anywhere.
 *
 * @module
 */

import { type Batch, LINE_FEED } from "../../bytes/batch.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import { SealedExportError } from "../../errors.ts";
import { BATCH_SLICES, FIRST_TOKEN_LINE, FULL_LINE, HEADER_LINE, MAX_HEADER } from "./format.ts";
import { headerCutShort } from "./header.ts";

const RUN = BATCH_SLICES * (FULL_LINE + 1);
/** A shorter line than a full one is the last slice's or the final one. */
const MAX_LINES = BATCH_SLICES + 2;

/** Lines of tokens that follow each other. */
export interface LineRun {
  /** The number of its first line, from 1, which is the header. */
  readonly firstLine: number;
  /** The lines; there may be none. */
  readonly tokens: Batch;
  /** Bytes of the export up to the end of these lines. */
  readonly end: number;
  /** What is wrong with the line after these, which is the last that was read. */
  readonly failure?: SealedExportError;
}

/** Reads an export's lines; nothing is authenticated. */
export class ExportLines {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array | undefined;
  #end: number;

  /**
   * Reads from chunks of bytes.
   *
   * @param start The first byte's place in the export.
   */
  constructor(source: AsyncIterable<Uint8Array>, start: number = 0) {
    this.#source = source[Symbol.asyncIterator]();
    this.#end = start;
  }

  /**
   * The header, without its line feed; to be called first.
   *
   * @throws {SealedExportError} If there is none.
   */
  async header(): Promise<Bytes> {
    const start = new Uint8Array(MAX_HEADER + 1);
    let length = 0;
    while (length < start.length) {
      const chunk = await this.#take();
      if (!chunk) throw headerCutShort(start.subarray(0, length));
      const part = chunk.subarray(0, start.length - length);
      start.set(part, length);
      const end = part.indexOf(LINE_FEED);
      if (end >= 0) {
        this.#rest = chunk.subarray(end + 1);
        this.#end = length + end + 1;
        return start.slice(0, length + end);
      }
      length += part.length;
    }
    throw new SealedExportError("line-too-long", HEADER_LINE);
  }

  /** So many bytes of what follows, or as many as there are; nothing is read after it. */
  async peek(length: number): Promise<Bytes> {
    const start = new Uint8Array(length);
    return start.subarray(0, await this.#fill(start, 0));
  }

  /**
   * All further lines.
   *
   * @param firstLine The number of the first one.
   */
  async *runs(firstLine: number = FIRST_TOKEN_LINE): AsyncGenerator<LineRun, void> {
    let rest = new Uint8Array();
    for (let ended = false; !ended;) {
      const text = new Uint8Array(RUN);
      text.set(rest);
      const length = await this.#fill(text, rest.length);
      ended = length < RUN;
      const { offsets, failure } = cutLines(text.subarray(0, length), ended);
      const end = offsets[offsets.length - 1];
      const bytes = text.subarray(0, end);
      rest = text.slice(end, length);
      // Lines that are left over at the end are too many to be good.
      ended &&= failure !== undefined || !rest.length;
      this.#end += end;
      const lines = offsets.length - 1;
      if (!lines && !failure) continue;
      yield {
        firstLine,
        tokens: { bytes, offsets: Uint32Array.from(offsets), lineFeeds: true },
        end: this.#end,
        failure: failure && new SealedExportError(failure, firstLine + lines),
      };
      if (failure) return;
      firstLine += lines;
    }
  }

  async #fill(text: Bytes, start: number): Promise<number> {
    let length = start;
    while (length < text.length) {
      const chunk = await this.#take();
      if (!chunk) break;
      const part = chunk.subarray(0, text.length - length);
      text.set(part, length);
      length += part.length;
      this.#rest = chunk.subarray(part.length);
    }
    return length;
  }

  async #take(): Promise<Uint8Array | undefined> {
    if (this.#rest?.length) {
      const rest = this.#rest;
      this.#rest = undefined;
      return rest;
    }
    const { done, value } = await this.#source.next();
    return done ? undefined : value;
  }
}

/**
 * Where lines begin and end. A line feed in a full line's place ends a line,
 * whatever comes before it: a search through every line would take a tenth of
 * the time of opening it. In a good export no shorter lines add up to that
 * length, as a token's length is a multiple of four.
 */
function cutLines(
  text: Bytes,
  ended: boolean,
): { offsets: number[]; failure?: "line-too-long" | "truncated" } {
  const offsets = [0];
  for (let start = 0; start < text.length && offsets.length <= MAX_LINES;) {
    const left = text.length - start;
    if (left <= FULL_LINE && !ended) break;
    const length = text[start + FULL_LINE] === LINE_FEED
      ? FULL_LINE
      : text.subarray(start, start + FULL_LINE).indexOf(LINE_FEED);
    if (length < 0) return { offsets, failure: left > FULL_LINE ? "line-too-long" : "truncated" };
    start += length + 1;
    offsets.push(start);
  }
  return { offsets };
}

/** The lines within one that was found by its length; one line if there are no others. */
export function linesWithin(line: Bytes): Batch {
  const offsets = [0];
  for (let end = 0; end <= line.length;) {
    const next = line.indexOf(LINE_FEED, end);
    end = next < 0 || offsets.length > MAX_LINES ? line.length + 1 : next + 1;
    offsets.push(end);
  }
  const bytes = new Uint8Array(line.length + 1);
  bytes.set(line);
  bytes[line.length] = LINE_FEED;
  return { bytes, offsets: Uint32Array.from(offsets), lineFeeds: true };
}
