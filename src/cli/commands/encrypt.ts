/**
 * `ironfern encrypt`
 *
 * @module
 */

import type { Command } from "../command.ts";
import type { OptionSpec } from "../spec/command.ts";
import {
  filePermissionsOf,
  JSON_RESULT,
  KEY,
  optionalInput,
  OUTPUT,
  PASSPHRASE,
  VALUE_ITERATIONS,
} from "../spec/options.ts";
import { iterationsToWrite } from "../spec/iterations.ts";
import { byteStream, readInput, textOf, utf8, where } from "../io/texts.ts";

const KEEP_LINE_END: OptionSpec = {
  name: "exact",
  help: "keep the line end after the text, which is dropped otherwise",
};

/** Encrypts one text. */
export const encryptOne: Command = {
  name: "encrypt",
  summary: "encrypt one text, under a passphrase or a key",
  about: [
    "Encrypts one text: under a passphrase into the format of Flet, under a key into a Fernet token. On a terminal it asks for the text, without an echo. The text is never an argument, because everybody could read it in the list of processes. Of several keys, on lines of their own or between commas, the first one encrypts.",
  ],
  operand: optionalInput("a file of UTF-8"),
  options: [...OUTPUT, ...PASSPHRASE, ...KEY, VALUE_ITERATIONS, KEEP_LINE_END, JSON_RESULT],
  examples: [
    "ironfern encrypt",
    'printf %s "$TOKEN" | ironfern encrypt --passphrase-env APP_SECRET',
    "ironfern encrypt note.txt -o note.token --key-file app.key",
  ],
  permissions: filePermissionsOf("secret"),
  async run(context) {
    const { args, signal } = context;
    const input = context.asksForText ? undefined : await context.unnamedInput();
    const output = await context.output(input);
    const [secret] = await context.secrets(true);
    const iterations = iterationsToWrite(args, secret.kind);
    const bytes = input
      ? textOf(await readInput(input), args.has("exact"))
      : new TextEncoder().encode(await context.ask("Text"));
    const text = utf8(bytes, "the text", "use seal, which takes any bytes");
    const { encrypt } = await import("../../../mod.ts");
    const value = secret.kind === "passphrase"
      ? await encrypt(text, secret.bytes, { iterations, signal })
      : await (await context.fernetOf(secret)).encryptAsync(text, { signal });
    if (output.path === undefined) return await context.print(value, { value });
    await output.write(byteStream(`${value}\n`));
    await context.result(`Encrypted${where(context)}`, { output: output.path }, output);
  },
};
