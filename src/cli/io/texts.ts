/**
 * Texts and values that are read as a whole.
 *
 * @module
 */

import type { Context } from "../context.ts";
import { oneLine } from "./escape.ts";
import { type Input, lineEnd, readAll } from "./input.ts";

/** The longest message has 256 MiB, which base64 makes longer twice. */
const LONGEST = 512 << 20;

/** These bytes as a stream. */
export function byteStream(bytes: Uint8Array<ArrayBuffer> | string): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream();
}

/** All of an input. */
export async function readInput(input: Input): Promise<Uint8Array<ArrayBuffer>> {
  return await readAll(input.stream(), LONGEST, "use seal, which takes any length");
}

/**
 * Bytes as text.
 *
 * @throws {Error} If they are not UTF-8.
 */
export function utf8(bytes: Uint8Array, what: string, advice: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`Cannot read ${what}: it is not UTF-8, so ${advice}`, { cause });
  }
}

/** A value on one line. It is ASCII: other characters are refused when it is decrypted. */
export async function readValue(input: Input): Promise<string> {
  const bytes = await readInput(input);
  return new TextDecoder().decode(bytes.subarray(0, bytes.length - lineEnd(bytes)));
}

/** The bytes of a text, without the line end after it unless all of it is wanted. */
export function textOf(bytes: Uint8Array<ArrayBuffer>, exact: boolean): Uint8Array<ArrayBuffer> {
  return exact ? bytes : bytes.subarray(0, bytes.length - lineEnd(bytes));
}

/** The words of a result for where the output went. */
export function where({ args }: Context): string {
  const output = args.text("output") ?? "-";
  return output === "-" ? "" : ` into ${oneLine(output)}`;
}
