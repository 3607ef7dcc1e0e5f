/**
 * A generator of chunks as a pair of streams.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { onAbort } from "../runtime/abort.ts";
import { Inlet } from "./inlet.ts";

/** A pair of streams, for `pipeThrough`, and what came of them. */
export interface StreamPair<R> {
  /** The output. */
  readonly readable: ReadableStream<Bytes>;
  /** The input. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Resolved when all of the output is ready, and rejected with what ends the
   * streams before that. It need not be looked at.
   */
  readonly result: Promise<R>;
}

/**
 * Turns chunks into other chunks, until the signal is aborted. A lent chunk of the
 * source is valid until the next one is asked for.
 */
export type ChunkWork<R> = (
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
) => AsyncGenerator<Bytes, R, void>;

/**
 * Makes the streams. The work is driven by demand: it goes on when the chunk that
 * it yielded last was read. A failure, an abort, or a cancel or abort of either
 * stream ends all of it.
 *
 * @param work The work. It starts at once, and waits for its source.
 * @param onEnd Called once, at the end, whichever it is.
 * @param signal Ends it with its reason.
 * @param lent Whether chunks are lent to the work and not copied: then a write lasts
 * until the work asks for the next chunk.
 */
export function streamPair<R>(
  work: ChunkWork<R>,
  onEnd: () => void,
  signal: AbortSignal | undefined,
  lent = false,
): StreamPair<R> {
  const stop = new AbortController();
  const source = new Inlet(stop.signal, lent);
  const output = work(source, stop.signal);
  let resolve: (result: R) => void;
  let reject: (reason: unknown) => void;
  const result = new Promise<R>((...settlers) => [resolve, reject] = settlers);
  result.catch(() => {});
  let input: WritableStreamDefaultController | undefined;
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
    input?.error(stop.signal.reason);
    source.stop();
    output.return(undefined as never).catch(() => {});
  };
  let end: (reason: unknown) => void = fail;
  const readable = new ReadableStream<Bytes>({
    start(controller) {
      end = (reason) => {
        if (settled) return;
        fail(reason);
        controller.error(reason);
      };
      const abort = () => end(signal?.reason);
      if (signal?.aborted) abort();
      else ended = onAbort(signal, abort);
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
  const writable = new WritableStream<Uint8Array>({
    start(controller) {
      input = controller;
      if (settled) controller.error(stop.signal.reason);
      // `abort` below is called only after the write under way.
      controller.signal?.addEventListener("abort", () => {
        // The abort itself errors the input, and would fail if it were errored before.
        input = undefined;
        end(controller.signal.reason);
      });
    },
    write: (chunk) => source.write(chunk),
    close: () => source.close(),
    abort: (reason) => end(reason),
  });
  return { readable, writable, result };
}
