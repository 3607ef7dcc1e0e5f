/**
 * `ironfern fields encrypt` and `ironfern fields decrypt`
 *
 * @module
 */

import type { FieldsOptions } from "../../export/mod.ts";
import type { Command } from "../command.ts";
import type { OptionSpec } from "../spec/command.ts";
import type { Context } from "../context.ts";
import { usage } from "../failures.ts";
import {
  filePermissionsOf,
  JSON_RESULT,
  KEY,
  optionalInput,
  OUTPUT,
  QUIET,
  TOKENS,
} from "../spec/options.ts";
import { pipeRows, tokenOptions } from "../io/rows.ts";

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
    help: "a column of CSV, or a name or JSON Pointer as /user/email; more than once for more",
  },
  {
    name: "row-id",
    value: "FIELD",
    help: "the field that tells the rows apart: a value that was moved to another row is refused",
  },
  {
    name: "optional",
    value: "FIELD",
    multiple: true,
    help: "one of the fields that a row of jsonl may lack",
  },
  { name: "delimiter", value: "CHARACTER", help: "what separates the cells of CSV; by default ," },
];
const COMMON = [...KEY, QUIET, JSON_RESULT];
const PERMISSIONS = filePermissionsOf("key");

/** Encrypts fields. */
export const fieldsEncrypt: Command = {
  name: "fields encrypt",
  summary: "encrypt columns of CSV or values of JSON lines in place",
  about: [
    "Encrypts some fields of every row and leaves all else as it is, byte for byte. Without --row-id values can be exchanged between rows unseen, and rows can always be removed and repeated.",
  ],
  operand: optionalInput("the rows"),
  options: [...FIELDS, ...OUTPUT, ...COMMON],
  examples: [
    "ironfern fields encrypt users.csv -o safe.csv --format csv --field email --field card --row-id id --key-file users.key",
    "ironfern fields encrypt --format jsonl --field /user/email --key-env USERS_KEY < users.jsonl",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    await pipeRows(context, "Encrypting", "rows", async (fernet, onProgress) => {
      const { encryptFields } = await import("../../export/mod.ts");
      return usage(() => encryptFields(fernet, { ...fieldOptions(context), onProgress }));
    });
  },
};

/** Decrypts fields. */
export const fieldsDecrypt: Command = {
  name: "fields decrypt",
  summary: "decrypt what fields encrypt encrypted",
  about: [
    "Decrypts the fields that were encrypted. --format and --row-id have to be those of the encryption; fewer fields will do. On the standard output the rows are a prefix until the exit code is 0.",
  ],
  operand: optionalInput("the rows"),
  options: [...FIELDS, ...OUTPUT, ...COMMON, ...TOKENS],
  examples: [
    "ironfern fields decrypt safe.csv -o users.csv --format csv --field email --field card --row-id id --key-file users.key",
    "ironfern fields decrypt --format jsonl --field /user/email --key-env USERS_KEY < safe.jsonl",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    await pipeRows(context, "Decrypting", "rows", async (fernet, onProgress) => {
      const { decryptFields } = await import("../../export/mod.ts");
      const options = { ...fieldOptions(context), ...tokenOptions(context), onProgress };
      return usage(() => decryptFields(fernet, options));
    });
  },
};

function fieldOptions({ args, signal }: Context): FieldsOptions {
  return {
    format: args.text("format") as "csv" | "jsonl",
    fields: args.list("field") ?? [],
    rowId: args.text("row-id"),
    optional: args.list("optional"),
    delimiter: args.text("delimiter"),
    signal,
  };
}
