/**
 * Which fields of which rows.
 *
 * @module
 */

import { checkArray, checkOnProgress, checkString, kindOf, quoted } from "../../checks.ts";
import { encodeUtf8 } from "../../bytes/text.ts";
import { Fernet } from "../../fernet/fernet.ts";
import { csvFormat } from "./csv_rows.ts";
import { LONGEST_PART } from "./message.ts";
import type { RowFormat } from "./rows.ts";
import type { RowStreamOptions } from "../../streams/row_stream.ts";
import { pathTree, pointerSteps, pointerTo } from "./json_paths.ts";
import { jsonlFormat } from "./jsonl_rows.ts";

/** Options of {@linkcode encryptFields}. */
export interface FieldsOptions {
  /** What the rows are: CSV (RFC 4180) with a header, or JSON lines. UTF-8 both. */
  format: "csv" | "jsonl";
  /**
   * Which values: names of CSV columns, just as the header has them; or JSON
   * Pointers (RFC 6901) as `"/user/email"` or `"/cards/0"`, and for members of
   * the outermost object their names too: `"email"` is `"/email"`.
   */
  fields: readonly string[];
  /**
   * The CSV column, or the path of a JSON string or number, that tells the rows
   * apart, and which is not encrypted. With it a value is bound to its row, and
   * changing the id makes the row's values unreadable.
   */
  rowId?: string;
  /** Those of the `fields` that a row may lack; of JSON lines only. */
  optional?: readonly string[];
  /**
   * What separates the cells; of CSV only.
   *
   * @default {","}
   */
  delimiter?: string;
  /**
   * What a quote is; of CSV only. `"double"`: cells may stand in double quotes, as
   * RFC 4180 says. `"none"`: a character as any other, as in most tab-separated
   * files.
   *
   * @default {"double"}
   */
  quote?: "double" | "none";
  /**
   * Whether a cell of CSV that stays as it is may hold what looks like whole rows.
   * Without it `encryptFields` refuses such a cell: most often a quote in it is a
   * character as any other, and the rows that it swallows would stay unencrypted.
   * Other cells of several lines need no option.
   *
   * @default {false}
   */
  multiline?: boolean;
  /**
   * How many workers may help, from 0 (none) to 64. By default as many as there
   * are processors, once the stream has proved to be long.
   */
  workers?: number;
  /** Errors the stream with its reason when it is aborted. */
  signal?: AbortSignal;
  /**
   * Called with how many rows are done; how many there are is not known.
   *
   * @param done Rows; a CSV file's header and blank lines are none.
   * @param total Always `undefined`.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** The names of the options. */
export const FIELDS_OPTIONS = [
  "format",
  "fields",
  "rowId",
  "optional",
  "delimiter",
  "quote",
  "multiline",
  "workers",
  "signal",
  "onProgress",
] as const;

/** Checked options. */
export interface CheckedFields extends RowStreamOptions {
  /** How the rows are read and written. */
  readonly format: RowFormat;
}

/**
 * Checks the options, whose names are known.
 *
 * @throws {TypeError} If one is of the wrong type or kind, or they contradict
 * each other.
 * @throws {RangeError} If a name is longer than 4,096 bytes.
 */
export function checkFields(fernet: Fernet, options: FieldsOptions): CheckedFields {
  if (!(fernet instanceof Fernet)) {
    throw new TypeError(`Cannot read the key: expected a Fernet, got ${kindOf(fernet)}`);
  }
  const { rowId, workers, signal, onProgress } = options;
  const fields = checkArray(options.fields, "fields").map(checkName);
  if (!fields.length) throw new TypeError("Cannot use fields: it is empty, so name one at least");
  if (rowId !== undefined) checkName(rowId);
  checkOnProgress(onProgress);
  return { format: checkFormat(options, fields), workers, signal, onProgress };
}

function checkFormat(options: FieldsOptions, fields: string[]): RowFormat {
  const { format } = options;
  if (format === "csv") return checkCsv(options, fields);
  if (format === "jsonl") return checkJsonl(options, fields);
  throw new TypeError(`Cannot read the format ${quoted(format)}: expected "csv" or "jsonl"`);
}

function checkName(name: string): string {
  const bytes = encodeUtf8(checkString(name, "the name of a field"), "the name of a field");
  if (bytes.length <= LONGEST_PART) return name;
  throw new RangeError(`Cannot use the name of a field: it has more than ${LONGEST_PART} bytes`);
}

function checkCsv(options: FieldsOptions, fields: string[]): RowFormat {
  const { rowId, optional, delimiter = ",", quote = "double", multiline = false } = options;
  if (optional !== undefined) {
    throw new TypeError("Cannot use optional with CSV: every row has every column");
  }
  // What a token is made of would cut it in two.
  if (typeof delimiter !== "string" || !/^[^"\r\n\w=\-\u0080-\uffff]$/.test(delimiter)) {
    throw new TypeError(
      "Cannot use the delimiter: expected one character of ASCII that is neither a quote, " +
        "nor a line end, nor in base64url",
    );
  }
  if (quote !== "double" && quote !== "none") {
    throw new TypeError(`Cannot use the quote ${quoted(quote)}: expected "double" or "none"`);
  }
  if (typeof multiline !== "boolean") {
    throw new TypeError(`Cannot use multiline: expected a boolean, got ${kindOf(multiline)}`);
  }
  const names = rowId === undefined ? fields : [...fields, rowId];
  const repeated = names.find((name, index) => names.includes(name, index + 1));
  if (repeated !== undefined) throw repeatedField(repeated, rowId);
  return csvFormat({ fields, rowId, delimiter, quotes: quote === "double", multiline });
}

function checkJsonl(options: FieldsOptions, names: string[]): RowFormat {
  const { rowId, optional = [] } = options;
  for (const name of ["delimiter", "quote", "multiline"] as const) {
    if (options[name] !== undefined) throw new TypeError(`Cannot use ${name} with JSON lines`);
  }
  const fields = names.map(checkPointer);
  const id = rowId === undefined ? undefined : checkPointer(rowId);
  const absent = checkArray(optional, "optional").map(checkName).map(checkPointer);
  const unknown = absent.find((pointer) => !fields.includes(pointer));
  if (unknown !== undefined) {
    throw new TypeError(`Cannot use optional ${quoted(unknown)}: it is not among the fields`);
  }
  const pointers = id === undefined ? fields : [...fields, id];
  const paths = pathTree(pointers.map((pointer) => pointerSteps(pointer) ?? []));
  if (typeof paths === "number") throw repeatedField(pointers[paths], id);
  return jsonlFormat({
    names,
    fields,
    optional: fields.map((pointer) => absent.includes(pointer)),
    rowId: id === undefined ? undefined : rowId,
    paths,
  });
}

function checkPointer(name: string): string {
  const pointer = name.startsWith("/") ? name : pointerTo(name);
  if (name && pointerSteps(pointer)) return pointer;
  throw new TypeError(
    `Cannot use the field ${quoted(name)}: expected a JSON Pointer as "/user/email", ` +
      'in which "~" is "~0" and "/" is "~1", or a name',
  );
}

function repeatedField(name: string, rowId: string | undefined): TypeError {
  return new TypeError(
    name === rowId
      ? `Cannot use rowId ${quoted(name)}: it is within what is encrypted, or holds it`
      : `Cannot use the field ${quoted(name)}: it is named twice, or within another one`,
  );
}
