/**
 * `ironfern decrypt`
 *
 * @module
 */

import type { Command } from "../command.ts";
import type { OptionSpec } from "../spec/command.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { tokenOptions } from "./lines.ts";
import {
  JSON_RESULT,
  KEY,
  optionalInput,
  OUTPUT,
  PASSPHRASE,
  READ_ITERATIONS,
  TOKENS,
} from "../spec/options.ts";
import type { Secret } from "../io/secrets.ts";
import { readValue, utf8, where } from "../io/texts.ts";

const EXACT: OptionSpec = {
  name: "exact",
  help: "write the text as it is, without a line end after it",
};

/** Decrypts one text. */
export const decryptText: Command = {
  name: "decrypt",
  summary: "decrypt one text of encrypt, Flet or Fernet",
  about: [
    "Decrypts one value: under a passphrase one that encrypt or Flet wrote, under a key a Fernet token.",
  ],
  operand: optionalInput("the value"),
  options: [...OUTPUT, ...PASSPHRASE, ...KEY, READ_ITERATIONS, ...TOKENS, EXACT, JSON_RESULT],
  examples: [
    "ironfern decrypt value.txt",
    'echo "$STORED" | ironfern decrypt --passphrase-env APP_SECRET',
    "ironfern decrypt note.token -o note.txt --key-file app.key --ttl 3600",
  ],
  permissions: "--allow-read of INPUT, --allow-read and --allow-write of the folder of FILE; " +
    "--allow-env=NAME or --allow-read of the secret's file.",
  async run(context) {
    const { args } = context;
    const input = await context.input();
    const output = await context.output(input);
    const secret = await context.secret(false);
    const bytes = await decryptValue(context, secret, await readValue(input));
    if (output.path === undefined && args.has("json")) {
      const text = utf8(bytes, "the message", "leave --json out, to get its bytes");
      return await context.print("", { text });
    }
    const end = args.has("exact") ? [] : ["\n"];
    await output.write(new Blob([bytes, ...end]).stream());
    if (output.path === undefined) return;
    await context.result(`Decrypted${where(context)}`, { output: output.path }, output);
  },
};

async function decryptValue(
  context: Context,
  secret: Secret,
  value: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { args, signal } = context;
  const iterations = args.integers("iterations");
  if (secret.kind === "key") {
    if (iterations) {
      throw new UsageError("Cannot use --iterations with a key: nothing is derived from it");
    }
    const fernet = await context.fernetOf(secret);
    return await fernet.decryptAsync(value, { ...tokenOptions(context), signal });
  }
  const tokenOnly = ["ttl", "lenient"].find((name) => args.has(name));
  if (tokenOnly) {
    throw new UsageError(`Cannot use --${tokenOnly} with a passphrase: it is for Fernet tokens`);
  }
  const { decrypt } = await import("../../../mod.ts");
  return new TextEncoder().encode(await decrypt(value, secret.bytes, { iterations, signal }));
}
