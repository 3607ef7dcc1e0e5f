/**
 * Values under a passphrase, whatever the format: a salt of their own each, and
 * so one PBKDF2-HMAC-SHA256 each.
 *
 * @module
 */

import type { KdfRequest } from "../backends/backend.ts";
import { derive, deriveSync, type KeyJob } from "../backends/derive.ts";
import { type BackendChoice, checkBackend } from "../backends/select/available.ts";
import { pickKdf, pickKdfSync } from "../backends/select/kdf.ts";
import { checkIterations, checkOnProgress, checkSignal, secretBytes } from "../checks.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { InvalidTokenError } from "../errors.ts";
import { deriveMany } from "../workers/derive_many.ts";
import { checkWorkers } from "../workers/pool.ts";

/** The iterations that Flet writes from v0.27.5 on, and so do we. */
export const FLET_ITERATIONS = 600_000;
/** The iterations that Flet wrote up to v0.27.4. */
const OLD_FLET_ITERATIONS = 100_000;
/** Bytes of the salt in both of Flet's formats. */
export const SALT = 16;

const KEY = 32;
const MAX_COSTS = 4;

/** Options of the synchronous calls that encrypt under a passphrase. */
export interface PassphraseEncryptSyncOptions {
  /**
   * PBKDF2 iterations to write. The format does not record them: who chooses
   * another number has to remember it.
   *
   * @default {600_000}
   */
  iterations?: number;
  /**
   * The backend: `"auto"` takes the one that is fastest on this machine.
   *
   * @default {"auto"}
   */
  backend?: BackendChoice;
}

/** Options of the synchronous calls that decrypt under a passphrase. */
export interface PassphraseDecryptSyncOptions {
  /**
   * PBKDF2 iterations that the value may have been written with: a number, or
   * up to four, which are tried in ascending order.
   *
   * @default {[100_000, 600_000]}
   */
  iterations?: number | readonly number[];
  /**
   * The backend: `"auto"` takes the one that is fastest on this machine.
   *
   * @default {"auto"}
   */
  backend?: BackendChoice;
}

/** What every asynchronous call under a passphrase takes. */
export interface PassphraseAsyncOptions {
  /**
   * Rejects the call with its reason when it is aborted: within one slice where
   * the backend works in slices, at once where it is native.
   */
  signal?: AbortSignal;
  /**
   * Is told how much is done. A native backend reports only ends.
   *
   * @param done Iterations in a call for one value, values in a call for many.
   * @param total How many there are at most.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** What every asynchronous call for many values under a passphrase takes. */
export interface PassphraseManyOptions {
  /**
   * How many worker threads derive the keys, an integer from 0 to 64; with 0 the
   * calling thread does, in slices. Workers are started when first wanted and
   * stay for the next call; where none can be started the calling thread does
   * their work. Only the kernel (`"wasm"`) has use for them: a native backend has
   * threads of the platform's, and `"portable"` stays in the calling thread.
   *
   * @default {as many as there are processors, if the values are enough to keep them busy}
   */
  workers?: number;
}

/** Options of the asynchronous calls that encrypt under a passphrase. */
export interface PassphraseEncryptOptions
  extends PassphraseEncryptSyncOptions, PassphraseAsyncOptions {}

/** Options of the asynchronous calls that decrypt under a passphrase. */
export interface PassphraseDecryptOptions
  extends PassphraseDecryptSyncOptions, PassphraseAsyncOptions {}

/** Options of the calls that encrypt many values under a passphrase. */
export interface PassphraseEncryptManyOptions
  extends PassphraseEncryptOptions, PassphraseManyOptions {}

/** Options of the calls that decrypt many values under a passphrase. */
export interface PassphraseDecryptManyOptions
  extends PassphraseDecryptOptions, PassphraseManyOptions {}

/**
 * Checks the iterations to read and puts them in ascending order, `also` among
 * them.
 *
 * @throws {TypeError} If one is not a number.
 * @throws {RangeError} If there are none or more than four, or one is not an
 * integer from 1 to 2^32-1.
 */
export function readableCosts(
  iterations: number | readonly number[] = [OLD_FLET_ITERATIONS, FLET_ITERATIONS],
  ...also: number[]
): number[] {
  const costs = Array.isArray(iterations) ? iterations : [iterations];
  if (costs.length < 1 || costs.length > MAX_COSTS) {
    throw new RangeError(
      `Cannot use iterations: expected a number or up to ${MAX_COSTS}, got ${costs.length}`,
    );
  }
  return [...new Set([...costs, ...also].map(checkIterations))].sort((a, b) => a - b);
}

/** What a key is for: it seals or opens one value. */
export abstract class ValueJob implements KeyJob {
  /** The password is shared by all jobs of a call; the salt is this value's. */
  readonly request: KdfRequest;
  /** Iteration counts to try. */
  readonly costs: readonly number[];
  /** How many iterations the key took that served. */
  iterations: number | undefined;
  /** Is told when no key has served. */
  onFailure?: () => void;

