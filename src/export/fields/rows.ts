/**
 * Rows in which the places of some values are known, and what a format of rows
 * has to offer for them.
 *
 * @module
 */

import type { Bytes } from "../../bytes/bytes.ts";
import { decodeUtf8 } from "../../bytes/text.ts";
import type { InputPosition } from "../../errors.ts";
import { type InputError, lineError, positioned } from "../../streams/input_error.ts";

/** Bytes that a row may have, without its line end. */
export const LONGEST_ROW = 16 << 20;
/** The number of a CSV file's header, which is no row. */
export const HEADER = -1;

/** Characters of a file's name for a column that are shown. */
const SHOWN_LENGTH = 40;
/** Controls, and marks that change what is seen of the text around them. */
const HIDDEN = /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Where a field's value stands in its row. */
export interface FieldSpan {
  /** The position of the field in the options. */
  readonly field: number;
  /** The value's first byte. */
  readonly start: number;
  /** The byte after its last one. */
  readonly end: number;
}

/** Where a row is in its input. */
export interface RowPlace {
  /** Its number from 0, or {@linkcode HEADER}. */
  readonly number: number;
  /** Its first line, from 1. */
  readonly line: number;
}

/** A row, or a header, or a blank line. */
export interface Row extends RowPlace {
  /** Whether it is a header or a blank line. */
  readonly blank: boolean;
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
  /** The fields as the caller named them. */
  readonly fields: readonly string[];
  /** The fields' names as contexts have them. */
  readonly names: readonly Bytes[];
  /**
   * Begins to read an input.
   *
   * @param longest Bytes that its lines, and rows, may have.
   * @param encrypted Whether its values are encrypted already: then none can be
   * left unencrypted by a mistake about the format.
   */
  reader(longest: number, encrypted: boolean): RowReader;
  /** A token as it stands in a row. */
  writeToken(token: Uint8Array): Uint8Array;
  /** The token that stands in a row; what is no token becomes empty. */
  readToken(raw: Uint8Array): Uint8Array;
  /** A decrypted value as it stands in a row, or `undefined` if it could not. */
  writeValue(value: Uint8Array): Uint8Array | undefined;
}

/**
 * An error in a row. The message tells the line, and never what is in it.
 *
 * @param position A line of the row, where that is not its first one; the field.
 */
export function rowError<E extends Error>(
  type: new (message: string) => E,
  { number, line }: RowPlace,
  reason: string,
  position: InputPosition = {},
): InputError<E> {
  if (number === HEADER) {
    return positioned(new type(`Cannot read the header: ${reason}`), { line, ...position });
  }
  return lineError(type, { line, row: number, ...position }, reason);
}

/**
 * Reads the text of a row.
 *
 * @throws {TypeError} If it is not UTF-8.
 */
export function rowText(bytes: Uint8Array, place: RowPlace): string {
  try {
    return decodeUtf8(bytes);
  } catch {
    const [first, second] = bytes;
    const utf16 = first === 0xff && second === 0xfe || first === 0xfe && second === 0xff;
    const reason = utf16 ? "it is UTF-16, so convert it to UTF-8 first" : "it is not UTF-8";
    throw rowError(TypeError, place, reason);
  }
}

/** A name out of a file, quoted, with what a terminal would not show as escapes. */
export function shownName(name: string): string {
  const short = name.length > SHOWN_LENGTH ? `${name.slice(0, SHOWN_LENGTH)}...` : name;
  return JSON.stringify(short).replace(
    HIDDEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Bytes of the byte order mark that UTF-8 text may begin with. */
export function bomLength(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}
