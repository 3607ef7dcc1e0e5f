/**
 * The cells of a CSV record as they stand, with or without quotes.
 *
 * @module
 */

import { LINE_FEED } from "../../bytes/batch.ts";
import { concatBytes } from "../../bytes/bytes.ts";

/** What ends a line before its line feed, in many files. */
export const CARRIAGE_RETURN = 0x0d;
/** A double quote. */
export const QUOTE = 0x22;
const COMMA = 0x2c;
const QUOTES = Uint8Array.of(QUOTE);
/** The record goes on, or a quote was not meant as one. */
export const NOT_CLOSED =
  'a quote in it is not closed, so if quotes are no quotes here, choose quote "none" (--quote none)';

/** The characters that make cells. */
export interface Dialect {
  /** What separates the cells. */
  readonly delimiter: number;
  /** Whether cells may stand in quotes. */
  readonly quotes: boolean;
}

/** What is wrong with a record, and at which byte. */
export interface Fault {
  /** What is wrong, as the end of a sentence. */
  readonly reason: string;
  /** The byte. */
  readonly at: number;
}

/**
 * Finds the cells of a record: each one's start and end, its quotes included.
 *
 * @returns What is wrong with the record, if anything is.
 */
export function findCells(
  bytes: Uint8Array,
  start: number,
  end: number,
  { delimiter, quotes }: Dialect,
  most: number,
  cells: number[],
): Fault | undefined {
  cells.length = 0;
  for (let at = start;; at++) {
    if (cells.length === 2 * most) return { reason: `it has more than ${most} cells`, at };
    cells.push(at);
    if (quotes && at < end && bytes[at] === QUOTE) {
      const first = at;
      at = endOfQuoted(bytes, at, end);
      if (at < 0) return { reason: NOT_CLOSED, at: first };
      if (at < end && bytes[at] !== delimiter) {
        return { reason: "text follows a closing quote", at };
      }
    } else {
      for (; at < end && bytes[at] !== delimiter; at++) {
        if (bytes[at] > QUOTE) continue;
        const reason = faultIn(bytes[at], quotes);
        if (reason) return { reason, at };
      }
    }
    cells.push(at);
    if (at === end) return undefined;
  }
}

/** What is wrong with a byte in a cell without quotes. */
function faultIn(byte: number, quotes: boolean): string | undefined {
  if (byte === QUOTE && quotes) return "a quote stands in a cell that does not begin with one";
  if (byte === CARRIAGE_RETURN) return "no line feed follows a carriage return";
  if (byte === LINE_FEED) return "a line feed stands in a cell without quotes";
}

/** The byte after the closing quote, or -1. */
function endOfQuoted(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] !== QUOTE) continue;
    if (at + 1 === end || bytes[at + 1] !== QUOTE) return at + 1;
    at++;
  }
  return -1;
}

/** What a cell says: its bytes without the quotes. */
export function cellValue(cell: Uint8Array, quotes: boolean): Uint8Array {
  if (!quotes || cell[0] !== QUOTE) return cell;
  const out = new Uint8Array(cell.length);
  let length = 0;
  for (let at = 1; at < cell.length - 1; at++) {
    out[length++] = cell[at];
    if (cell[at] === QUOTE) at++;
  }
  return out.subarray(0, length);
}

/** A cell as it stood, in quotes if it stood in a file of another delimiter. */
export function writeCell(cell: Uint8Array, dialect: Dialect): Uint8Array | undefined {
  if (!findCells(cell, 0, cell.length, dialect, 1, [])) return cell;
  if (!dialect.quotes) return undefined;
  if ([QUOTE, CARRIAGE_RETURN, LINE_FEED].some((code) => cell.includes(code))) return undefined;
  return concatBytes([QUOTES, cell, QUOTES]);
}

/**
 * Whether the lines of a record look like a row each, of which the cell made one.
 *
 * Two stray quotes join rows at the same column, or else the number of cells would
 * be wrong: then every line has the delimiters of a row, neither more nor fewer.
 * Lines of text have that by chance, but hardly all of them. A few other lines are
 * looked over, as rows may be joined over blank lines and remarks. Other delimiters
 * than a comma are rare in text: there a single line within the cell is enough.
 */
export function looksLikeRows(
  bytes: Uint8Array,
  start: number,
  end: number,
  delimiter: number,
  columns: number,
): boolean {
  let [lines, rows] = [0, 0];
  for (let at = 0; at <= bytes.length;) {
    const feed = bytes.indexOf(LINE_FEED, at);
    const stop = feed < 0 ? bytes.length : feed;
    let delimiters = 0;
    for (let byte = at; byte < stop; byte++) if (bytes[byte] === delimiter) delimiters++;
    const row = delimiters === columns - 1;
    if (row && delimiter !== COMMA && at > start && stop < end) return true;
    if (row) rows++;
    if (stop > at && !(stop === at + 1 && bytes[at] === CARRIAGE_RETURN)) lines++;
    at = stop + 1;
  }
  return rows >= 2 && 4 * rows >= 3 * lines;
}

/** How many line feeds precede a byte. */
export function lineFeeds(bytes: Uint8Array, end: number): number {
  let count = 0;
  for (let at = 0; at < end; at++) if (bytes[at] === LINE_FEED) count++;
  return count;
}
