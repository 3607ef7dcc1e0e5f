/**
 * PBKDF2 over many keys on any backend: in slices where the backend has them,
 * natively where it has not.
 *
 * @module
 */

import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { abortable, runAsync, runSync, Semaphore, type Sliced } from "../runtime/schedule.ts";
import {
  type Backend,
  DIGEST_LENGTH,
  type KdfBlock,
  type KdfRequest,
  type NativeKdf,
  type SlicedKdf,
} from "./backend.ts";

/**
 * V8 compiles a kernel well between its calls, never within one: 1,000
 * iterations a call reach full speed eight times sooner than one long call.
 */
const SLICE_ITERATIONS = 1_000;
/** Native derivations in flight: more would only queue in the platform. */
const IN_FLIGHT = 16;

/** A key to derive, which may be looked at on the way. */
export interface KeyJob {
  /** The password, salt, hash and length. */
  readonly request: KdfRequest;
  /**
   * Iteration counts, ascending, at which the key is wanted. More than one may
   * be asked for only of a key that fits one digest.
   */
  readonly costs: readonly number[];
  /**
   * Is shown each of those keys, which is wiped afterwards; `true` ends the
   * job. A promise of it is for asynchronous calls.
   */
  accept(key: Bytes, iterations: number): boolean | Promise<boolean>;
}

/** How asynchronous derivations are followed and stopped. */
export interface DeriveOptions {
  /** Rejects with its reason within one slice. */
  readonly signal?: AbortSignal;
  /** Is told of iterations, as they are done. */
  readonly onIterations?: (count: number) => void;
  /** Is told of each job's end. */
  readonly onJob?: () => void;
}

/** How many output blocks of PBKDF2 the key has. */
export function blockCount({ hash, length }: KdfRequest): number {
  return Math.ceil(length / DIGEST_LENGTH[hash]);
}

/** Derives every key in the calling thread, in order. */
export function deriveSync(backend: Backend, jobs: Iterable<KeyJob>): void {
  const { sliced, native } = backend.kdf;
  if (sliced) return runSync(slicedWork(sliced, jobs, {}));
  const deriveSync = native.deriveSync;
  if (!deriveSync) throw new Error("unreachable: a backend with promises only");
  for (const job of jobs) {
    for (const cost of job.costs) {
      const key = deriveSync(job.request, cost);
      try {
        if (job.accept(key, cost)) break;
      } finally {
        key.fill(0);
      }
    }
  }
}

/**
 * Derives every key with pauses for the event loop, or off the thread. Jobs are
 * taken in order, each when there is room for it.
 */
export async function derive(
  backend: Backend,
  jobs: Iterable<KeyJob>,
  options: DeriveOptions,
): Promise<void> {
  const { sliced, native } = backend.kdf;
  if (native) {
    await Promise.all(nativeLoops(native, jobs[Symbol.iterator](), options));
    return;
  }
  await asyncSlots(sliced).use(
    sliced.lanes,
    () => runAsync(slicedWork(sliced, jobs, options), options.signal),
    options.signal,
  );
}

/** The slots that asynchronous derivations share; synchronous ones keep a share. */
const semaphores = new WeakMap<SlicedKdf, Semaphore>();

function asyncSlots(kdf: SlicedKdf): Semaphore {
  const known = semaphores.get(kdf) ?? new Semaphore(kdf.slots - kdf.lanes);
  semaphores.set(kdf, known);
  return known;
}

interface Lane {
  readonly block: KdfBlock;
  readonly job: BlockJob;
  done: number;
}

/** One output block of a key. */
interface BlockJob {
  readonly request: KdfRequest;
  readonly index: number;
  /** The costs that are still to come. */
  readonly costs: number[];
  show(output: Bytes, iterations: number): boolean | Promise<boolean>;
}

function* slicedWork(
  kdf: SlicedKdf,
  jobs: Iterable<KeyJob>,
  { onIterations, onJob }: DeriveOptions,
): Sliced<void> {
  const waiting = blockJobs(jobs, onJob);
  const lanes: Lane[] = [];
  try {
    for (;;) {
      while (lanes.length < kdf.lanes) {
        const { value: job, done } = waiting.next();
        if (done) break;
        lanes.push({ block: kdf.start(job.request, job.index), job, done: 1 });
        onIterations?.(1);
      }
      if (!lanes.length) return;
      const step = lanes.reduce(
        (least, { job, done }) => Math.min(least, job.costs[0] - done),
        SLICE_ITERATIONS,
      );
      if (step > 0) {
        kdf.run(lanes.map(({ block }) => block), step);
        for (const lane of lanes) lane.done += step;
        onIterations?.(step * lanes.length);
      }
      for (const lane of lanes.filter(({ job, done }) => done === job.costs[0])) {
        if (yield* endsHere(lane)) {
          lane.block.free();
          lanes.splice(lanes.indexOf(lane), 1);
        }
      }
      yield;
    }
  } finally {
    for (const { block } of lanes) block.free();
  }
}

/** Shows the block at the cost that it has come to. */
function* endsHere({ block, job, done }: Lane): Sliced<boolean> {
  job.costs.shift();
  const verdict = job.show(block.output(), done);
  let accepted = verdict === true;
  if (typeof verdict !== "boolean") {
    yield verdict.then((settled) => {
      accepted = settled;
    });
  }
  return accepted || job.costs.length === 0;
}

/** Every output block is a job of its own; the last to end completes the key. */
function* blockJobs(
  jobs: Iterable<KeyJob>,
  onJob: (() => void) | undefined,
): Generator<BlockJob, undefined> {
  for (const job of jobs) {
    const { request, costs } = job;
    const count = blockCount(request);
    if (count > 1 && costs.length > 1) throw new Error("unreachable: a long key of many costs");
    const parts: Bytes[] = [];
    let missing = count;
    const show = (iterations: number) => {
      const whole = concatBytes(parts);
      parts.forEach((part) => part.fill(0));
      const concluded = (accepted: boolean) => {
        whole.fill(0);
        if (accepted || iterations === costs.at(-1)) onJob?.();
        return accepted;
      };
      const verdict = job.accept(whole.subarray(0, request.length), iterations);
      return typeof verdict === "boolean" ? concluded(verdict) : verdict.then(concluded);
    };
    for (let part = 0; part < count; part++) {
      yield {
        request,
        index: part + 1,
        costs: [...costs],
        show(output, iterations) {
          parts[part] = output;
          return count > 1 && --missing > 0 || show(iterations);
        },
      };
    }
  }
  return undefined;
}

/** A few loops that share the jobs among them; when one fails, all stop. */
function nativeLoops(
  native: NativeKdf,
  jobs: Iterator<KeyJob>,
  options: DeriveOptions,
): Promise<void>[] {
  let failed = false;
  return Array.from({ length: IN_FLIGHT }, async () => {
    try {
      for (let next = jobs.next(); !next.done && !failed; next = jobs.next()) {
        await nativeJob(native, next.value, options, () => failed);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  });
}

/** `failed` says whether another job has: then this one's end is nobody's concern. */
async function nativeJob(
  native: NativeKdf,
  job: KeyJob,
  options: DeriveOptions,
  failed: () => boolean,
): Promise<void> {
  for (const cost of job.costs) {
    const key = await abortable(() => native.derive(job.request, cost), options.signal);
    try {
      if (failed()) return;
      const accepted = await job.accept(key, cost);
      if (failed()) return;
      options.onIterations?.(cost * blockCount(job.request));
      if (accepted) break;
    } finally {
      key.fill(0);
    }
  }
  options.onJob?.();
}
