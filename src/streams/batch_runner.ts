/**
 * Seals and opens the batches of a stream: in the calling thread, and on workers
 * when there is enough to do.
 *
 * @module
 */

import { findBackend } from "../backends/select/available.ts";
import { pickAsync, pickSync } from "../backends/select/fernet.ts";
import { type Batch, batchLoad, type Opened } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { onAbort } from "../runtime/abort.ts";
import { checkWorkers, defaultWorkers, getPool, type Pool } from "../workers/pool.ts";

/**
 * Bytes after which workers are started unasked: some 20 ms of work. Until they
 * have started, which takes 30 to 110 ms, the calling thread goes on.
 */
const WORTH_WORKERS = 4 << 20;

/**
 * Gives the key of a batch. It must be a copy: the runner wipes it after the
 * batch, and the owner may wipe the original meanwhile.
 */
export type BatchKeySource = () => KeyedBackend | Promise<KeyedBackend>;

/** How batches are run. */
export interface BatchRunnerOptions {
  /** How many workers, from 0 to 64; `undefined` leaves it to the amount of work. */
  readonly workers: number | undefined;
  /** Rejects the batches under way with its reason. */
  readonly signal: AbortSignal;
}

/** Runs the batches of one stream. */
export class BatchRunner {
  readonly #keys: BatchKeySource;
  readonly #workers: number;
  /** Whether the caller named a number of workers: then they are started at once. */
  readonly #asked: boolean;
  /** Bytes so far. */
  #seen = 0;
  #starting: Promise<void> | undefined;
  #pool: Pool | undefined;
  /** Aborted by the caller's signal and by `close`; some runtimes lack `AbortSignal.any`. */
  readonly #stop = new AbortController();
  readonly #unlisten: () => void;

  /**
   * Makes a runner; no worker is started yet.
   *
   * @throws {TypeError} If `workers` is not a number.
   * @throws {RangeError} If `workers` is not an integer from 0 to 64.
   */
  constructor(keys: BatchKeySource, { workers, signal }: BatchRunnerOptions) {
    this.#keys = keys;
    const asked = checkWorkers(workers);
    const processors = defaultWorkers();
    this.#asked = asked !== undefined;
    this.#workers = asked ?? (processors > 1 ? processors : 0);
    const abort = () => this.#stop.abort(signal.reason);
    this.#unlisten = onAbort(signal, abort);
    if (signal.aborted) abort();
  }

  /** How many batches to run at once; it grows when the workers have started. */
  get inFlight(): number {
    // One more waits for its turn, so that no worker waits for this thread.
    return this.#pool ? this.#pool.size + 1 : 1;
  }

  /** Seals a batch of records; the result is the caller's own. */
  async seal(records: Batch, heads: Bytes): Promise<Batch> {
    const { key, backend } = await this.#keys();
    try {
      const pool = await this.#poolFor(backend, records);
      if (!pool) {
        const { async } = pickAsync(backend, batchLoad(records));
        return await async.seal(key, records, heads, this.#stop.signal);
      }
      const name = pickForWorkers(backend, records);
      return await pool.seal({ backend: name, key, records, heads }, this.#stop.signal);
    } finally {
      key.fill(0);
    }
  }

  /** Opens a batch of tokens; the result is the caller's own. */
  async open(tokens: Batch): Promise<Opened> {
    const { key, backend } = await this.#keys();
    try {
      const pool = await this.#poolFor(backend, tokens);
      if (!pool) {
        const { async } = pickAsync(backend, batchLoad(tokens));
        return await async.open(key, tokens, this.#stop.signal);
      }
      const name = pickForWorkers(backend, tokens);
      return await pool.open({ backend: name, key, tokens }, this.#stop.signal);
    } finally {
      key.fill(0);
    }
  }

  /** Ends it: batches under way are dropped. */
  close(): void {
    this.#unlisten();
    this.#stop.abort();
  }

  /** The workers, where they have started and can do such a batch. */
  async #poolFor(backend: KeyedBackend["backend"], batch: Batch): Promise<Pool | undefined> {
    if (!this.#workers || !workersHave(backend)) return undefined;
    this.#seen += batch.bytes.length;
    if (!this.#asked && this.#seen < WORTH_WORKERS) return undefined;
    this.#starting ??= getPool(this.#workers).then((pool) => {
      this.#pool = pool;
    });
    if (this.#asked) await this.#starting;
    return this.#pool;
  }
}

/** Workers have the kernel and node:crypto, and nothing else. */
function workersHave(backend: KeyedBackend["backend"]): boolean {
  if (backend !== "auto") return backend === "wasm" || backend === "node";
  return Boolean(findBackend("wasm") ?? findBackend("node"));
}

/** The workers' backend for a batch, where {@linkcode workersHave} one. */
function pickForWorkers(backend: KeyedBackend["backend"], batch: Batch): "wasm" | "node" {
  return pickSync(backend, batchLoad(batch)).name === "node" ? "node" : "wasm";
}
