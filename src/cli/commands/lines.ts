/**
 * `ironfern lines encrypt` and `ironfern lines decrypt`
 *
 * @module
 */

import type { Command } from "../command.ts";
import type { Context } from "../context.ts";
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

const COMMON = [...KEY, WORKERS, QUIET, JSON_RESULT];
const PERMISSIONS = filePermissionsOf("key");

/** Encrypts lines. */
export const linesEncrypt: Command = {
  name: "lines encrypt",
  summary: "encrypt every line into a Fernet token of its own",
  about: [
    "Encrypts every line into a Fernet token on a line of its own. Lines can be removed, repeated and reordered, and nobody sees it: use seal for what has to stay whole.",
  ],
  operand: optionalInput("the lines"),
  options: [...OUTPUT, ...COMMON],
  examples: [
    "ironfern lines encrypt rows.jsonl -o rows.tokens --key-file rows.key",
    "tail -f app.log | ironfern lines encrypt --key-env LOG_KEY >> app.tokens",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    await pipeRows(context, {
      ...ENCRYPT,
      unit: "lines",
      async make(fernet, onProgress) {
        const { encryptLines } = await import("../../export/mod.ts");
        return encryptLines(fernet, { ...lineOptions(context), onProgress });
      },
    });
  },
};

/** Decrypts lines. */
export const linesDecrypt: Command = {
  name: "lines decrypt",
  summary: "decrypt every line of lines encrypt",
  about: [
    "Decrypts every line, each a Fernet token, into a line of its own. On the standard output more lines may be missing until the exit code is 0.",
  ],
  operand: optionalInput("the tokens"),
  options: [...OUTPUT, ...COMMON, ...TOKENS],
  examples: [
    "ironfern lines decrypt rows.tokens -o rows.jsonl --key-file rows.key",
    "ironfern lines decrypt app.tokens --key-env LOG_KEY --ttl 86400 | grep ERROR",
  ],
  permissions: PERMISSIONS,
  async run(context) {
    await pipeRows(context, {
      ...DECRYPT,
      unit: "lines",
      async make(fernet, onProgress) {
        const { decryptLines } = await import("../../export/mod.ts");
        const options = { ...lineOptions(context), ...tokenOptions(context), onProgress };
        return decryptLines(fernet, options);
      },
    });
  },
};

function lineOptions({ args, signal }: Context) {
  return { workers: args.integer("workers"), signal };
}
