/**
 * A stream of rows: pieces of some rows each are worked on, several at once where
 * there are workers, and the results are written in order, as they are read.
 *
 * @module
 */

import { pickSync } from "../backends/select/fernet.ts";
import { type Batch, BATCH_BYTES, BATCH_RECORDS } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { checkSignal } from "../checks.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { DroppedBytes, release } from "../runtime/memory.ts";
import { Pacer } from "../runtime/schedule.ts";
import { checkWorkers } from "../workers/pool.ts";
import { type BatchKeySource, BatchRunner } from "./batch_runner.ts";
import { checkKept } from "./chunks.ts";
import { type Lines, LineSplitter } from "./line_splitter.ts";
import { ordered } from "./ordered.ts";
import { type StreamPair, streamPair } from "./pair.ts";

/**
 * Chunks that come while all workers are busy are put together up to so many
 * bytes: as a message each, a file's 64 KiB cost the calling thread 0.42 us for a
 * row of 100 bytes, and together 0.25 (measured).
 */
const GATHERED_BYTES = 1 << 19;
/** Lines of some hundred bytes, whatever they are. */
const ROWS = { count: BATCH_RECORDS, length: 100 };

/** How a stream of rows is run. */
export interface RowStreamOptions {
  /** Errors the stream with its reason. */
  readonly signal?: AbortSignal;
  /** How many workers may help; `undefined` leaves it to the amount of work. */
  readonly workers?: number;
  /** Called with the rows that are written. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/** What a stream does with its rows. */
export interface RowWork<Piece, R> {
  /** Bytes that a line may have. */
  readonly longest: number;
  /** The keys of the batches. */
  readonly keys: BatchKeySource;
  /** The pieces that some lines complete; they may share the lines' memory. */
  split(lines: Batch): Iterable<Piece>;
  /** The piece that the end completes, if there is one, and a last line without a line feed. */
  finish(last: Batch | undefined): Piece | undefined;
  /** Makes what is written for a piece. */
  write(piece: Piece, runner: BatchRunner): Promise<Bytes>;
  /** How many rows are in all pieces up to this one, which is written now. */
  written(piece: Piece): number;
  /** What came of it, after the last piece. */
  result(): R;
}

/**
 * Makes the streams.
 *
 * @param backend Finds the lines, where it can.
 */
export function rowStream<Piece, R>(
  { signal, workers, onProgress }: RowStreamOptions,
  backend: KeyedBackend["backend"],
  work: RowWork<Piece, R>,
): StreamPair<R> {
  checkSignal(signal);
  checkWorkers(workers);
  const take = backend === "webcrypto" ? undefined : pickSync(backend, ROWS).takeLines;
  const splitter = new LineSplitter(work.longest, take);

  async function* run(source: AsyncIterable<Uint8Array>, stop: AbortSignal) {
    const runner = new BatchRunner(work.keys, { workers, signal: stop });
    const pacer = new Pacer();
    const dropped = new DroppedBytes();
    const room = () => runner.inFlight > 1 ? GATHERED_BYTES : 0;
    try {
      const results = ordered(
        pieces(gatheredLines(source, splitter, room), splitter, work),
        () => runner.inFlight,
        async ({ piece, memory }) => ({
          piece,
          memory,
          bytes: piece === undefined ? undefined : await work.write(piece, runner),
        }),
      );
      for await (const { piece, memory, bytes } of results) {
        if (memory) release(memory);
        if (piece === undefined || !bytes) continue;
        if (runner.inFlight > 1) dropped.add(bytes.length);
        yield bytes;
        const rows = work.written(piece);
        onProgress?.(rows, undefined);
        await pacer.pause();
      }
      return work.result();
    } finally {
      runner.close();
    }
  }

  return streamPair(run, () => {}, signal, true);
}

/** A piece; or memory, of which all pieces come before it. */
interface Step<Piece> {
  readonly piece?: Piece;
  readonly memory?: Bytes;
}

async function* pieces<Piece>(
  lines: AsyncIterable<Lines>,
  splitter: LineSplitter,
  work: RowWork<Piece, unknown>,
): AsyncGenerator<Step<Piece>, void> {
  for await (const { batch, memory } of lines) {
    for (const piece of work.split(batch)) yield { piece };
    if (memory) yield { memory };
  }
  const piece = work.finish(splitter.finish());
  if (piece !== undefined) yield { piece };
}

/**
 * The lines of chunks, which are copied while the lines before are worked on: as
 * many bytes as there is room for, or else those of one chunk.
 */
async function* gatheredLines(
  source: AsyncIterable<Uint8Array>,
  splitter: LineSplitter,
  room: () => number,
): AsyncGenerator<Lines, void> {
  let ended = false;
  let [wake, proceed] = [() => {}, () => {}];
  const add = async (chunk: Uint8Array) => {
    const { length } = chunk;
    for (let at = 0; at < length && !ended;) {
      checkKept(chunk, length);
      const part = chunk.subarray(at, at + Math.min(BATCH_BYTES, room() || BATCH_BYTES));
      if (splitter.held && splitter.held + part.length > room()) {
        await new Promise<void>((resolve) => proceed = resolve);
        continue;
      }
      splitter.add(part, room());
      at += part.length;
      if (splitter.held) wake();
      // A line is refused as soon as it is too long, before its end is seen.
      if (splitter.overlong) ended = true;
    }
  };
  const adding = (async () => {
    for await (const chunk of source) {
      await add(chunk);
      if (ended) return;
    }
  })().finally(() => {
    ended = true;
    wake();
  });
  adding.catch(() => {});
  try {
    for (;;) {
      if (!splitter.held && !ended) await new Promise<void>((resolve) => wake = resolve);
      if (!splitter.held) break;
      const lines = splitter.take();
      proceed();
      yield* lines;
    }
    await adding;
  } finally {
    ended = true;
    proceed();
  }
}
