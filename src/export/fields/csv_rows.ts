/**
 * The rows of a CSV file (RFC 4180) as they stand: nothing is parsed and written
 * again, so that all but the cells in question stays byte for byte.
 *
 * @module
 */

import { LINE_FEED } from "../../bytes/batch.ts";
import { concatBytes } from "../../bytes/bytes.ts";
import { encodeUtf8 } from "../../bytes/text.ts";
import {
  bomLength,
  type FieldSpan,
  HEADER,
  type Row,
  rowError,
  type RowFormat,
  type RowReader,
  rowText,
} from "./rows.ts";
import { LONGEST_PART } from "./message.ts";

/** Columns that a file may have. */
const MOST_COLUMNS = 65_536;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;
const NOT_CLOSED = "a quote in it is not closed";
const QUOTES = Uint8Array.of(QUOTE);

/** What a CSV file's rows are looked through for. */
export interface CsvOptions {
  /** Names of columns. */
  readonly fields: readonly string[];
  /** The column whose cell is the row's id. */
  readonly rowId: string | undefined;
  /** A character of ASCII that is neither a quote, a line end nor base64url. */
  readonly delimiter: string;
}

/** CSV as a format of rows. */
export function csvFormat(options: CsvOptions): RowFormat {
  const delimiter = options.delimiter.charCodeAt(0);
  return {
    type: 1,
    names: options.fields.map((name) => encodeUtf8(name, "the name of a field")),
    reader: (longest) => new CsvReader(options, delimiter, longest),
    writeToken: (token) => token,
    readToken: unquote,
    writeValue: (cell) => writeCell(cell, delimiter),
  };
}

/** Which columns there are. */
interface Columns {
  readonly count: number;
  /** For each column the field that it is, if it is one. */
  readonly fields: readonly (number | undefined)[];
  readonly id: number | undefined;
}

class CsvReader implements RowReader {
  readonly #options: CsvOptions;
  readonly #delimiter: number;
  readonly #records: RecordJoiner;
  readonly #cells: number[] = [];
  #columns: Columns | undefined;
  #row = HEADER;

  constructor(options: CsvOptions, delimiter: number, longest: number) {
    this.#options = options;
    this.#delimiter = delimiter;
    this.#records = new RecordJoiner(longest);
  }

