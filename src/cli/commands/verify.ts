/**
 * `ironfern verify`
 *
 * @module
 */

import type { Command } from "../command.ts";
import {
  EXPECTATIONS,
  JSON_RESULT,
  KEY,
  PASSPHRASE,
  permissionsOf,
  QUIET,
  requiredInput,
  WORKERS,
} from "../spec/options.ts";
import { openSettings } from "./sealed.ts";

/** Checks a sealed export. */
export const verify: Command = {
  name: "verify",
  summary: "check a sealed file to its end, and write nothing",
  about: [
    "Opens a sealed file to its end and writes nothing. The exit code is 0 if every byte is as it was sealed, and 3 if not.",
  ],
  operand: requiredInput("the sealed file"),
  options: [...PASSPHRASE, ...KEY, ...EXPECTATIONS, WORKERS, QUIET, JSON_RESULT],
  examples: [
    "ironfern verify dump.sealed",
    "ironfern verify shop.sealed --key-file shop.key --json",
  ],
  permissions: permissionsOf("secret"),
  async run(context) {
    const input = await context.input();
    const settings = openSettings(context);
    const secret = await context.exportSecret(false);
    const { verifyExport } = await import("../../export/mod.ts");
    const info = await context.report.progress("Verifying", "bytes", async (onProgress) => {
      const source = input.path ?? input.stream();
      return await verifyExport(source, { ...secret, ...settings, onProgress });
    });
    await context.print(`Verified ${info.bytes} bytes, id ${info.id}`, { ...info });
  },
};
