/**
 * Who seals and opens the batches of a stream: the calling thread, and workers
 * when there is enough to do.
 *
 * @module
 */

import { pickSync } from "../backends/select/fernet.ts";
import { type Batch, batchLoad, type Opened } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { openBatch } from "../fernet/open.ts";
import { sealBatch } from "../fernet/seal.ts";
import type { WorkerBackend } from "../workers/messages.ts";
import { checkWorkers, defaultWorkers, getPool, type Pool } from "../workers/pool.ts";

/**
 * Bytes after which workers are started unasked: some 20 ms of work. Until they
 * have started, which takes 30 to 110 ms, the calling thread goes on.
 */
const WORTH_WORKERS = 4 << 20;

/** Fernet over batches under one key. */
export interface TokenWork {
  /** How many batches are worked on at once with profit; it may grow. */
  readonly inFlight: number;
  /** Seals a batch of records; the result is the caller's own. */
  seal(records: Batch, heads: Bytes): Promise<Batch>;
  /** Opens a batch of tokens; the result is the caller's own. */
  open(tokens: Batch): Promise<Opened>;
  /** Ends it: what is still worked on is dropped. */
  close(): void;
}

/** How the work is done. */
export interface TokenWorkOptions {
  /** How many workers, from 0 to 64; `undefined` leaves it to the work. */
  readonly workers: number | undefined;
  /** Rejects what is worked on with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Who does the work.
 *
 * @param keyed Is asked for the key of every batch, which may throw.
 * @throws {TypeError} If `workers` is not a number.
 * @throws {RangeError} If it is not an integer from 0 to 64.
 */
export function tokenWork(keyed: () => KeyedBackend, options: TokenWorkOptions): TokenWork {
  return new SharedWork(keyed, options);
}

/** A batch goes to a worker where there is one for its backend. */
class SharedWork implements TokenWork {
  readonly #keyed: () => KeyedBackend;
  readonly #workers: number;
  readonly #asked: boolean;
  /** Bytes so far. */
  #seen = 0;
  #starting: Promise<void> | undefined;
  #pool: Pool | undefined;
  readonly #closed = new AbortController();
  readonly #signal: AbortSignal;

  constructor(keyed: () => KeyedBackend, { workers, signal }: TokenWorkOptions) {
    this.#keyed = keyed;
    const asked = checkWorkers(workers);
    const processors = defaultWorkers();
    this.#asked = asked !== undefined;
    this.#workers = asked ?? (processors > 1 ? processors : 0);
    const closed = this.#closed.signal;
    this.#signal = signal ? AbortSignal.any([signal, closed]) : closed;
  }

  get inFlight(): number {
    // One more waits for its turn, so that no worker waits for this thread.
    return this.#pool ? this.#pool.size + 1 : 1;
  }

  seal(records: Batch, heads: Bytes): Promise<Batch> {
    return this.#perform(
      records,
      (pool, job) => pool.seal({ ...job, records, heads }, this.#signal),
      (keyed) => sealBatch(keyed, records, heads, this.#signal),
    );
  }

  open(tokens: Batch): Promise<Opened> {
    return this.#perform(
      tokens,
      (pool, job) => pool.open({ ...job, tokens }, this.#signal),
      (keyed) => openBatch(keyed, tokens, this.#signal),
    );
  }

  close(): void {
    this.#closed.abort();
  }

  async #perform<T>(
    batch: Batch,
    there: (pool: Pool, job: { backend: WorkerBackend; key: Bytes }) => Promise<T>,
    here: (keyed: KeyedBackend) => Promise<T>,
  ): Promise<T> {
    const { key, backend } = this.#keyed();
    // It may be wiped while the batch waits, and zeros must not become a key.
    const copy = key.slice();
    try {
      const chosen = workerBackend(backend, batch);
      const pool = chosen && await this.#poolFor(batch.bytes.length);
      return pool && chosen
        ? await there(pool, { backend: chosen, key: copy })
        : await here({ key: copy, backend });
    } finally {
      copy.fill(0);
    }
  }

  async #poolFor(length: number): Promise<Pool | undefined> {
    if (!this.#workers) return undefined;
    this.#seen += length;
    if (!this.#asked && this.#seen < WORTH_WORKERS) return undefined;
    this.#starting ??= getPool(this.#workers).then((pool) => {
      this.#pool = pool;
    });
    if (this.#asked) await this.#starting;
    return this.#pool;
  }
}

/** The backend of a worker for such a batch, where there is one. */
function workerBackend(
  choice: KeyedBackend["backend"],
  batch: Batch,
): WorkerBackend | undefined {
  if (choice === "webcrypto" || choice === "portable") return undefined;
  const { name } = pickSync(choice, batchLoad(batch));
  return name === "wasm" || name === "node" ? name : undefined;
}
