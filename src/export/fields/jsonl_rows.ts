/**
 * The rows of JSON lines as they stand, each one a JSON text.
 *
 * @module
 */

import { LINE_FEED } from "../../bytes/batch.ts";
import { type Bytes, concatBytes } from "../../bytes/bytes.ts";
import { decodeUtf8, encodeAscii, encodeUtf8, hasLoneSurrogate } from "../../bytes/text.ts";
import type { InputError } from "../../streams/input_error.ts";
import { LONGEST_PART } from "./message.ts";
import {
  bomLength,
  type FieldSpan,
  type Row,
  rowError,
  type RowFormat,
  type RowPlace,
  type RowReader,
  rowText,
  shownName,
} from "./rows.ts";
import { findValues, type PathNode } from "./json_paths.ts";

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const QUOTES = Uint8Array.of(QUOTE);
const MINUS = 0x2d;
const [ZERO, NINE] = [0x30, 0x39];

/** What the rows are looked through for. */
export interface JsonlOptions {
  /** The fields as the caller named them. */
  readonly names: readonly string[];
  /** The same as JSON Pointers. */
  readonly fields: readonly string[];
  /** For each of the fields, whether a row may lack it. */
  readonly optional: readonly boolean[];
  /** The row's id as the caller named it. */
  readonly rowId: string | undefined;
  /** The paths of the fields and, as the last one, of the id. */
  readonly paths: PathNode;
}

/** JSON lines as a format of rows. */
export function jsonlFormat(options: JsonlOptions): RowFormat {
  return {
    type: 2,
    fields: options.names,
    names: options.fields.map((pointer) => encodeUtf8(pointer, "the name of a field")),
    reader: (_longest, encrypted) => new JsonlReader(options, encrypted),
    writeToken: (token) => concatBytes([QUOTES, token, QUOTES]),
    readToken,
    // It is JSON, as it comes from whoever has the key; other writers than this
    // one may have laid it out over several lines, which rows cannot have.
    writeValue: (text) => text.length && !text.includes(LINE_FEED) ? text : undefined,
  };
}

class JsonlReader implements RowReader {
  readonly #options: JsonlOptions;
  readonly #encrypted: boolean;
  #row = 0;

  constructor(options: JsonlOptions, encrypted: boolean) {
    this.#options = options;
    this.#encrypted = encrypted;
  }

  read(bytes: Uint8Array): Row {
    const number = this.#row++;
    const place = { number, line: number + 1 };
    const { names, optional, rowId, paths } = this.#options;
    const start = number === 0 ? bomLength(bytes) : 0;
    const text = rowText(start ? bytes.subarray(start) : bytes, place);
    if (/^[ \t\r]*$/.test(text)) return { ...place, blank: true, bytes, spans: [], id: undefined };
    checkJson(text, place);
    const spans: FieldSpan[] = [];
    let id: Uint8Array | undefined;
    const unique = findValues(bytes, start, paths, (target, start, end) => {
      if (target < names.length) spans.push({ field: target, start, end });
      else id = bytes.subarray(start, end);
    });
    if (!unique) {
      const reason = "a name on the way to a field is repeated in its object";
      throw rowError(SyntaxError, place, reason);
    }
    if (spans.length < names.length) {
      const has = new Set(spans.map(({ field }) => field));
      const missing = names.findIndex((_, field) => !has.has(field) && !optional[field]);
      if (missing >= 0) throw lacking(text, place, names[missing]);
      if (!spans.length && !this.#encrypted) this.#checkKind(text, place);
    }
    if (rowId === undefined) return { ...place, blank: false, bytes, spans, id };
    if (!id) throw lacking(text, place, rowId);
    return { ...place, blank: false, bytes, spans, id: idText(id, place, rowId) };
  }

  finish(): void {}

  /**
   * Refuses a row that cannot have any of the fields, such as an array of rows, though
   * all of them are optional: what is in it would stay unencrypted.
   */
  #checkKind(text: string, place: RowPlace): void {
    const elements = this.#options.fields.some((pointer) => /^\/\d/.test(pointer));
    if (/^\s*(?:\{|null\b)/.test(text) || elements && /^\s*\[/.test(text)) return;
    throw rowError(TypeError, place, `it is not an object${arrayAdvice(text)}`);
  }
}

function checkJson(text: string, place: RowPlace): void {
  try {
    JSON.parse(text);
  } catch {
    // The engine's own message quotes what it stumbled over.
    throw rowError(SyntaxError, place, `it is not JSON${jsonAdvice(text)}`);
  }
}

/** What a line that is not JSON may be part of, as the end of a sentence. */
function jsonAdvice(text: string): string {
  const line = text.trim();
  if (/^\[/.test(line) || /^\{.*\},$/.test(line)) {
    return ", but part of an array: write each of its elements on a line of its own, without commas";
  }
  if (/^[{}\]],?$/.test(line) || /^"(?:[^"\\]|\\.)*"\s*:/.test(line)) {
    return " by itself, but part of a value on several lines: write each value on one line";
  }
  const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  if (/(?:^|[\s[:,-])(?:NaN|Infinity)(?=$|[\s\],}])/.test(bare)) {
    return ": it has NaN or Infinity, which JSON does not know, so write null or a string";
  }
  return "";
}

function lacking(text: string, place: RowPlace, field: string): InputError<TypeError> {
  const reason = `it has no ${shownName(field)}${arrayAdvice(text)}`;
  return rowError(TypeError, place, reason, { field });
}

function arrayAdvice(text: string): string {
  return /^\s*\[/.test(text)
    ? "; it is an array, so write each of its elements on a line of its own, without commas"
    : "";
}

/** An id as contexts have it. */
function idText(raw: Uint8Array, place: RowPlace, field: string): Uint8Array {
  const [first] = raw;
  const isNumber = first === MINUS || first >= ZERO && first <= NINE;
  if (first !== QUOTE && !isNumber) {
    throw rowError(TypeError, place, "its id is neither a string nor a number", { field });
  }
  // A string without escapes stands as RFC 8785 writes it.
  const id = raw.includes(BACKSLASH) ? canonicalString(raw, place, field) : raw;
  if (id.length <= LONGEST_PART) return id;
  throw rowError(RangeError, place, `its id has more than ${LONGEST_PART} bytes`, { field });
}

function canonicalString(raw: Uint8Array, place: RowPlace, field: string): Bytes {
  const text: string = JSON.parse(decodeUtf8(raw));
  if (hasLoneSurrogate(text)) {
    throw rowError(TypeError, place, "its id holds a lone surrogate", { field });
  }
  return encodeUtf8(JSON.stringify(text), "the id");
}

function readToken(raw: Uint8Array): Uint8Array {
  if (raw[0] !== QUOTE) return new Uint8Array();
  if (!raw.includes(BACKSLASH)) return raw.subarray(1, -1);
  // Some writers of JSON escape the "=" that tokens end with.
  return encodeAscii(JSON.parse(decodeUtf8(raw)));
}
