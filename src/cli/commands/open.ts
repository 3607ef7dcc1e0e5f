/**
 * `ironfern open`
 *
 * @module
 */

import type { Command } from "../command.ts";
import {
  EXPECTATIONS,
  filePermissionsOf,
  JSON_RESULT,
  KEY,
  OUTPUT,
  PASSPHRASE,
  QUIET,
  requiredInput,
  WORKERS,
} from "../spec/options.ts";
import { openSettings, transformExport } from "./sealed.ts";

/** Opens a sealed export. */
export const open: Command = {
  name: "open",
  summary: "open a sealed file, and write its data",
  about: [
    "Opens what seal wrote. With -o the file appears only after the export was opened to its end; if the export was cut or patched, nothing is written.",
    "On the standard output the data may be incomplete until the exit code is 0: if the code is another one, drop what was printed.",
  ],
  operand: requiredInput("the sealed file"),
  options: [...OUTPUT, ...PASSPHRASE, ...KEY, ...EXPECTATIONS, WORKERS, QUIET, JSON_RESULT],
  examples: [
    "ironfern open dump.sealed -o dump.sql",
    "ironfern open dump.sealed -o dump.sql --expect-id tDF2ZdT4J2kFv0jkbjQ1Bw",
    "set -o pipefail; ironfern open shop.sealed --key-file shop.key | psql --single-transaction shop",
  ],
  permissions: filePermissionsOf("secret"),
  async run(context) {
    await transformExport(context, {
      doing: "Opening",
      done: "Opened",
      twice: false,
      settings: () => openSettings(context),
      async load() {
        const { openExport, openFile } = await import("../../export/mod.ts");
        return { stream: openExport, file: openFile };
      },
    });
  },
};
