/**
 * Sealed exports for tests: sealed, cut into chunks, opened.
 *
 * @module
 */

import { SealedExportError } from "@ironfern/ironfern";
import {
  openExport,
  type OpenExportOptions,
  sealExport,
  type SealExportOptions,
} from "@ironfern/ironfern/export";

/** Bytes of a full slice. */
export const SLICE = 65_510;
/** Characters of a full slice's line, without its line feed. */
export const FULL_LINE = 87_436;
/** A key that the tests share. */
export const KEY: Uint8Array = Uint8Array.from({ length: 32 }, (_, index) => 7 * index);

/** Bytes that are not alike, the same ones every time. */
export function someBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let index = 0, state = length + 1; index < length; index++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** A stream of bytes cut into chunks of these lengths in turn. */
export function chunked(
  bytes: Uint8Array,
  lengths: readonly number[] = [65_536],
): ReadableStream<Uint8Array> {
  let start = 0;
  let turn = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= bytes.length) return controller.close();
      const end = start + lengths[turn++ % lengths.length];
      controller.enqueue(bytes.slice(start, end));
      start = end;
    },
  }, { highWaterMark: 0 });
}

/** Seals bytes. */
export async function seal(
  data: Uint8Array,
  options: SealExportOptions = { key: KEY },
  lengths?: readonly number[],
): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(chunked(data, lengths).pipeThrough(sealExport(options))).bytes();
}

/** Opens an export. */
export async function open(
  sealed: Uint8Array,
  options: OpenExportOptions = { key: KEY },
  lengths?: readonly number[],
): Promise<Uint8Array> {
  return await new Response(chunked(sealed, lengths).pipeThrough(openExport(options))).bytes();
}

/** What came of opening an export: "CODE at LINE", another error, or "opened". */
export async function outcome(opening: Promise<unknown>): Promise<string> {
  try {
    await opening;
    return "opened";
  } catch (error) {
    return error instanceof SealedExportError ? `${error.code} at ${error.line}` : String(error);
  }
}

/** The lines of an export, without their line feeds. */
export function linesOf(sealed: Uint8Array): string[] {
  return new TextDecoder().decode(sealed).replace(/\n$/, "").split("\n");
}

/** The bytes of lines, each with a line feed. */
export function fromLines(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
}

/** Lets everything happen that is about to. */
export function pause(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
