/**
 * Runs ranges of slices: on workers, which read and write the files themselves, and
 * in the calling thread until they have started or where there are none.
 *
 * @module
 */

import { onAbort } from "../../runtime/abort.ts";
import { Semaphore } from "../../runtime/schedule.ts";
import { defaultWorkers, getPool, type Pool, type SlicesTask } from "../../workers/pool.ts";
import { BATCH_SLICES } from "./format.ts";
import type { OpenedRange, SliceRange } from "./slices/job.ts";

/** Slices that a worker is given at once, about 8 MiB: some 20 ms. */
const WORKER_SLICES = 128;
/** Near the end the ranges get shorter, so that all workers end at about the same time. */
const RANGES_LEFT = 3;

/** A range of a file in two forms. */
export interface RangeWork {
  /** The range for a worker. */
  task(range: SliceRange): SlicesTask;
  /** Does it in the calling thread. */
  local(range: SliceRange, signal: AbortSignal): Promise<OpenedRange>;
}

/** Runs the ranges of one file. */
export class RangeRunner {
  readonly #starting: Promise<void> | undefined;
  #pool: Pool | undefined;
  /** Handles take one call at a time. */
  readonly #turn = new Semaphore(1);
  readonly #stop = new AbortController();
  readonly #unlisten: () => void;

  /**
   * Starts the workers.
   *
   * @param workers How many, from 0 to 64; `undefined` for as many as suit the machine.
   * @param signal Stops the ranges under way.
   */
  constructor(workers: number | undefined, signal: AbortSignal) {
    const processors = defaultWorkers();
    const started = getPool(workers ?? (processors > 1 ? processors : 0)).then((pool) => {
      this.#pool = pool;
    });
    // Who names a number of workers wants them, and waits.
    if (workers !== undefined) this.#starting = started;
    const abort = () => this.#stop.abort(signal.reason);
    this.#unlisten = onAbort(signal, abort);
    if (signal.aborted) abort();
  }

  /** How many ranges to run at once; it grows when the workers have started. */
  get inFlight(): number {
    return this.#pool ? this.#pool.size + 1 : 1;
  }

  /** Cuts slices into ranges, each when it is wanted. */
  async *ranges(slices: number): AsyncGenerator<SliceRange, void> {
    await this.#starting;
    for (let first = 0; first < slices;) {
      const left = slices - first;
      const share = Math.ceil(left / (RANGES_LEFT * this.inFlight));
      const most = this.#pool ? Math.min(WORKER_SLICES, share) : BATCH_SLICES;
      const count = Math.min(left, Math.max(BATCH_SLICES, most));
      yield { first, count };
      first += count;
    }
  }

  /**
   * Runs a range. What a worker fails at, the calling thread does again, where the
   * error shows that there is one.
   *
   * @throws The signal's reason.
   */
  async run(range: SliceRange, { task, local }: RangeWork): Promise<OpenedRange> {
    const { signal } = this.#stop;
    const pool = this.#pool;
    if (pool) {
      const result = await pool.slices(task(range), signal);
      if (result) return result;
      // What it failed at once it would fail at again.
      this.#pool = undefined;
    }
    return await this.#turn.use(1, () => local(range, signal), signal);
  }

  /** Ends it: when this is settled, the calling thread uses the files no more. */
  async close(): Promise<void> {
    this.#unlisten();
    this.#stop.abort();
    await this.#turn.use(1, () => Promise.resolve());
  }
}
