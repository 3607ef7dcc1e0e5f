/**
 * Rows in which the places of some values are known, and what a format of rows
 * has to offer for them.
 *
 * @module
 */

import type { Bytes } from "../../bytes/bytes.ts";
import { decodeUtf8 } from "../../bytes/text.ts";

/** Bytes that a row may have, without its line end. */
export const LONGEST_ROW = 16 << 20;
/** The number of a CSV file's header, which is no row. */
export const HEADER = -1;

/** Where a field's value stands in its row. */
export interface FieldSpan {
  /** The position of the field in the options. */
  readonly field: number;
  /** The value's first byte. */
  readonly start: number;
  /** The byte after its last one. */
  readonly end: number;
}

/** A row, or a header. */
export interface Row {
  /** Its number from 0, or {@linkcode HEADER}. */
  readonly number: number;
  /** All of it but the line feed. */
  readonly bytes: Uint8Array;
  /** The values of the fields, in the order in which they stand. */
  readonly spans: readonly FieldSpan[];
  /** The row's id as its context has it, where there is one. */
  readonly id: Uint8Array | undefined;
}

/** Makes rows of the lines of one input. */
export interface RowReader {
  /**
   * The row that the line completes, if it completes one.
   *
   * @param line A line without its line feed.
   * @param ended Whether a line feed ended it.
   * @throws {SyntaxError} If the row is malformed.
   * @throws {TypeError} If it lacks a field, or is not UTF-8.
   * @throws {RangeError} If it, or its id, is too long.
   */
  read(line: Uint8Array, ended: boolean): Row | undefined;
  /**
   * Says that there are no more lines.
   *
   * @throws {SyntaxError} If a row is not complete.
   */
  finish(): void;
}

/** How rows are read, and values and tokens written in them. */
export interface RowFormat {
  /** The type of its values in messages. */
  readonly type: number;
  /** The fields' names as contexts have them. */
  readonly names: readonly Bytes[];
  /** Begins to read an input whose lines, and rows, have so many bytes at most. */
  reader(longest: number): RowReader;
  /** A token as it stands in a row. */
  writeToken(token: Uint8Array): Uint8Array;
  /** The token that stands in a row; what is no token becomes empty. */
  readToken(raw: Uint8Array): Uint8Array;
  /** A decrypted value as it stands in a row, or `undefined` if it could not. */
  writeValue(value: Uint8Array): Uint8Array | undefined;
}

/** An error in a row: its number is told, never what is in it. */
export function rowError<E extends Error>(
  type: new (message: string) => E,
  row: number,
  reason: string,
): E {
  return new type(
    row === HEADER
      ? `Cannot read the header: ${reason}`
      : `Cannot read row ${row}: ${reason} (rows count from 0)`,
  );
}

/**
 * Reads the text of a row.
 *
 * @throws {TypeError} If it is not UTF-8.
 */
export function rowText(bytes: Uint8Array, row: number): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    const [first, second] = bytes;
    const utf16 = first === 0xff && second === 0xfe || first === 0xfe && second === 0xff;
    throw rowError(
      TypeError,
      row,
      utf16 ? "it is UTF-16, so convert it to UTF-8 first" : "it is not UTF-8",
    );
  }
}

/** Bytes of the byte order mark that UTF-8 text may begin with. */
export function bomLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}
