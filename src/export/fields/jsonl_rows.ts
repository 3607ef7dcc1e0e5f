/**
 * The rows of JSON lines as they stand, each one a JSON text.
 *
 * @module
 */

import { LINE_FEED } from "../../bytes/batch.ts";
import { type Bytes, concatBytes } from "../../bytes/bytes.ts";
import { decodeUtf8, encodeAscii, encodeUtf8, hasLoneSurrogate } from "../../bytes/text.ts";
import { LONGEST_PART } from "./message.ts";
import {
  bomLength,
  type FieldSpan,
  type Row,
  rowError,
  type RowFormat,
  type RowReader,
  rowText,
} from "./rows.ts";
import { findValues, type PathNode } from "./json_paths.ts";

const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const QUOTES = Uint8Array.of(QUOTE);
const MINUS = 0x2d;
const [ZERO, NINE] = [0x30, 0x39];

/** What the rows are looked through for. */
export interface JsonlOptions {
  /** JSON Pointers. */
  readonly fields: readonly string[];
  /** For each of the fields, whether a row may lack it. */
  readonly optional: readonly boolean[];
  /** The JSON Pointer of the row's id. */
  readonly rowId: string | undefined;
  /** The paths of the fields and, as the last one, of the id. */
  readonly paths: PathNode;
}

/** JSON lines as a format of rows. */
export function jsonlFormat(options: JsonlOptions): RowFormat {
  return {
    type: 2,
    names: options.fields.map((pointer) => encodeUtf8(pointer, "the name of a field")),
    reader: () => new JsonlReader(options),
    writeToken: (token) => concatBytes([QUOTES, token, QUOTES]),
    readToken,
    // It is JSON, as it comes from whoever has the key; other writers than this
    // one may have laid it out over several lines, which rows cannot have.
    writeValue: (text) => text.length && !text.includes(LINE_FEED) ? text : undefined,
  };
}

class JsonlReader implements RowReader {
  readonly #options: JsonlOptions;
  #row = 0;

  constructor(options: JsonlOptions) {
    this.#options = options;
  }

  read(bytes: Uint8Array): Row {
    const number = this.#row++;
    const { fields, optional, rowId, paths } = this.#options;
    const start = number === 0 ? bomLength(bytes) : 0;
    const text = rowText(start ? bytes.subarray(start) : bytes, number);
    if (/^[ \t\r]*$/.test(text)) return { number, bytes, spans: [], id: undefined };
    checkJson(text, number);
    const spans: FieldSpan[] = [];
    let id: Uint8Array | undefined;
    const unique = findValues(bytes, start, paths, (target, start, end) => {
      if (target < fields.length) spans.push({ field: target, start, end });
      else id = bytes.subarray(start, end);
    });
    if (!unique) {
      const reason = "a name on the way to a field is repeated in its object";
      throw rowError(SyntaxError, number, reason);
    }
    if (spans.length < fields.length) {
      const has = new Set(spans.map(({ field }) => field));
      const missing = fields.findIndex((_, field) => !has.has(field) && !optional[field]);
      if (missing >= 0) throw lacking(number, fields[missing]);
    }
    if (rowId === undefined) return { number, bytes, spans, id };
    if (!id) throw lacking(number, rowId);
    return { number, bytes, spans, id: idText(id, number) };
  }

  finish(): void {}
}

function checkJson(text: string, row: number): void {
  try {
    JSON.parse(text);
  } catch {
    // The engine's own message quotes what it stumbled over.
    throw rowError(SyntaxError, row, "it is not JSON");
  }
}

function lacking(row: number, pointer: string): TypeError {
  return rowError(TypeError, row, `it has no ${JSON.stringify(pointer)}`);
}

/** An id as contexts have it. */
function idText(raw: Uint8Array, row: number): Uint8Array {
  const [first] = raw;
  const isNumber = first === MINUS || first >= ZERO && first <= NINE;
  if (first !== QUOTE && !isNumber) {
    throw rowError(TypeError, row, "its id is neither a string nor a number");
  }
  // A string without escapes stands as RFC 8785 writes it.
  const id = raw.includes(BACKSLASH) ? canonicalString(raw, row) : raw;
  if (id.length <= LONGEST_PART) return id;
  throw rowError(RangeError, row, `its id has more than ${LONGEST_PART} bytes`);
}

function canonicalString(raw: Uint8Array, row: number): Bytes {
  const text: string = JSON.parse(decodeUtf8(raw));
  if (hasLoneSurrogate(text)) throw rowError(TypeError, row, "its id holds a lone surrogate");
  return encodeUtf8(JSON.stringify(text), "the id");
}

function readToken(raw: Uint8Array): Uint8Array {
  if (raw[0] !== QUOTE) return new Uint8Array();
  if (!raw.includes(BACKSLASH)) return raw.subarray(1, -1);
  // Some writers of JSON escape the "=" that tokens end with.
  return encodeAscii(JSON.parse(decodeUtf8(raw)));
}
