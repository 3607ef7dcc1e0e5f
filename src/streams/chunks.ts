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
 * @returns A plain view of its bytes: a Buffer's methods are not those of other
 * arrays. Bytes that can change their length, or that another thread may write to,
 * are copied.
 * @throws {TypeError} If it is not bytes.
 */
export function checkChunk(chunk: Uint8Array): Uint8Array {
  if (!isBytes(chunk)) {
    throw new TypeError(
      `Cannot read a chunk: expected a Uint8Array, got ${kindOf(chunk)}; ` +
        "text goes through a TextEncoderStream first",
    );
  }
  const { buffer, byteOffset, length } = chunk;
  const fixed = buffer instanceof ArrayBuffer && !(buffer as { resizable?: boolean }).resizable;
  return fixed ? new Uint8Array(buffer, byteOffset, length) : new Uint8Array(chunk);
}

/**
 * Checks that a chunk is still what was written: a buffer that its owner transferred
 * meanwhile has no bytes any more, and its rows would be lost unseen.
 *
 * @param length How many bytes it had.
 * @throws {TypeError} If its buffer was transferred.
 */
export function checkKept(chunk: Uint8Array, length: number): void {
  if (chunk.length === length) return;
  throw new TypeError(
    "Cannot read a chunk: its buffer was transferred before the write had ended, so await it first",
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
    // With chunks that are there at once, or empty, an abort would not be seen.
    await pacer.pause();
    const { done, value } = await abortable(() => reader.read(), signal);
    if (done) return;
    yield checkChunk(value);
  }
}
