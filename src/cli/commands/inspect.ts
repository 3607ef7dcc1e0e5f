/**
 * `ironfern inspect`
 *
 * @module
 */

import type { Command } from "../command.ts";
import { JSON_RESULT, requiredInput } from "../spec/options.ts";

/** Reads a sealed export's header. */
export const inspect: Command = {
  name: "inspect",
  summary: "print what a sealed file says of itself, unverified",
  about: [
    "Reads the beginning of a sealed file, without a secret. What the file says of itself is not verified: anybody could have written it. The command verify checks it.",
  ],
  operand: requiredInput("the sealed file"),
  options: [JSON_RESULT],
  examples: ["ironfern inspect dump.sealed", "ironfern inspect dump.sealed --json"],
  permissions: "--allow-read of INPUT.",
  async run(context) {
    const input = await context.input();
    const { inspectExport } = await import("../../export/mod.ts");
    const { signal } = context;
    const said = await inspectExport(input.path ?? input.stream(), { signal });
    const { id, version, kdf, time, size } = said;
    const isDate = time !== undefined && time < 8_640_000_000_000;
    const lines = [
      "unverified: anybody could have written this",
      `id          ${id}`,
      `version     ${version}`,
      `secret      ${
        kdf.name === "key" ? "key" : `passphrase, ${kdf.iterations} PBKDF2 iterations`
      }`,
      `sealed      ${isDate ? new Date(time * 1_000).toISOString() : "unknown"}`,
      `size        ${size === undefined ? "unknown" : `${size} bytes`}`,
    ];
    await context.print(lines.join("\n"), { ...said });
  },
};
