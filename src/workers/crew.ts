/**
 * The workers of this thread: started when they are wanted, kept warm, and
 * replaced when they die.
 *
 * @module
 */

import { findBackend } from "../backends/select/available.ts";
import { kernelModule } from "../kernel/load.ts";
import { onAbort } from "../runtime/abort.ts";
import { abortable } from "../runtime/schedule.ts";
import type { Task } from "./messages.ts";
import { type Ending, type KeyListener, PoolWorker } from "./worker.ts";

/** A job whose workers die is done by the calling thread after so many of them. */
export const ATTEMPTS = 3;

/** Where workers have started before, one that does not is tried again after a while. */
const RETRY_MS = 60_000;

type Taker = (worker: PoolWorker | undefined) => void;

/** Workers, each of which does one task at a time. */
export class Crew {
  /** All that are alive, the starting ones among them. */
  readonly workers: Set<PoolWorker> = new Set();
  #idle: PoolWorker[] = [];
  #waiting: Taker[] = [];
  #wanted = 0;
  #starting = 0;
  /** More than so many could not be started, so no more are tried before that time. */
  #most = Infinity;
  #retryAt = Infinity;
  #proven = false;

  /** Starts workers until there are so many, and says whether there is one. */
  async grow(count: number): Promise<boolean> {
    this.#wanted = Math.max(this.#wanted, count);
    if (this.#proven && performance.now() >= this.#retryAt) this.#most = Infinity;
    while (this.workers.size < Math.min(count, this.#most)) this.#start();
    const ready = [...this.workers].map((worker) => worker.ready);
    return await Promise.any(ready).then(() => true, () => false);
  }

  /**
   * Has a worker do the task; `undefined` where there are no workers. After an
   * abort the worker is asked to stop, and serves others when it has.
   *
   * @throws The signal's reason, at once.
   */
  async run(task: Task, onKey?: KeyListener, signal?: AbortSignal): Promise<Ending | undefined> {
    const worker = await this.#take(signal);
    if (!worker) return undefined;
    if (signal?.aborted) {
      this.#put(worker);
      throw signal.reason;
    }
    const settled = onAbort(signal, () => worker.stop());
    const work = worker.run(task, onKey).finally(() => {
      settled();
      this.#put(worker);
    });
    return await abortable(() => work, signal);
  }

  /** Replaces those that have died, as far as somebody waits for a worker. */
  #replace(): void {
    const limit = Math.min(this.#wanted, this.#most);
    while (this.#starting < this.#waiting.length && this.workers.size < limit) this.#start();
    if (!this.workers.size) this.#waiting.splice(0).forEach((take) => take(undefined));
  }

  #start(): void {
    const module = findBackend("wasm") && kernelModule();
    let ready = false;
    this.#starting++;
    const worker = new PoolWorker(module, () => {
      this.workers.delete(worker);
      this.#idle = this.#idle.filter((other) => other !== worker);
      if (!ready) {
        this.#starting--;
        this.#most = Math.min(this.#most, this.workers.size);
        this.#retryAt = performance.now() + RETRY_MS;
      }
      this.#replace();
    });
    this.workers.add(worker);
    worker.ready.then(() => {
      this.#proven = ready = true;
      this.#starting--;
      this.#put(worker);
    }, () => {});
  }

  #put(worker: PoolWorker): void {
    if (!worker.alive) return;
    const take = this.#waiting.shift();
    if (take) take(worker);
    else this.#idle.push(worker);
  }

  async #take(signal?: AbortSignal): Promise<PoolWorker | undefined> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    let take: Taker = () => {};
    const taken = new Promise<PoolWorker | undefined>((resolve) => take = resolve);
    this.#waiting.push(take);
    this.#replace();
    try {
      return await abortable(() => taken, signal);
    } catch (reason) {
      if (this.#waiting.includes(take)) {
        this.#waiting = this.#waiting.filter((other) => other !== take);
      } else {
        taken.then((worker) => worker && this.#put(worker));
      }
      throw reason;
    }
  }
}