  /** A key of this password and salt. */
  constructor(password: Bytes, salt: Bytes, costs: readonly number[]) {
    this.request = { hash: "SHA-256", length: KEY, password, salt };
    this.costs = costs;
  }

  /** Whether the key serves. */
  protected abstract use(key: Bytes): boolean | Promise<boolean>;

  /** @inheritdoc */
  accept(key: Bytes, iterations: number): boolean | Promise<boolean> {
    const noted = (serves: boolean) => {
      if (serves) this.iterations = iterations;
      else if (iterations === this.costs.at(-1)) this.onFailure?.();
      return serves;
    };
    const serves = this.use(key);
    return typeof serves === "boolean" ? noted(serves) : serves.then(noted);
  }
}

/** The passphrase's bytes and the backend, checked. */
export interface PassphraseCall {
  /** UTF-8 of the passphrase; wiped when the call ends. */
  readonly password: Bytes;
  /** The choice. */
  readonly backend: BackendChoice;
}

/**
 * Runs a call in the calling thread: makes its jobs and does them.
 *
 * @throws {InvalidTokenError} If no key served one of the jobs.
 */
export function callSync<Job extends ValueJob>(
  secretKey: string | Uint8Array,
  options: { backend?: BackendChoice },
  makeJobs: (call: PassphraseCall) => Job[],
): Job[] {
  const call = checkCall(secretKey, options);
  try {
    const jobs = makeJobs(call);
    if (jobs.length) {
      const backend = pickKdfSync(call.backend, "SHA-256", greatestCost(jobs));
      deriveSync(backend, untilOneFails(jobs));
    }
    return served(jobs, false);
  } finally {
    call.password.fill(0);
  }
}

/**
 * Runs a call with pauses for the event loop, or off the thread.
 *
 * @param count Whether the call is for one value or for many: it is what
 * progress is told in, whether an error says which one is bad, and whether the
 * call may have workers.
 * @throws {InvalidTokenError} If no key served one of the jobs.
 */
export async function callAsync<Job extends ValueJob>(
  secretKey: string | Uint8Array,
  options: { backend?: BackendChoice } & PassphraseAsyncOptions & PassphraseManyOptions,
  count: "one" | "many",
  makeJobs: (call: PassphraseCall) => Job[],
): Promise<Job[]> {
  const workers = checkWorkers(options.workers);
  const call = checkCall(secretKey, options);
  try {
    const jobs = makeJobs(call);
    if (jobs.length) {
      options.signal?.throwIfAborted();
      if (count === "one") await deriveOne(call, jobs, options);
      else await deriveAll({ ...call, workers }, jobs, options);
    }
    return served(jobs, count === "many");
  } finally {
    call.password.fill(0);
  }
}

async function deriveOne(
  { backend: choice }: PassphraseCall,
  jobs: readonly ValueJob[],
  { signal, onProgress }: PassphraseAsyncOptions,
): Promise<void> {
  const [{ costs }] = jobs;
  const backend = await pickKdf(choice, "SHA-256", greatestCost(jobs), jobs.length);
  let done = 0;
  // A native backend begins anew for each cost.
  const total = costs.reduce((sum, cost) => backend.kdf.native ? sum + cost : cost, 0);
  const onIterations = (iterations: number) => onProgress?.(done += iterations, total);
  await derive(backend, jobs, { signal, onIterations });
}

async function deriveAll(
  { backend, workers }: PassphraseCall & { workers: number | undefined },
  jobs: readonly ValueJob[],
  { signal, onProgress }: PassphraseAsyncOptions,
): Promise<void> {
  const count = jobs.length;
  const keys = { backend, workers, hash: "SHA-256", iterations: greatestCost(jobs) } as const;
  let done = 0;
  const onJob = () => onProgress?.(++done, count);
  await deriveMany({ ...keys, blocks: count }, untilOneFails(jobs), { signal, count, onJob });
}

function checkCall(
  secretKey: string | Uint8Array,
  { backend, signal, onProgress }: { backend?: BackendChoice } & PassphraseAsyncOptions,
): PassphraseCall {
  checkSignal(signal);
  checkOnProgress(onProgress);
  return {
    backend: checkBackend(backend),
    password: secretBytes(secretKey, "the secret key"),
  };
}

function greatestCost(jobs: readonly ValueJob[]): number {
  return Math.max(...jobs[0].costs);
}

/** Jobs in order; after one that no key served no more are begun. */
function* untilOneFails(jobs: readonly ValueJob[]): Generator<ValueJob> {
  let failed = false;
  for (const job of jobs) {
    if (failed) return;
    job.onFailure = () => failed = true;
    yield job;
  }
}

function served<Job extends ValueJob>(jobs: Job[], indexed: boolean): Job[] {
  const index = jobs.findIndex(({ iterations }) => iterations === undefined);
  if (index >= 0) throw new InvalidTokenError(indexed ? { index } : {});
  return jobs;
}
