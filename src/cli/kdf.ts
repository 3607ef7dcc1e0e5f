/**
 * `ironfern kdf`
 *
 * @module
 */

import type { BackendName, Hash } from "../backends/backend.ts";
import { BackendUnavailableError } from "../errors.ts";
import type { CommandSpec } from "./command.ts";
import { UsageError } from "./failures.ts";
import { JSON_RESULT, QUIET } from "./options.ts";

const HASHES: readonly Hash[] = ["SHA-256", "SHA-1", "SHA-384", "SHA-512"];
const BACKENDS: readonly BackendName[] = ["wasm", "webcrypto", "node", "portable"];

/** Measures what a key costs its user, and tells what it costs an attacker. */
export const kdf: CommandSpec = {
  name: "kdf",
  summary: "measure PBKDF2 here, and tell what an attacker pays",
  about: [
    "Measures PBKDF2 on every backend here and recommends iterations: as many as the fastest one does in the target time, never fewer than the published floor. It tells how long an attacker with one graphics card searches for passphrases of 30 to 60 bits, and prints every assumption. With the default target it takes some ten seconds, in which nothing else should run.",
  ],
  options: [
    {
      name: "hash",
      value: "HASH",
      complete: HASHES,
      help: "the hash under HMAC: SHA-256, SHA-384 or SHA-512, or SHA-1 for what is old " +
        "already; by default SHA-256",
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
      complete: BACKENDS,
      multiple: true,
      help: "measure wasm, webcrypto, node or portable; more than once for more, " +
        "by default all that are here",
    },
    QUIET,
    JSON_RESULT,
  ],
  examples: ["ironfern kdf", "ironfern kdf --hash SHA-512 --target 500 --json"],
  permissions: "none.",
  async run(context) {
    const { args, report, signal } = context;
    const [{ measureKdf }, { kdfText }] = await Promise.all([
      import("./kdf_figures.ts"),
      import("./kdf_text.ts"),
    ]);
    // The arguments were checked by the table: each is one of these.
    const hash = HASHES.find((hash) => hash === args.text("hash")) ?? "SHA-256";
    const backends = args.list("backend")?.flatMap((given) =>
      BACKENDS.filter((name) => name === given)
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
