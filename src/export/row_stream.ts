/**
 * A stream of rows: what its splitter gives out is worked on, and the results are
 * written in order.
 *
 * @module
 */

import { checkSignal, isBytes } from "../checks.ts";
import type { Bytes } from "../encoding.ts";
import { onAbort } from "../on_abort.ts";
import { Pacer } from "../schedule.ts";

/** What a stream does with its rows. */
export interface RowWork<Piece> {
  /** The pieces that a chunk completes, each some rows; they may share its memory. */
  split(chunk: Uint8Array): Iterable<Piece>;
  /** The piece that the end completes, if there is one. */
  finish(): Piece | undefined;
  /** What is written for a piece. */
  write(piece: Piece): Promise<Bytes>;
  /** Is told that this was written. */
  written(piece: Piece): void;
  /** How many pieces may be worked on at once. */
  inFlight(): number;
}

/** The stream; `signal` errors it with its reason. */
export function rowStream<Piece>(
  signal: AbortSignal | undefined,
  work: RowWork<Piece>,
): TransformStream<Uint8Array, Bytes> {
  checkSignal(signal);
  const pacer = new Pacer();
  let running: Promise<void>[] = [];
  let tail = Promise.resolve();
  let settled = () => {};
  const fail = (controller: TransformStreamDefaultController<Bytes>, error: unknown) => {
    settled();
    controller.error(error);
  };

  /** Waits until fewer than `most` pieces are worked on. */
  const room = async (most: number) => {
    while (running.length && running.length >= most) await running.shift();
  };
  const begin = (piece: Piece, controller: TransformStreamDefaultController<Bytes>) => {
    signal?.throwIfAborted();
    const result = work.write(piece);
    // When a piece before this one has failed, nobody waits for it.
    result.catch(() => {});
    const before = tail;
    tail = (async () => {
      await before;
      controller.enqueue(await result);
      work.written(piece);
      await pacer.pause();
    })();
    // The input may pause, and the failure is not to wait for it.
    tail.catch((error) => fail(controller, error));
    running.push(tail);
  };
  return new TransformStream({
    start(controller) {
      // A source that has nothing to give would keep an abort from being seen.
      const abort = () => controller.error(signal?.reason);
      if (signal?.aborted) abort();
      else settled = onAbort(signal, abort);
    },
    async transform(chunk, controller) {
      try {
        const most = work.inFlight();
        // Its owner may use its memory again before all of it is written.
        const kept = most > 1 && isBytes(chunk) ? new Uint8Array(chunk) : chunk;
        for (const piece of work.split(kept)) {
          begin(piece, controller);
          await room(most);
        }
      } catch (error) {
        // Rows before the one that cannot be read are still written.
        await tail;
        fail(controller, error);
        throw error;
      }
    },
    async flush(controller) {
      try {
        const last = work.finish();
        if (last !== undefined) begin(last, controller);
        await room(1);
        settled();
      } catch (error) {
        fail(controller, error);
        throw error;
      }
    },
    cancel() {
      running = [];
      settled();
    },
  });
}
