/**
 * The keys of a call for many values: on the pool where that is worth it, else in
 * the calling thread.
 *
 * @module
 */

import type { Hash } from "../backends/backend.ts";
import { blockCount, type CandidateKey, keysAt, type WantedKey } from "../backends/derive.ts";
import type { BackendChoice } from "../backends/select/available.ts";
import { pickKdf } from "../backends/select/kdf.ts";
import { abortable } from "../runtime/schedule.ts";
import { defaultWorkers, getPool } from "./pool.ts";

/**
 * Iterations, those of all keys added up, for which a worker is started unasked:
 * some 0.2 s of work for the kernel, where a start takes 0.03 to 0.11 s.
 */
const WORTH_A_WORKER = 1_000_000;

/** What the keys of a call have in common, and who derives them. */
export interface ManyKeys {
  /** How many keys there are at most. */
  readonly count: number;
  /** The hash under HMAC. */
  readonly hash: Hash;
  /** Bytes of a key. */
  readonly length: number;
  /** The iterations of a key's output block, at most. */
  readonly iterations: number;
  /** The choice. */
  readonly backend?: BackendChoice;
  /** The `workers` option, checked. */
  readonly workers?: number;
  /** Rejects with its reason within one slice. */
  readonly signal?: AbortSignal;
}

/** Derives keys; they are begun in order, and looked at as they come. */
export async function* manyKeysAt(
  wanted: Iterable<WantedKey>,
  { count, hash, length, iterations, backend: choice = "auto", workers, signal }: ManyKeys,
): AsyncGenerator<CandidateKey, void> {
  signal?.throwIfAborted();
  const work = iterations * count * blockCount({ hash, length });
  const threads = Math.min(workers ?? worthwhile(work), count);
  const backend = await pickKdf(choice, hash, iterations, count, threads);
  // A native derivation has threads of the platform's.
  const pool = backend.name === "wasm" && threads > 0
    ? await abortable(() => getPool(threads), signal)
    : undefined;
  if (pool) yield* pool.keysAt("wasm", wanted, { count, signal });
  else yield* keysAt(backend, wanted, { signal });
}

function worthwhile(iterations: number): number {
  const threads = Math.min(defaultWorkers(), Math.floor(iterations / WORTH_A_WORKER));
  return threads > 1 ? threads : 0;
}
