/**
 * One worker of the pool: its start, one task at a time, and its end.
 *
 * @module
 */

import type { Answer, FromWorker, KeyMessage, Task, ToWorker } from "./messages.ts";
import { spawn, type Thread } from "./spawn.ts";
import { copyData } from "./transfer.ts";

/** How long a worker may take to answer for the first time. */
const START_MS = 5_000;

/** How a task ended: as the worker says, or with the worker. */
export type Ending = Answer | { readonly type: "died" };

/** Hears of a key, and says whether it is accepted. It must not reject. */
export type KeyListener = (message: KeyMessage) => Promise<boolean>;

interface Current {
  readonly onKey: KeyListener | undefined;
  end(ending: Ending): void;
}

/** A worker, which is ready for tasks or will be. */
export class PoolWorker {
  /** Is fulfilled when it can be given a task, rejected if it never can. */
  readonly ready: Promise<void>;
  readonly #onEnd: () => void;
  readonly #thread: Thread | undefined;
  #settle: { started(): void; failed(): void } = { started() {}, failed() {} };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #current: Current | undefined;
  #alive = true;

  /**
   * Starts a worker.
   *
   * @param module The kernel, where there is one.
   * @param onEnd Is told once when it is no more, never before this returns.
   */
  constructor(module: WebAssembly.Module | undefined, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.ready = new Promise((resolve, reject) => {
      const failed = () => reject(new Error("Cannot start a worker here"));
      this.#settle = { started: resolve, failed };
    });
    this.ready.catch(() => {});
    this.#thread = spawn({
      onMessage: (message) => this.#receive(message),
      onEnd: () => this.terminate(),
    });
    this.#endAfter(this.#post({ type: "start", module }) ? START_MS : 0);
  }

  /** Whether it is not at its end. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Does a task; the worker must be ready and have none. The task's bytes stay the caller's. */
  run(task: Task, onKey?: KeyListener): Promise<Ending> {
    return new Promise((end) => {
      if (!this.#alive) return end({ type: "died" });
      this.#current = { onKey, end };
      this.#thread?.hold(true);
      if (!this.#post({ type: "task", task: copyData(task) })) this.terminate();
    });
  }

  /** Asks for an early end of the task under way. */
  stop(): void {
    if (this.#current) this.#post({ type: "stop" });
  }

  /** Ends the worker, and with it the task under way. */
  terminate(): void {
    if (!this.#alive) return;
    this.#alive = false;
    clearTimeout(this.#timer);
    this.#thread?.terminate();
    this.#settle.failed();
    this.#onEnd();
    this.#end({ type: "died" });
  }

  #endAfter(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      // This thread may have been busy all the while: then the answer is waiting.
      this.#timer = setTimeout(() => this.terminate());
    }, milliseconds);
  }

  /** A message that cannot be sent is as good as a dead worker. */
  #post(message: ToWorker): boolean {
    if (!this.#thread || !this.#alive) return false;
    try {
      this.#thread.post(message);
      return true;
    } catch {
      return false;
    }
  }

  #receive(message: FromWorker): void {
    if (!this.#alive) return;
    if (message.type === "ready") {
      clearTimeout(this.#timer);
      this.#thread?.hold(false);
      this.#settle.started();
    } else if (message.type === "key") {
      this.#judge(message);
    } else if (this.#current) {
      this.#thread?.hold(false);
      this.#end(message);
    } else {
      // It could not start.
      this.terminate();
    }
  }

  async #judge(message: KeyMessage): Promise<void> {
    const current = this.#current;
    const accepted = await current?.onKey?.(message) ?? true;
    // The worker may have another task by now, whose key this is not about.
    if (current === this.#current) {
      this.#post({ type: "verdict", index: message.index, accepted });
    }
  }

  #end(ending: Ending): void {
    const current = this.#current;
    this.#current = undefined;
    current?.end(ending);
  }
}
