/**
 * The worker pool: batches sealed and opened, and keys derived, off the calling
 * thread and several at a time.
 *
 * ```ts ignore
 * const pool = await getPool(workers); // `checkWorkers(option) ?? defaultWorkers()`
 * const sealed = pool
 *   ? await pool.seal({ backend: "wasm", key, records, heads }, signal)
 *   : await getBackend("wasm").async.seal(key, records, heads, signal);
 * ```
 *
 * Whatever happens to the workers, a job's promise settles as it would in the
 * calling thread: a job whose worker dies goes to another one, and if it fails
 * there or kills one more than it should, the calling thread does it, where the
 * error shows that it has.
 *
 * What a job is given stays the caller's: the pool sends copies, the workers wipe
 * theirs. It must not change until the promise settles.
 *
 * @module
 */

import { type CandidateKey, numbered, type WantedKey } from "../backends/derive.ts";
import { getBackend } from "../backends/select/available.ts";
import type { Batch, Opened } from "../bytes/batch.ts";
import { checkInteger } from "../checks.ts";
import type { OpenedRange } from "../export/sealed/slices/job.ts";
import { onAbort } from "../runtime/abort.ts";
import { onCloudflare, processorCount } from "../runtime/host.ts";
import { Semaphore } from "../runtime/schedule.ts";
import { ATTEMPTS, Crew } from "./crew.ts";
import { GroupDerivation } from "./group_derivation.ts";
import { KeyDesk } from "./key_desk.ts";
import { keyGroups } from "./key_groups.ts";
import type { OpenTask, SealTask, Task, TaskResult, WorkerBackend } from "./messages.ts";

/** The `workers` option's bound. */
const MAX_WORKERS = 64;

/** How keys are derived on the pool. */
export interface PoolKeysOptions {
  /** How many keys are wanted: then all workers end at about the same time. */
  readonly count?: number;
  /** Rejects with its reason at once; the workers stop within a slice. */
  readonly signal?: AbortSignal;
}

/** A range of slices to seal or to open. */
export type SlicesTask = Extract<Task, { readonly type: "sealSlices" | "openSlices" }>;

/** Workers that do the jobs of one call. */
export interface Pool {
  /**
   * How many of its jobs are done at once, at most. More wait for their turn, so
   * keep about one more than that in flight.
   */
  readonly size: number;
  /**
   * Seals a batch, as `AsyncFernetEngine.seal`.
   *
   * @throws The signal's reason, at once; the worker stops within a slice.
   */
  seal(job: SealTask, signal?: AbortSignal): Promise<Batch>;
  /** Opens a batch, as `AsyncFernetEngine.open`. */
  open(job: OpenTask, signal?: AbortSignal): Promise<Opened>;
  /**
   * Has a worker do a range of a file's slices. `undefined` where the calling thread
   * has to do it, whatever the reason: what was done of it may be done again.
   *
   * @throws The signal's reason, at once; the worker stops within a slice.
   */
  slices(task: SlicesTask, signal?: AbortSignal): Promise<OpenedRange | undefined>;
  /**
   * Derives keys, as `keysAt` of the backends. Wanted keys are taken in order, in
   * groups that suit the kernel; the loop looks at them in the calling thread.
   */
  keysAt(
    backend: WorkerBackend,
    wanted: Iterable<WantedKey>,
    options: PoolKeysOptions,
  ): AsyncGenerator<CandidateKey, void>;
}

/** The workers of this thread; exported for the tests, which end some of them. */
export const crew: Crew = new Crew();

/**
 * A pool of so many workers, which all pools of this thread share: they are
 * started when first wanted and stay warm, and an idle one does not keep the
 * process alive. `undefined` where no worker starts, which is found out once.
 */
export async function getPool(workers: number): Promise<Pool | undefined> {
  return workers > 0 && await crew.grow(workers) ? new SharedPool(workers) : undefined;
}

/** How many workers this machine has processors for: 0 on Cloudflare. */
export function defaultWorkers(): number {
  return onCloudflare ? 0 : Math.min(processorCount(), MAX_WORKERS);
}

/**
 * Checks a `workers` option; `undefined` leaves the choice to the call.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not an integer from 0 to 64.
 */
export function checkWorkers(workers: number | undefined): number | undefined {
  return workers === undefined ? undefined : checkInteger(workers, "workers", 0, MAX_WORKERS);
}

class SharedPool implements Pool {
  readonly size: number;
  readonly #turns: Semaphore;

  constructor(size: number) {
    this.size = size;
    this.#turns = new Semaphore(size);
  }

  async seal(job: SealTask, signal?: AbortSignal): Promise<Batch> {
    const { backend, key, records, heads } = job;
    const sealed = await this.#perform({ type: "seal", job }, signal) as Batch | undefined;
    return sealed ?? await getBackend(backend).async.seal(key, records, heads, signal);
  }

  async open(job: OpenTask, signal?: AbortSignal): Promise<Opened> {
    const { backend, key, tokens } = job;
    const opened = await this.#perform({ type: "open", job }, signal) as Opened | undefined;
    return opened ?? await getBackend(backend).async.open(key, tokens, signal);
  }

  async slices(task: SlicesTask, signal?: AbortSignal): Promise<OpenedRange | undefined> {
    return await this.#perform(task, signal) as OpenedRange | undefined;
  }

  async *keysAt(
    backend: WorkerBackend,
    wanted: Iterable<WantedKey>,
    { count, signal }: PoolKeysOptions,
  ): AsyncGenerator<CandidateKey, void> {
    signal?.throwIfAborted();
    const stop = new AbortController();
    const settled = onAbort(signal, () => stop.abort(signal?.reason));
    const desk = new KeyDesk();
    const groups = keyGroups(numbered(wanted), this.size, count);
    const loop = async () => {
      for (const group of groups) {
        const derivation = new GroupDerivation(group, backend, desk, stop.signal);
        await this.#turns.use(1, () => derivation.run(crew), stop.signal);
      }
    };
    const work = Promise.all(Array.from({ length: this.size }, loop));
    work.then(() => desk.close(), (error) => stop.abort(error));
    try {
      yield* desk.candidates(stop.signal);
    } finally {
      // Those who still derive do it for nobody.
      desk.close();
      stop.abort();
      settled();
    }
  }

  /** What a worker made of the task; `undefined` where the calling thread has to do it. */
  #perform(task: Task, signal?: AbortSignal): Promise<TaskResult | undefined> {
    return this.#turns.use(1, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const ending = await crew.run(task, undefined, signal);
        if (ending?.type === "done") return ending.result;
        if (ending?.type !== "died") return undefined;
      }
      return undefined;
    }, signal);
  }
}
