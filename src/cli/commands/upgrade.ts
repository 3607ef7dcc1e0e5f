/**
 * `ironfern upgrade`
 *
 * @module
 */

import { InvalidTokenError } from "../../errors.ts";
import type { Command } from "../command.ts";
import type { OptionSpec } from "../spec/command.ts";
import { RefusedError } from "../failures.ts";
import { iterationsToRead } from "../spec/iterations.ts";
import {
  filePermissionsOf,
  JSON_RESULT,
  LENIENT,
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
  help:
    "PBKDF2 iterations to write; by default 600000. The value does not record them, so remember any other number",
};

/** Brings values of an old cost to the present one. */
export const upgrade: Command = {
  name: "upgrade",
  summary: "encrypt values of an old cost anew, at 600000 iterations",
  about: [
    "Reads values that encrypt or Flet wrote, one a line, and writes them in the same order. Values of an old cost (100000 iterations, up to Flet 0.27.4) are encrypted anew, the others stay as they are. If one of them cannot be decrypted, nothing is written.",
  ],
  operand: optionalInput("the values"),
  options: [
    ...OUTPUT,
    ...PASSPHRASE,
    READ_ITERATIONS,
    TARGET,
    LENIENT,
    WORKERS,
    QUIET,
    JSON_RESULT,
  ],
  examples: [
    "ironfern upgrade values.txt -o upgraded.txt",
    "ironfern upgrade --passphrase-env APP_SECRET < values.txt > upgraded.txt",
  ],
  permissions: filePermissionsOf("passphrase"),
  async run(context) {
    const { args, report, signal } = context;
    const input = await context.input();
    const output = await context.output(input);
    const iterations = iterationsToRead(args, "passphrase");
    const passphrase = await context.passphrase();
    const values = (await readValue(input)).split(/\r?\n/);
    const { upgradeMany } = await import("../../../mod.ts");
    const results = await report.progress("Upgrading", "keys", async (onProgress) => {
      return await upgradeMany(values, passphrase, {
        iterations,
        targetIterations: args.integer("target-iterations"),
        lenient: args.has("lenient"),
        workers: args.integer("workers"),
        signal,
        onProgress,
      });
    }).catch((error) => {
      if (!(error instanceof InvalidTokenError)) throw error;
      throw new RefusedError("passphrase", (error.index ?? 0) + 1, { cause: error });
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
