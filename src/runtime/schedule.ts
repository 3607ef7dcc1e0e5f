/**
 * Long work in slices: written once as a generator that stops where it may be
 * interrupted, and run either to its end or with pauses for the event loop.
 *
 * @module
 */

import { onAbort } from "./abort.ts";

/** How long the event loop may wait for a slice, in milliseconds. */
const BUDGET_MS = 10;

declare const setImmediate: ((callback: () => void) => unknown) | undefined;

/**
 * Lets the event loop turn once. `setTimeout(0)` would do, but costs more than
 * a millisecond a time.
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    // workerd has it from a compatibility date of 2025 on.
    if (typeof MessageChannel === "undefined") {
      setTimeout(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Pauses, but only when the time budget of a slice is used up. */
export class Pacer {
  #since = performance.now();

  /** Lets the event loop turn where it is due. */
  async pause(): Promise<void> {
    if (performance.now() - this.#since < BUDGET_MS) return;
    await turn();
    this.#since = performance.now();
  }
}

/** Work that stops between slices, or for a promise that it needs settled. */
export type Sliced<T> = Generator<Promise<void> | void, T, void>;

/** Does all of it at once; it must need no promise. */
export function runSync<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (step.value) throw new Error("unreachable: synchronous work that needs a promise");
  }
}

/**
 * Does it with pauses for the event loop. After an abort its `finally` blocks
 * are run.
 *
 * @throws The signal's reason, within one slice of the abort.
 */
export async function runAsync<T>(work: Sliced<T>, signal?: AbortSignal): Promise<T> {
  const pacer = new Pacer();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const step = work.next();
      if (step.done) return step.value;
      if (step.value) await step.value;
      await pacer.pause();
    }
  } finally {
    work.return(undefined as T);
  }
}

/**
 * Settles as `start` does, or rejects with the signal's reason at once: for
 * native work that cannot be stopped, whose result is then dropped.
 */
export async function abortable<T>(start: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await start();
  signal.throwIfAborted();
  let settled = () => {};
  const aborted = new Promise<never>((_, reject) => {
    settled = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([start(), aborted]);
  } finally {
    settled();
  }
}

interface Waiting {
  readonly count: number;
  go(): void;
}

/** Permits that asynchronous work waits for, first come, first served. */
export class Semaphore {
  #free: number;
  #waiting: Waiting[] = [];

  /** Starts with `permits` free. */
  constructor(permits: number) {
    this.#free = permits;
  }

  /**
   * Waits for `count` permits, does the work and gives them back.
   *
   * @throws The signal's reason, if it is aborted while this waits.
   */
  async use<T>(count: number, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const release = await this.acquire(count, signal);
    try {
      return await work();
    } finally {
      release();
    }
  }

  /**
   * Waits for `count` permits.
   *
   * @returns What gives them back.
   * @throws The signal's reason, if it is aborted while this waits.
   */
  async acquire(count: number, signal?: AbortSignal): Promise<() => void> {
    let go = () => {};
    const admitted = new Promise<void>((resolve) => go = resolve);
    const waiting = { count, go };
    this.#waiting.push(waiting);
    this.#admit();
    try {
      await abortable(() => admitted, signal);
    } catch (reason) {
      if (this.#waiting.includes(waiting)) {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
      } else {
        this.#free += count;
      }
      this.#admit();
      throw reason;
    }
    return () => {
      this.#free += count;
      this.#admit();
    };
  }

  #admit(): void {
    while (this.#waiting.length && this.#free >= this.#waiting[0].count) {
      const { count, go } = this.#waiting.shift()!;
      this.#free -= count;
      go();
    }
  }
}
