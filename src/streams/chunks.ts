/**
 * Chunks of bytes, wherever they come from.
 *
 * @module
 */

import { isBytes, kindOf } from "../checks.ts";
import { abortable, Pacer } from "../runtime/schedule.ts";

/**
 * Checks a chunk.
 *
 * @throws {TypeError} If it is not bytes.
 */
export function checkChunk(chunk: Uint8Array): Uint8Array {
  if (isBytes(chunk)) return chunk;
  throw new TypeError(
    `Cannot read a chunk: expected a Uint8Array, got ${kindOf(chunk)}; ` +
      "text goes through a TextEncoderStream first",
  );
}

/**
 * The chunks of a stream, until it ends or the signal is aborted; the stream
 * itself is left to the caller.
 *
 * @throws {TypeError} If a chunk is not bytes.
 */
export async function* streamChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const pacer = new Pacer();
  for (;;) {
    // Chunks that are there at once, and empty, would keep the abort from being seen.
    await pacer.pause();
    const { done, value } = await abortable(() => reader.read(), signal);
    if (done) return;
    yield checkChunk(value);
  }
}
