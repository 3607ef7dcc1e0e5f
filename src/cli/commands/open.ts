/**
 * `ironfern open`
 *
 * @module
 */

import type { Command } from "../command.ts";
import {
  EXPECTATIONS,
  JSON_RESULT,
  KEY,
  OUTPUT,
  PASSPHRASE,
  QUIET,
  requiredInput,
  WORKERS,
} from "../spec/options.ts";
import { where } from "../io/texts.ts";
import { openOptions } from "./verify.ts";

/** Opens a sealed export. */
export const open: Command = {
  name: "open",
  summary: "open a sealed file, and write its data",
  about: [
    "Opens what seal wrote. With -o the file appears only when the export was opened to its end: not a byte of one that was cut or patched gets there.",
    "On the standard output the data is a prefix until the exit code is 0: more may be missing, so keep nothing of it if the code is another one.",
  ],
  operand: requiredInput("the sealed file"),
  options: [...OUTPUT, ...PASSPHRASE, ...KEY, ...EXPECTATIONS, WORKERS, QUIET, JSON_RESULT],
  examples: [
    "ironfern open dump.sealed -o dump.sql",
    "ironfern open dump.sealed -o dump.sql --expect-id tDF2ZdT4J2kFv0jkbjQ1Bw",
    "set -o pipefail; ironfern open shop.sealed --key-file shop.key | psql --single-transaction shop",
  ],
  permissions: "--allow-read of INPUT, --allow-read and --allow-write of the folder of FILE; " +
    "--allow-env=NAME or --allow-read of the secret's file.",
  async run(context) {
    const { args, report } = context;
    const input = await context.input();
    const output = await context.output(input);
    const expectations = openOptions(context);
    const secret = await context.exportSecret(false);
    const { openExport, openFile } = await import("../../export/mod.ts");
    const info = await report.progress("Opening", "bytes", async (onProgress) => {
      const options = {
        ...secret,
        ...expectations,
        onProgress: onProgress && ((done: number) => onProgress(done, input.size)),
      };
      if (input.path !== undefined && output.path !== undefined) {
        return await openFile(input.path, output.path, {
          ...options,
          overwrite: args.has("force"),
        });
      }
      const { readable, writable, result } = openExport(options);
      await output.write(input.stream().pipeThrough({ readable, writable }));
      return await result;
    });
    await context.result(
      `Opened ${info.bytes} bytes${where(context)}, id ${info.id}`,
      { ...info },
      output,
    );
  },
};
