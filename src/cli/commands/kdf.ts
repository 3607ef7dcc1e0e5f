/**
 * `ironfern kdf`
 *
 * @module
 */

import { DIGEST_LENGTH, type Hash } from "../../backends/backend.ts";
import { BACKEND_NAMES } from "../../backends/names.ts";
import { BackendUnavailableError } from "../../errors.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../failures.ts";
import { JSON_RESULT, QUIET } from "../spec/options.ts";

const HASHES = Object.keys(DIGEST_LENGTH) as Hash[];

/** Measures what a key costs its user, and tells what it costs an attacker. */
export const kdf: Command = {
  name: "kdf",
  summary: "measure PBKDF2 here, and print what an attacker pays",
  about: [
    "Measures PBKDF2 on every backend here and recommends iterations: as many as the fastest one does in the target time, never fewer than the published floor. It prints how long an attacker with one graphics card searches for passphrases of 30 to 60 bits, and every assumption. A number for another hash than SHA-256 is for the library's pbkdf2, because every format here derives its keys with SHA-256. With the default target it takes about fifteen seconds; nothing else should run meanwhile.",
  ],
  options: [
    {
      name: "hash",
      value: "HASH",
      complete: HASHES,
      help: "the hash under HMAC: SHA-256, SHA-384 or SHA-512, or SHA-1 for old " +
        "applications; by default SHA-256",
    },
    {
      name: "target",
      value: "MS",
      range: [1, 60_000],
      help: "milliseconds that a key should take, 1 to 60000; by default 250",
    },
    {
      name: "backend",
      value: "NAME",
      complete: BACKEND_NAMES,
      multiple: true,
      help: "measure wasm, webcrypto, node or portable; can be given more than once; " +
        "by default all that are here",
    },
    // Nobody runs it for anything but the table; with --json the line is wanted instead.
    { ...QUIET, help: "print no progress bar and no table, but the line of --json all the same" },
    JSON_RESULT,
  ],
  examples: ["ironfern kdf", "ironfern kdf --hash SHA-512 --target 500 --json"],
  permissions: "none.",
  async run(context) {
    const { args, report, signal } = context;
    const [{ measureKdf }, { kdfText }] = await Promise.all([
      import("../kdf/figures.ts"),
      import("../kdf/text.ts"),
    ]);
    // The arguments were checked, so each is one of these.
    const hash = HASHES.find((hash) => hash === args.text("hash")) ?? "SHA-256";
    const backends = args.list("backend")?.flatMap((given) =>
      BACKEND_NAMES.filter((name) => name === given)
    );
    const targetMs = args.integer("target") ?? 250;
    try {
      const figures = await report.progress("Measuring", "rounds", async (onProgress) => {
        return await measureKdf({ hash, targetMs, backends, signal, onProgress });
      });
      await context.print(kdfText(figures), { ...figures });
    } catch (error) {
      if (!(error instanceof BackendUnavailableError)) throw error;
      throw new UsageError(error.message, { cause: error });
    }
  },
};
