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
  type RowPlace,
  type RowReader,
  rowText,
  shownName,
} from "./rows.ts";
import {
  CARRIAGE_RETURN,
  cellValue,
  type Dialect,
  type Fault,
  findCells,
  lineFeeds,
  looksLikeRows,
  NOT_CLOSED,
  QUOTE,
  writeCell,
} from "./csv_cells.ts";
import { LONGEST_PART } from "./message.ts";

/** Columns that a file may have. */
const MOST_COLUMNS = 65_536;
/** Columns whose names are listed where one is looked for in vain. */
const LISTED_COLUMNS = 10;
/** What separates the cells of most files. */
const DELIMITERS = [",", ";", "\t", "|"];

/** How a CSV file is written, and what its rows are looked through for. */
export interface CsvOptions {
  /** Names of columns. */
  readonly fields: readonly string[];
  /** The column whose cell is the row's id. */
  readonly rowId: string | undefined;
  /** A character of ASCII that is neither a quote, a line end nor base64url. */
  readonly delimiter: string;
  /** Whether cells may stand in quotes. */
  readonly quotes: boolean;
  /** Whether a cell may hold what looks like rows. */
  readonly multiline: boolean;
}

/** CSV as a format of rows. */
export function csvFormat(options: CsvOptions): RowFormat {
  const { fields, quotes } = options;
  const dialect = { delimiter: options.delimiter.charCodeAt(0), quotes };
  return {
    type: 1,
    fields,
    names: fields.map((name) => encodeUtf8(name, "the name of a field")),
    reader(longest, encrypted) {
      const multiline = options.multiline || encrypted;
      return new CsvReader({ ...options, multiline }, dialect, longest);
    },
    writeToken: (token) => token,
    readToken: (cell) => cellValue(cell, quotes),
    writeValue: (cell) => writeCell(cell, dialect),
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
  readonly #dialect: Dialect;
  readonly #records: RecordJoiner;
  readonly #cells: number[] = [];
  #columns: Columns | undefined;
  #row = HEADER;
  /** The line that comes next, and the first one of its record. */
  #line = 1;
  #firstLine = 1;

  constructor(options: CsvOptions, dialect: Dialect, longest: number) {
    this.#options = options;
    this.#dialect = dialect;
    this.#records = new RecordJoiner(longest, dialect.quotes);
  }

  read(line: Uint8Array, ended: boolean): Row | undefined {
    const { open } = this.#records;
    if (!open) this.#firstLine = this.#line;
    this.#line++;
    const place = { number: this.#row, line: this.#firstLine };
    const bytes = this.#records.add(line, place);
    if (!bytes) {
      // A stray quote is found here, and not only when half of the file is read.
      if (!open) this.#checkOpen(line, place, false);
      return undefined;
    }
    this.#row++;
    rowText(bytes, place);
    const start = this.#columns ? 0 : bomLength(bytes);
    const end = bytes.length - (ended && bytes.at(-1) === CARRIAGE_RETURN ? 1 : 0);
    const fault = this.#findCells(bytes, start, end);
    if (fault) throw faultError(fault, bytes, place);
    if (this.#columns) return this.#dataRow(place, bytes, this.#columns);
    // Nothing of the header is encrypted, not even in the columns that are fields.
    for (let cell = 0; cell < this.#cells.length; cell += 2) {
      this.#checkSwallowed(bytes, this.#cells[cell], this.#cells[cell + 1], place);
    }
    const names = cellTexts(bytes, this.#cells, this.#dialect.quotes, place);
    this.#columns = findColumns(names, this.#options, place);
    return { ...place, blank: true, bytes, spans: [], id: undefined };
  }

  finish(): void {
    if (!this.#records.open) return;
    const place = { number: this.#row, line: this.#firstLine };
    this.#checkOpen(this.#records.kept, place, true);
  }

  #findCells(bytes: Uint8Array, start: number, end: number): Fault | undefined {
    const most = this.#columns?.count ?? MOST_COLUMNS;
    return findCells(bytes, start, end, this.#dialect, most, this.#cells);
  }

  /** Refuses the beginning of a record; that it is one only at the end of the input. */
  #checkOpen(bytes: Uint8Array, place: RowPlace, ended: boolean): void {
    const start = this.#columns ? 0 : bomLength(bytes);
    const fault = this.#findCells(bytes, start, bytes.length);
    if (fault && (ended || fault.reason !== NOT_CLOSED)) throw faultError(fault, bytes, place);
  }

  #dataRow(place: RowPlace, bytes: Uint8Array, { count, fields, id }: Columns): Row {
    const cells = this.#cells;
    // An empty line is no row to most readers, and there is nothing to encrypt.
    if (cells.length === 2 && cells[0] === cells[1] && count > 1) {
      return { ...place, blank: true, bytes, spans: [], id: undefined };
    }
    if (cells.length !== 2 * count) {
      throw rowError(SyntaxError, place, `it has ${cells.length / 2} cells, not ${count}`);
    }
    const { number, line } = place;
    const spans: FieldSpan[] = [];
    for (let column = 0; column < count; column++) {
      const [start, end] = [cells[2 * column], cells[2 * column + 1]];
      const field = fields[column];
      if (field !== undefined) spans.push({ field, start, end });
      else this.#checkSwallowed(bytes, start, end, place);
    }
    if (id === undefined) return { number, line, blank: false, bytes, spans, id };
    const cell = bytes.subarray(cells[2 * id], cells[2 * id + 1]);
    const idBytes = cellValue(cell, this.#dialect.quotes);
    if (idBytes.length > LONGEST_PART) {
      const { rowId: field } = this.#options;
      throw rowError(RangeError, place, `its id has more than ${LONGEST_PART} bytes`, { field });
    }
    return { number, line, blank: false, bytes, spans, id: idBytes };
  }

  /**
   * Refuses a cell in quotes that holds other rows, as two quotes make it in a file
   * whose quotes are characters as any other: its rows would stay unencrypted.
   */
  #checkSwallowed(bytes: Uint8Array, start: number, end: number, place: RowPlace): void {
    if (this.#options.multiline || this.#cells.length < 4 || bytes[start] !== QUOTE) return;
    const feed = bytes.indexOf(LINE_FEED, start);
    if (feed < 0 || feed >= end) return;
    if (!looksLikeRows(bytes, start, end, this.#dialect.delimiter, this.#cells.length / 2)) return;
    const reason = "a cell in quotes holds what looks like whole rows, so choose quote " +
      '"none" (--quote none) if quotes are no quotes in this file, ' +
      "or multiline (--multiline) if the cell is meant so";
    throw rowError(SyntaxError, place, reason, { line: place.line + lineFeeds(bytes, start) });
  }
}

/**
 * Joins lines to records: a line feed within quotes does not end a record, and it
 * is within quotes where an odd number of them precedes it.
 */
class RecordJoiner {
  readonly #longest: number;
  readonly #quotes: boolean;
  #bytes = new Uint8Array();
  #length = 0;
  #quoted = false;

  constructor(longest: number, quotes: boolean) {
    this.#longest = longest;
    this.#quotes = quotes;
  }

  /** Whether a record is not complete. */
  get open(): boolean {
    return this.#quoted;
  }

  /** The bytes of the record that is not complete. */
  get kept(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The record that the line completes, if it completes one. */
  add(line: Uint8Array, place: RowPlace): Uint8Array | undefined {
    if (this.#length + line.length > this.#longest) {
      const reason = `it has more than ${this.#longest} bytes`;
      throw rowError(RangeError, place, this.#quoted ? `${reason}: ${NOT_CLOSED}` : reason);
    }
    if (!this.#quotes) return line;
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

function faultError({ reason, at }: Fault, bytes: Uint8Array, place: RowPlace): SyntaxError {
  return rowError(SyntaxError, place, reason, { line: place.line + lineFeeds(bytes, at) });
}

function cellTexts(
  bytes: Uint8Array,
  cells: readonly number[],
  quotes: boolean,
  place: RowPlace,
): string[] {
  const texts: string[] = [];
  for (let index = 0; index < cells.length; index += 2) {
    const cell = bytes.subarray(cells[index], cells[index + 1]);
    texts.push(rowText(cellValue(cell, quotes), place));
  }
  return texts;
}

function findColumns(
  names: readonly string[],
  { fields, rowId, delimiter }: CsvOptions,
  header: RowPlace,
): Columns {
  const find = (name: string) => {
    const column = names.indexOf(name);
    const shown = shownName(name);
    if (column < 0) {
      const reason = `it has no column ${shown}${otherColumns(names, name, delimiter)}`;
      throw rowError(TypeError, header, reason, { field: name });
    }
    if (names.includes(name, column + 1)) {
      throw rowError(SyntaxError, header, `it has several columns ${shown}`, { field: name });
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

/** What helps whoever named a column that is not there, as the end of a sentence. */
function otherColumns(names: readonly string[], name: string, delimiter: string): string {
  const other = DELIMITERS.find((other) =>
    other !== delimiter && names.length === 1 && names[0].includes(other)
  );
  if (other) return `; the delimiter ${shownName(other)} would split it, so choose that one`;
  const spaced = names.find((each) => each.trim() === name.trim());
  if (spaced !== undefined) {
    return `, but ${shownName(spaced)}: spaces around a name are part of it`;
  }
  const listed = names.slice(0, LISTED_COLUMNS).map(shownName).join(", ");
  const more = names.length - LISTED_COLUMNS;
  return `; it has ${listed}${more > 0 ? ` and ${more} more` : ""}`;
}