  read(line: Uint8Array, ended: boolean): Row | undefined {
    const { open } = this.#records;
    const bytes = this.#records.add(line, this.#row);
    if (!bytes) {
      // A stray quote is found here, and not only when half of the file is read.
      if (!open) this.#checkOpen(line);
      return undefined;
    }
    const number = this.#row++;
    rowText(bytes, number);
    const start = this.#columns ? 0 : bomLength(bytes);
    const end = bytes.length - (ended && bytes.at(-1) === CARRIAGE_RETURN ? 1 : 0);
    const fault = this.#findCells(bytes, start, end);
    if (fault) throw rowError(SyntaxError, number, fault);
    if (this.#columns) return this.#dataRow(number, bytes, this.#columns);
    this.#columns = findColumns(cellTexts(bytes, this.#cells), this.#options);
    return { number, bytes, spans: [], id: undefined };
  }

  finish(): void {
    if (!this.#records.open) return;
    this.#checkOpen(this.#records.kept);
    throw rowError(SyntaxError, this.#row, NOT_CLOSED);
  }

  #findCells(bytes: Uint8Array, start: number, end: number): string | undefined {
    const most = this.#columns?.count ?? MOST_COLUMNS;
    return findCells(bytes, start, end, this.#delimiter, most, this.#cells);
  }

  /** Looks for what is wrong with the beginning of a record but that it is one. */
  #checkOpen(bytes: Uint8Array): void {
    const start = this.#columns ? 0 : bomLength(bytes);
    const fault = this.#findCells(bytes, start, bytes.length);
    if (fault && fault !== NOT_CLOSED) throw rowError(SyntaxError, this.#row, fault);
  }

  #dataRow(number: number, bytes: Uint8Array, { count, fields, id }: Columns): Row {
    const cells = this.#cells;
    // An empty line is no row to most readers, and there is nothing to encrypt.
    if (cells.length === 2 && cells[0] === cells[1] && count > 1) {
      return { number, bytes, spans: [], id: undefined };
    }
    if (cells.length !== 2 * count) {
      throw rowError(SyntaxError, number, `it has ${cells.length / 2} cells, not ${count}`);
    }
    const spans: FieldSpan[] = [];
    for (let column = 0; column < count; column++) {
      const field = fields[column];
      if (field === undefined) continue;
      spans.push({ field, start: cells[2 * column], end: cells[2 * column + 1] });
    }
    if (id === undefined) return { number, bytes, spans, id };
    const idBytes = unquote(bytes.subarray(cells[2 * id], cells[2 * id + 1]));
    if (idBytes.length > LONGEST_PART) {
      throw rowError(RangeError, number, `its id has more than ${LONGEST_PART} bytes`);
    }
    return { number, bytes, spans, id: idBytes };
  }
}

/**
 * Joins lines to records: a line feed within quotes is none that ends a record,
 * and it is within quotes where an odd number of them precedes it.
 */
class RecordJoiner {
  readonly #longest: number;
  #bytes = new Uint8Array();
  #length = 0;
  #quoted = false;

  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Whether a record is not complete. */
  get open(): boolean {
    return this.#quoted;
  }

  /** The bytes of the record that is not complete. */
  get kept(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  add(line: Uint8Array, row: number): Uint8Array | undefined {
    if (this.#length + line.length > this.#longest) {
      throw rowError(RangeError, row, `it has more than ${this.#longest} bytes`);
    }
    for (let at = line.indexOf(QUOTE); at >= 0; at = line.indexOf(QUOTE, at + 1)) {
      this.#quoted = !this.#quoted;
    }
    if (this.#quoted) {
      this.#keep(line);
      return undefined;
    }
    if (!this.#length) return line;
    const record = concatBytes([this.kept, line]);
    this.#bytes = new Uint8Array();
    this.#length = 0;
    return record;
  }

  /** Lines may be empty and many: an array of them would outweigh their bytes. */
  #keep(line: Uint8Array): void {
    const length = this.#length + line.length + 1;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.kept);
      this.#bytes = grown;
    }
    this.#bytes.set(line, this.#length);
    this.#bytes[length - 1] = LINE_FEED;
    this.#length = length;
  }
}

/**
 * Finds the cells of a record: each one's start and end, its quotes included.
 *
 * @returns What is wrong with the record, if anything is.
 */
function findCells(
  bytes: Uint8Array,
  start: number,
  end: number,
  delimiter: number,
  most: number,
  cells: number[],
): string | undefined {
  cells.length = 0;
  for (let at = start;; at++) {
    if (cells.length === 2 * most) return `it has more than ${most} cells`;
    cells.push(at);
    if (at < end && bytes[at] === QUOTE) {
      at = endOfQuoted(bytes, at, end);
      if (at < 0) return NOT_CLOSED;
      if (at < end && bytes[at] !== delimiter) return "text follows a closing quote";
    } else {
      for (; at < end && bytes[at] !== delimiter; at++) {
        if (bytes[at] === QUOTE) return "a quote stands in a cell that does not begin with one";
        if (bytes[at] === CARRIAGE_RETURN) return "no line feed follows a carriage return";
        if (bytes[at] === LINE_FEED) return "a line feed stands in a cell without quotes";
      }
    }
    cells.push(at);
    if (at === end) return undefined;
  }
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

function cellTexts(bytes: Uint8Array, cells: readonly number[]): string[] {
  const texts: string[] = [];
  for (let index = 0; index < cells.length; index += 2) {
    texts.push(rowText(unquote(bytes.subarray(cells[index], cells[index + 1])), HEADER));
  }
  return texts;
}

function findColumns(names: readonly string[], { fields, rowId }: CsvOptions): Columns {
  const find = (name: string) => {
    const column = names.indexOf(name);
    const quoted = JSON.stringify(name);
    if (column < 0) throw rowError(TypeError, HEADER, `it has no column ${quoted}`);
    if (names.includes(name, column + 1)) {
      throw rowError(SyntaxError, HEADER, `it has several columns ${quoted}`);
    }
    return column;
  };
  const columns = fields.map(find);
  return {
    count: names.length,
    fields: names.map((_, column) => {
      const field = columns.indexOf(column);
      return field < 0 ? undefined : field;
    }),
    id: rowId === undefined ? undefined : find(rowId),
  };
}

/** What a cell says: its bytes without the quotes. */
function unquote(cell: Uint8Array): Uint8Array {
  if (cell[0] !== QUOTE) return cell;
  const out = new Uint8Array(cell.length);
  let length = 0;
  for (let at = 1; at < cell.length - 1; at++) {
    out[length++] = cell[at];
    if (cell[at] === QUOTE) at++;
  }
  return out.subarray(0, length);
}

/** A cell as it stood, in quotes if it stood in a file of another delimiter. */
function writeCell(cell: Uint8Array, delimiter: number): Uint8Array | undefined {
  if (!findCells(cell, 0, cell.length, delimiter, 1, [])) return cell;
  if ([QUOTE, CARRIAGE_RETURN, LINE_FEED].some((code) => cell.includes(code))) return undefined;
  return concatBytes([QUOTES, cell, QUOTES]);
}
