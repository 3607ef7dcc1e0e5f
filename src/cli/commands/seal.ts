/**
 * `ironfern seal`
 *
 * @module
 */

import type { Command } from "../command.ts";
import {
  filePermissionsOf,
  JSON_RESULT,
  KEY,
  OUTPUT,
  PASSPHRASE,
  QUIET,
  requiredInput,
  SEAL_ITERATIONS,
  WORKERS,
} from "../spec/options.ts";
import { iterationsToWrite } from "../spec/iterations.ts";
import { transformExport } from "./sealed.ts";

/** Seals a file. */
export const seal: Command = {
  name: "seal",
  summary: "seal a file, so that it does not open after a cut or a patch",
  about: [
    "Seals a file of any size into a sealed export, a text file that cannot be opened any more after it was cut, reordered or patched. Without an option for a secret it asks for a passphrase, twice.",
    "It prints an id that no other export has: open --expect-id with this id refuses an older export.",
  ],
  operand: requiredInput("the data"),
  options: [...OUTPUT, ...PASSPHRASE, ...KEY, SEAL_ITERATIONS, WORKERS, QUIET, JSON_RESULT],
  examples: [
    "ironfern seal dump.sql -o dump.sealed",
    "ironfern seal dump.sql -o dump.sealed --passphrase-env DUMP_PASSPHRASE",
    "pg_dump shop | ironfern seal - --key-file shop.key -o shop.sealed --force",
  ],
  permissions: filePermissionsOf("secret"),
  async run(context) {
    const { args, signal } = context;
    await transformExport(context, {
      doing: "Sealing",
      done: "Sealed",
      twice: true,
      settings: ({ key }) => ({
        iterations: iterationsToWrite(args, key === undefined ? "passphrase" : "key"),
        workers: args.integer("workers"),
        signal,
      }),
      async load() {
        const { sealExport, sealFile } = await import("../../export/mod.ts");
        return { stream: sealExport, file: sealFile };
      },
    });
  },
};
