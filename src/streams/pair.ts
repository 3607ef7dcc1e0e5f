/**
 * A generator of chunks as a pair of streams.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { onAbort } from "../runtime/abort.ts";
import { checkChunk, streamChunks } from "./chunks.ts";

/** A pair of streams, for `pipeThrough`, and what came of them. */
export interface StreamPair<R> {
  /** The output. */
  readonly readable: ReadableStream<Bytes>;
  /** The input. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Is resolved when all of the output is ready, and rejected with what ends the
   * streams before that. It need not be looked at.
   */
  readonly result: Promise<R>;
}

/** What turns chunks into other chunks, until the signal is aborted. */
export type ChunkWork<R> = (
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
) => AsyncGenerator<Bytes, R, void>;

/**
 * Makes the streams. A failure, an abort, or a cancel or abort of either stream
 * ends all of it.
 *
 * @param work The work. It starts with the first chunk that is asked for.
 * @param onEnd Is called at the end, whichever it is.
 * @param signal Ends it with its reason.
 */
export function streamPair<R>(
  work: ChunkWork<R>,
  onEnd: () => void,
  signal: AbortSignal | undefined,
): StreamPair<R> {
  const stop = new AbortController();
  const { readable: input, writable } = new TransformStream<Uint8Array, Uint8Array>({
    // The chunk's owner may use its memory again.
    transform: (chunk, controller) => controller.enqueue(new Uint8Array(checkChunk(chunk))),
  });
  const reader = input.getReader();
  const output = work(streamChunks(reader, stop.signal), stop.signal);
  let resolve: (result: R) => void;
  let reject: (reason: unknown) => void;
  const result = new Promise<R>((...settlers) => [resolve, reject] = settlers);
  result.catch(() => {});
  let settled = false;
  let ended = () => {};
  const settle = () => {
    settled = true;
    ended();
    onEnd();
  };
  const fail = (reason: unknown) => {
    if (settled) return;
    settle();
    stop.abort(reason);
    reject(stop.signal.reason);
    reader.cancel(stop.signal.reason).catch(() => {});
    output.return(undefined as never).catch(() => {});
  };
  const readable = new ReadableStream<Bytes>({
    start(controller) {
      const end = (reason: unknown) => {
        if (settled) return;
        fail(reason);
        controller.error(reason);
      };
      const abort = () => end(signal?.reason);
      if (signal?.aborted) abort();
      else ended = onAbort(signal, abort);
      // While a key is derived, or nobody takes the output, nobody reads the input.
      reader.closed.catch(end);
    },
    async pull(controller) {
      try {
        const { done, value } = await output.next();
        if (settled) return;
        if (!done) {
          controller.enqueue(value);
          return;
        }
        settle();
        resolve(value);
        controller.close();
      } catch (error) {
        fail(error);
        throw error;
      }
    },
    cancel: fail,
  });
  return { readable, writable, result };
}
