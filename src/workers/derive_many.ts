/**
 * The keys of a call for many values: on the pool where that is worth it, else in
 * the calling thread.
 *
 * @module
 */

import type { Hash } from "../backends/backend.ts";
import { derive, type KeyJob } from "../backends/derive.ts";
import type { BackendChoice } from "../backends/select/available.ts";
import { pickKdf } from "../backends/select/kdf.ts";
import { abortable } from "../runtime/schedule.ts";
import { defaultWorkers, getPool, type PoolDeriveOptions } from "./pool.ts";

/**
 * Iterations, those of all keys added up, for which a worker is started unasked:
 * some 0.2 s of work for the kernel, where a start takes 0.03 to 0.11 s.
 */
const WORTH_A_WORKER = 1_000_000;

/** What the keys of a call have in common. */
export interface ManyKeys {
  /** The choice. */
  readonly backend: BackendChoice;
  /** The hash under HMAC. */
  readonly hash: Hash;
  /** The iterations of a key's output block, at most. */
  readonly iterations: number;
  /** How many output blocks the keys have. */
  readonly blocks: number;
  /** The `workers` option, checked. */
  readonly workers: number | undefined;
}

/** Derives every key; jobs are taken in order. */
export async function deriveMany(
  { backend: choice, hash, iterations, blocks, workers }: ManyKeys,
  jobs: Iterable<KeyJob>,
  options: PoolDeriveOptions & { readonly count: number },
): Promise<void> {
  const threads = Math.min(workers ?? worthwhile(iterations * blocks), options.count);
  const backend = await pickKdf(choice, hash, iterations, options.count, threads);
  // A native derivation has threads of the platform's.
  const pool = backend.name === "wasm" && threads > 0
    ? await abortable(() => getPool(threads), options.signal)
    : undefined;
  if (pool) await pool.derive("wasm", jobs, options);
  else await derive(backend, jobs, options);
}

function worthwhile(iterations: number): number {
  const threads = Math.min(defaultWorkers(), Math.floor(iterations / WORTH_A_WORKER));
  return threads > 1 ? threads : 0;
}
