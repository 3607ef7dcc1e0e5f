/**
 * `ironfern decrypt`
 *
 * @module
 */

import { InvalidTokenError } from "../../errors.ts";
import type { Command } from "../command.ts";
import type { OptionSpec } from "../spec/command.ts";
import type { Context } from "../context.ts";
import { RefusedError, UsageError } from "../failures.ts";
import { tokenOptions } from "../io/rows.ts";
import {
  filePermissionsOf,
  JSON_RESULT,
  KEY,
  optionalInput,
  OUTPUT,
  PASSPHRASE,
  READ_ITERATIONS,
  TOKENS,
} from "../spec/options.ts";
import { iterationsToRead } from "../spec/iterations.ts";
import type { Secret } from "../io/secrets.ts";
import { readValue, utf8, where } from "../io/texts.ts";

const NO_LINE_END: OptionSpec = {
  name: "exact",
  help: "write the text alone, without a line end after it",
};

/** Decrypts one text. */
export const decryptOne: Command = {
  name: "decrypt",
  summary: "decrypt one text that encrypt, Flet or Fernet wrote",
  about: [
    "Decrypts one value: with a passphrase, a value that encrypt or Flet wrote; with a key, a Fernet token. Of several keys, on lines of their own or between commas, each is tried.",
  ],
  operand: optionalInput("the value"),
  options: [...OUTPUT, ...PASSPHRASE, ...KEY, READ_ITERATIONS, ...TOKENS, NO_LINE_END, JSON_RESULT],
  examples: [
    "ironfern decrypt value.txt",
    'echo "$STORED" | ironfern decrypt --passphrase-env APP_SECRET',
    "ironfern decrypt note.token -o note.txt --key-file app.key --ttl 3600",
  ],
  permissions: filePermissionsOf("secret"),
  async run(context) {
    const { args } = context;
    const input = await context.unnamedInput();
    const output = await context.output(input);
    const secrets = await context.secrets(false);
    const bytes = await decryptValue(context, secrets, await readValue(input));
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

/** Decrypts with the first of the secrets that opens the value. */
async function decryptValue(
  context: Context,
  [secret, ...others]: readonly Secret[],
  value: string,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return secret.kind === "key"
      ? await decryptToken(context, secret, value)
      : await decryptText(context, secret, value);
  } catch (error) {
    if (!(error instanceof InvalidTokenError)) throw error;
    if (others.length) return await decryptValue(context, others, value);
    throw new RefusedError(secret.kind, undefined, { cause: error });
  }
}

async function decryptToken(
  context: Context,
  secret: Secret,
  value: string,
): Promise<Uint8Array<ArrayBuffer>> {
  iterationsToRead(context.args, secret.kind);
  const fernet = await context.fernetOf(secret);
  return await fernet.decryptAsync(value, { ...tokenOptions(context), signal: context.signal });
}

async function decryptText(
  { args, signal }: Context,
  secret: Secret,
  value: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (args.has("ttl")) {
    throw new UsageError("Cannot use --ttl with a passphrase: it is for Fernet tokens");
  }
  const iterations = iterationsToRead(args, secret.kind);
  const { decrypt } = await import("../../../mod.ts");
  const text = await decrypt(value, secret.bytes, {
    iterations,
    lenient: args.has("lenient"),
    signal,
  });
  return new TextEncoder().encode(text);
}
