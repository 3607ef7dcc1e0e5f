/**
 * `ironfern fields encrypt` and `ironfern fields decrypt`
 *
 * @module
 */

import type { FieldsOptions } from "../../export/mod.ts";
import type { Command } from "../command.ts";
import type { OptionSpec } from "../spec/command.ts";
import type { Context } from "../context.ts";
import type { Args } from "../spec/args.ts";
import { usage } from "../failures.ts";
import {
  filePermissionsOf,
  JSON_RESULT,
  KEY,
  optionalInput,
  OUTPUT,
  QUIET,
  TOKENS,
  WORKERS,
} from "../spec/options.ts";
import { DECRYPT, ENCRYPT, pipeRows, tokenOptions } from "../io/rows.ts";

const FIELDS: readonly OptionSpec[] = [
  {
    name: "format",
    value: "FORMAT",
    complete: ["csv", "jsonl"],
    required: true,
    help: "what the rows are: csv, with a header, or jsonl",
  },
  {
    name: "field",
    value: "FIELD",
    multiple: true,
    required: true,
    help: "a column of CSV, or a name or JSON Pointer as /user/email; can be given more than once",
  },
  {
    name: "row-id",
    value: "FIELD",
    help:
      "the field that is different in every row: a value that was moved to another row is refused",
  },
  {
    name: "optional",
    value: "FIELD",
    multiple: true,
    help: "one of the fields that a row of jsonl may lack",
  },
  {
    name: "delimiter",
    value: "CHARACTER",
    help: "what separates the cells of CSV, as ; or tab; by default a comma",
  },
  {
    name: "quote",
    value: "QUOTE",
    complete: ["double", "none"],
    help: "double (the default): cells of CSV may stand in double quotes; none: a quote is a " +
      "character as any other, as in most tab-separated files",
  },
  {
    name: "multiline",
    help: "encrypt a file of CSV although a cell in quotes holds what looks like whole rows; " +
      "other cells of several lines need no option",
  },
];
const COMMON = [...KEY, WORKERS, QUIET, JSON_RESULT];
const PERMISSIONS = filePermissionsOf("key");

/** Encrypts fields. */
export const fieldsEncrypt: Command = {
  name: "fields encrypt",
  summary: "encrypt columns of CSV or values of JSON lines in place",
  about: [
    "Encrypts some fields of every row and leaves all else as it is, byte for byte. It fails if no row has any of them. Without --row-id values can be exchanged between rows, and nobody sees it. Rows can always be removed or repeated, and nobody sees it.",
  ],
  operand: optionalInput("the rows"),
  options: [...FIELDS, ...OUTPUT, ...COMMON],
  examples: [
    "ironfern fields encrypt users.csv -o safe.csv --format csv --field email --field card --row-id id --key-file users.key",
    "ironfern fields encrypt --format jsonl --field /user/email --key-env USERS_KEY < users.jsonl",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    await pipeRows(context, {
      ...ENCRYPT,
      unit: "rows",
      async make(fernet, onProgress) {
        const { encryptFields } = await import("../../export/mod.ts");
        return usage(() => encryptFields(fernet, { ...fieldOptions(context), onProgress }));
      },
    });
  },
};

/** Decrypts fields. */
export const fieldsDecrypt: Command = {
  name: "fields decrypt",
  summary: "decrypt what fields encrypt encrypted",
  about: [
    "Decrypts the fields that were encrypted. --format, --quote and --row-id have to be those of the encryption; it can be fewer fields. On the standard output more rows may be missing until the exit code is 0.",
  ],
  operand: optionalInput("the rows"),
  options: [...FIELDS, ...OUTPUT, ...COMMON, ...TOKENS],
  examples: [
    "ironfern fields decrypt safe.csv -o users.csv --format csv --field email --field card --row-id id --key-file users.key",
    "ironfern fields decrypt --format jsonl --field /user/email --key-env USERS_KEY < safe.jsonl",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    await pipeRows(context, {
      ...DECRYPT,
      unit: "rows",
      async make(fernet, onProgress) {
        const { decryptFields } = await import("../../export/mod.ts");
        const options = { ...fieldOptions(context), ...tokenOptions(context), onProgress };
        return usage(() => decryptFields(fernet, options));
      },
    });
  },
};

/** Names of a delimiter that is hard to type. */
const TAB_NAMES: readonly (string | undefined)[] = ["tab", "\\t"];

/** How CSV is read, of which JSON lines have nothing, and how many threads help. */
function readingOptions(args: Args) {
  const quote = args.text("quote") as "double" | "none" | undefined;
  return {
    workers: args.integer("workers"),
    ...quote === undefined ? {} : { quote },
    ...args.has("multiline") ? { multiline: true } : {},
  };
}

function fieldOptions({ args, signal }: Context): FieldsOptions {
  const delimiter = args.text("delimiter");
  return {
    format: args.text("format") as "csv" | "jsonl",
    fields: args.list("field") ?? [],
    rowId: args.text("row-id"),
    optional: args.list("optional"),
    delimiter: TAB_NAMES.includes(delimiter) ? "\t" : delimiter,
    ...readingOptions(args),
    signal,
  };
}
