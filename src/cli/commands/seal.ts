/**
 * `ironfern seal`
 *
 * @module
 */

import type { Command } from "../command.ts";
import { UsageError } from "../failures.ts";
import {
  JSON_RESULT,
  KEY,
  OUTPUT,
  PASSPHRASE,
  QUIET,
  requiredInput,
  SEAL_ITERATIONS,
  WORKERS,
} from "../spec/options.ts";
import { where } from "../io/texts.ts";

/** Seals a file. */
export const seal: Command = {
  name: "seal",
  summary: "seal a file: one that was cut, reordered or patched will not open",
  about: [
    "Seals a file of any size into a sealed export, a text file that is refused when it was cut, reordered or patched. Without an option for a secret it asks for a passphrase, twice.",
    "The id that it prints names this export for good: with open --expect-id an older one is refused.",
  ],
  operand: requiredInput("the data"),
  options: [...OUTPUT, ...PASSPHRASE, ...KEY, SEAL_ITERATIONS, WORKERS, QUIET, JSON_RESULT],
  examples: [
    "ironfern seal dump.sql -o dump.sealed",
    "ironfern seal dump.sql -o dump.sealed --passphrase-env DUMP_PASSPHRASE",
    "pg_dump shop | ironfern seal - --key-file shop.key -o shop.sealed --force",
  ],
  permissions: "--allow-read of INPUT, --allow-read and --allow-write of the folder of FILE; " +
    "--allow-env=NAME or --allow-read of the secret's file.",
  async run(context) {
    const { args, report, signal } = context;
    const input = await context.input();
    const output = await context.output(input);
    const iterations = args.integer("iterations");
    const secret = await context.exportSecret(true);
    if (iterations !== undefined && secret.key !== undefined) {
      throw new UsageError("Cannot use --iterations with a key: nothing is derived from it");
    }
    const { sealExport, sealFile } = await import("../../export/mod.ts");
    const info = await report.progress("Sealing", "bytes", async (onProgress) => {
      const options = {
        ...secret,
        iterations,
        workers: args.integer("workers"),
        signal,
        onProgress: onProgress && ((done: number) => onProgress(done, input.size)),
      };
      if (input.path !== undefined && output.path !== undefined) {
        return await sealFile(input.path, output.path, {
          ...options,
          overwrite: args.has("force"),
        });
      }
      const { readable, writable, result } = sealExport(options);
      await output.write(input.stream().pipeThrough({ readable, writable }));
      return await result;
    });
    await context.result(
      `Sealed ${info.bytes} bytes${where(context)}, id ${info.id}`,
      { ...info },
      output,
    );
  },
};
