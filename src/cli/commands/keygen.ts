/**
 * `ironfern keygen`
 *
 * @module
 */

import type { Command } from "../command.ts";
import { createSecretFile } from "../io/output.ts";
import { where } from "../io/texts.ts";
import { JSON_RESULT, OUTPUT, QUIET } from "../spec/options.ts";

/** Makes a key. */
export const keygen: Command = {
  name: "keygen",
  summary: "make a random key",
  about: [
    "Makes a random key of 32 bytes, as 44 characters of base64url. Only the owner of the file can read it. A key file that exists is never replaced, because what its key encrypted would be lost.",
  ],
  options: [OUTPUT[0], QUIET, JSON_RESULT],
  examples: [
    "ironfern keygen -o app.key",
    "ironfern keygen | secret-tool store --label app app key",
  ],
  permissions: "--allow-write of FILE.",
  async run(context) {
    const path = context.args.text("output") ?? "-";
    const { Fernet } = await import("../../../mod.ts");
    const key = Fernet.generateKey();
    if (path === "-") return await context.print(key, { key });
    await createSecretFile(path, `${key}\n`, context.signal);
    await context.print(`Wrote a new key${where(context)}`, { output: path });
  },
};
