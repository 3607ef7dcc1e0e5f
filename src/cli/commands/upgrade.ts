/**
 * `ironfern upgrade`
 *
 * @module
 */

import type { Command } from "../command.ts";
import type { OptionSpec } from "../spec/command.ts";
import { UsageError } from "../failures.ts";
import {
  JSON_RESULT,
  optionalInput,
  OUTPUT,
  PASSPHRASE,
  QUIET,
  READ_ITERATIONS,
  WORKERS,
} from "../spec/options.ts";
import { byteStream, readValue, where } from "../io/texts.ts";

const TARGET: OptionSpec = {
  name: "target-iterations",
  value: "N",
  range: [1, 2 ** 32 - 1],
  help: "PBKDF2 iterations to write; by default 600000. Remember any other number",
};
/** With the ones to write they are four, the most that are tried. */
const MOST_COSTS = 4;

/** Brings values of an old cost to the present one. */
export const upgrade: Command = {
  name: "upgrade",
  summary: "bring values of an old cost to 600000 iterations",
  about: [
    "Reads values of encrypt or Flet, one a line, and writes them in the same order: those of an old cost (100000 iterations, up to Flet 0.27.4) encrypted anew, the others as they are. If one cannot be decrypted nothing is written.",
  ],
  operand: optionalInput("the values"),
  options: [...OUTPUT, ...PASSPHRASE, READ_ITERATIONS, TARGET, WORKERS, QUIET, JSON_RESULT],
  examples: [
    "ironfern upgrade values.txt -o upgraded.txt",
    "ironfern upgrade --passphrase-env APP_SECRET < values.txt > upgraded.txt",
  ],
  permissions: "--allow-read of INPUT, --allow-read and --allow-write of the folder of FILE; " +
    "--allow-env=NAME or --allow-read of the passphrase's file.",
  async run(context) {
    const { args, report, signal } = context;
    const input = await context.input();
    const output = await context.output(input);
    const iterations = args.integers("iterations");
    if (iterations && iterations.length > MOST_COSTS) {
      throw new UsageError(`Cannot use --iterations more than ${MOST_COSTS} times`);
    }
    const passphrase = await context.passphrase();
    const values = (await readValue(input)).split(/\r?\n/);
    const { upgradeMany } = await import("../../../mod.ts");
    const results = await report.progress("Upgrading", "keys", async (onProgress) => {
      return await upgradeMany(values, passphrase, {
        iterations,
        targetIterations: args.integer("target-iterations"),
        workers: args.integer("workers"),
        signal,
        onProgress,
      });
    });
    await output.write(byteStream(results.map(({ value }) => `${value}\n`).join("")));
    const upgraded = results.filter((result) => result.upgraded).length;
    await context.result(
      `Upgraded ${upgraded} of ${values.length} values${where(context)}`,
      { values: values.length, upgraded },
      output,
    );
  },
};
