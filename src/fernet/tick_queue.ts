/**
 * Calls of one tick become one batch: `Promise.all(values.map((value) =>
 * fernet.encryptAsync(value)))` is what people write, and the kernel is several times
 * as fast on a batch as on its messages one by one.
 *
 * @module
 */

import { BATCH_BYTES, BATCH_RECORDS, lengthOf } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { Pacer } from "../runtime/schedule.ts";
import type { KeyedBackend } from "./key.ts";

/** Bytes of a message, or characters of a token, that may wait for others. */
export const LONGEST_QUEUED = 65_536;

/** What a call asks for beside its value. */
export interface CallOptions {
  /** Rejects this call alone. */
  readonly signal?: AbortSignal;
  /** Whether a token of that time is accepted. */
  readonly inTime?: (time: bigint) => boolean;
}

/** A call that waits for the tick's end. */
export interface Call<T, R> extends CallOptions {
  /** The message or the token. */
  readonly value: T;
  /** Ends it well. */
  resolve(result: R): void;
  /** Ends it with an error. */
  reject(reason: unknown): void;
}

/** Calls under the same keys, as many as fit a batch. */
interface TickBatch<T, R> {
  /** Copies, which are wiped in the end: the owner may wipe the original meanwhile. */
  readonly keys: readonly KeyedBackend[];
  readonly calls: Call<T, R>[];
  length: number;
}

/**
 * The results of a batch, each by itself: one that throws is the failure of its call
 * alone.
 */
export type BatchWork<T, R> = (
  keys: readonly KeyedBackend[],
  calls: readonly Call<T, R>[],
) => readonly (() => R)[];

/** Calls of one object that wait for the tick's end. */
export class TickQueue<T extends string | Bytes, R> {
  readonly #work: BatchWork<T, R>;
  readonly #wipe: (value: T) => void;
  #batches: TickBatch<T, R>[] = [];

  /**
   * Takes the work on a batch.
   *
   * @param wipe Is called with each value that is not needed any more.
   */
  constructor(work: BatchWork<T, R>, wipe: (value: T) => void = () => {}) {
    this.#work = work;
    this.#wipe = wipe;
  }

  /** Puts a call into the batch of this tick; `value` belongs to the queue from now on. */
  add(
    keys: readonly KeyedBackend[],
    value: T,
    { signal, inTime }: CallOptions,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      const length = lengthOf(value);
      const batch = this.#batchFor(keys, length);
      batch.length += length;
      batch.calls.push({ value, signal, inTime, resolve, reject });
    });
  }

  #batchFor(keys: readonly KeyedBackend[], length: number): TickBatch<T, R> {
    const last = this.#batches.at(-1);
    if (last && last.length + length <= BATCH_BYTES && last.calls.length < BATCH_RECORDS) {
      return last;
    }
    const copies = keys.map(({ key, backend }) => ({ key: key.slice(), backend }));
    const batch = { keys: copies, calls: [], length: 0 };
    this.#batches.push(batch);
    if (!last) queueMicrotask(() => this.#flush());
    return batch;
  }

  async #flush(): Promise<void> {
    const batches = this.#batches;
    this.#batches = [];
    const pacer = new Pacer();
    for (const batch of batches) {
      this.#settle(batch);
      if (batches.length > 1) await pacer.pause();
    }
  }

  #settle({ keys, calls }: TickBatch<T, R>): void {
    const going = calls.filter(({ signal, reject }) => {
      if (signal?.aborted) reject(signal.reason);
      return !signal?.aborted;
    });
    try {
      const results = this.#work(keys, going);
      going.forEach(({ resolve, reject }, index) => {
        try {
          resolve(results[index]());
        } catch (error) {
          reject(error);
        }
      });
    } catch (error) {
      for (const { reject } of going) reject(error);
    } finally {
      for (const { value } of calls) this.#wipe(value);
      for (const { key } of keys) key.fill(0);
    }
  }
}

/** Counts the calls of a tick. */
export class Turns {
  #next = 0;
  readonly #end = () => {
    this.#next = 0;
  };

  /** How many were before. */
  next(): number {
    if (!this.#next) queueMicrotask(this.#end);
    return this.#next++;
  }
}
