/**
 * `ironfern rotate`
 *
 * @module
 */

import { InvalidTokenError } from "../../errors.ts";
import type { Command } from "../command.ts";
import { RefusedError } from "../failures.ts";
import type { OptionSpec } from "../spec/command.ts";
import { JSON_RESULT, KEY, LENIENT, optionalInput, OUTPUT, QUIET } from "../spec/options.ts";
import { where } from "../io/texts.ts";

const OLD_KEYS: readonly OptionSpec[] = [
  {
    name: "old-key-env",
    value: "NAME",
    complete: "variable",
    multiple: true,
    help: "take old keys from this environment variable; can be given more than once",
  },
  {
    name: "old-key-file",
    value: "FILE",
    complete: "file",
    multiple: true,
    help: "take old keys from this file; can be given more than once",
  },
];
/** Characters of tokens that are rotated at once. */
const BATCH = 1 << 20;
/** Characters of the longest token, that of 256 MiB. */
const LONGEST_TOKEN = 360_000_000;

/** Brings tokens of old keys to a new one. */
export const rotate: Command = {
  name: "rotate",
  summary: "bring Fernet tokens of old keys to a new key",
  about: [
    "Reads Fernet tokens, one a line, and encrypts each one anew under the new key, with the time that it had. Tokens of the new key are read too. On the standard output more tokens may be missing until the exit code is 0; with -o nothing is written if one of them cannot be opened.",
    "The new key may be followed by old ones in one file or variable, on lines of their own or between commas, the newest first.",
  ],
  operand: optionalInput("the tokens"),
  options: [...OUTPUT, ...KEY, ...OLD_KEYS, LENIENT, QUIET, JSON_RESULT],
  examples: [
    "ironfern rotate app.tokens -o app.tokens.new --key-file new.key --old-key-file old.key",
    "ironfern rotate --key-env NEW_KEY --old-key-env OLD_KEY < app.tokens > app.tokens.new",
  ],
  permissions: "--allow-read of INPUT, --allow-read and --allow-write of the folder of FILE; " +
    "--allow-env of the variables or --allow-read of the keys' files.",
  async run(context) {
    const { args, report } = context;
    const input = await context.input();
    const output = await context.output(input);
    const fernets = await context.rotatedFernets();
    const { MultiFernet } = await import("../../../mod.ts");
    const keys = new MultiFernet(fernets);
    const options = { lenient: args.has("lenient") };
    let count = 0;
    try {
      await report.progress("Rotating", "tokens", async (onProgress) => {
        const rotated = rotateLines((tokens) => keys.rotateMany(tokens, options), (done) => {
          count = done;
          onProgress?.(done, undefined);
        });
        await output.write(input.stream().pipeThrough(rotated));
      });
    } finally {
      for (const fernet of fernets) fernet.destroy();
    }
    await context.result(`Rotated ${count} tokens${where(context)}`, { tokens: count }, output);
  },
};

/** Rotates tokens, one a line, in batches. */
function rotateLines(
  rotateMany: (tokens: string[]) => string[],
  onProgress: (done: number) => void,
): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let pending: string[] = [];
  let length = 0;
  let done = 0;
  const flush = (isEnd: boolean): Uint8Array => {
    const lines = pending.join("").split("\n");
    const rest = lines.pop() ?? "";
    if (isEnd && rest) lines.push(rest);
    pending = isEnd ? [] : [rest];
    length = isEnd ? 0 : rest.length;
    if (length > LONGEST_TOKEN) {
      throw new RangeError(`Cannot read the input: line ${done + 1} is longer than any token`);
    }
    try {
      const tokens = rotateMany(lines.map((line) => line.replace(/\r$/, "")));
      onProgress(done += tokens.length);
      return encoder.encode(tokens.map((token) => `${token}\n`).join(""));
    } catch (error) {
      if (!(error instanceof InvalidTokenError)) throw error;
      throw new RefusedError("key", done + (error.index ?? 0) + 1, { cause: error });
    }
  };
  return new TransformStream({
    transform(chunk, controller) {
      const text = decoder.decode(chunk, { stream: true });
      pending.push(text);
      length += text.length;
      if (length >= BATCH && text.includes("\n")) controller.enqueue(flush(false));
      else if (length > LONGEST_TOKEN) flush(false);
    },
    flush(controller) {
      pending.push(decoder.decode());
      controller.enqueue(flush(true));
    },
  });
}
