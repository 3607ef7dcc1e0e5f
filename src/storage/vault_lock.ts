/**
 * When a vault locks by itself, and how tabs lock together.
 *
 * @module
 */

import { builtinModule, hostGlobal } from "../runtime/host.ts";

interface Channel {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

interface Page {
  readonly visibilityState: string;
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

const LOCK = "lock";

/**
 * Watches how long a vault was not used. Timers stand still in a sleeping laptop
 * and are rare in hidden tabs, so the clocks are asked at every use too: the one
 * that went further counts, for the wall clock can be put back, and the other one
 * may stop in sleep.
 */
export class IdleLock {
  readonly #after: number;
  readonly #lock: () => void;
  readonly #page: Page | undefined = hostGlobal<Page>("document");
  #wall = Date.now();
  #monotonic = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to watch; `after` is in milliseconds. */
  constructor(after: number, lock: () => void) {
    this.#after = after;
    this.#lock = lock;
    if (after === Infinity) return;
    this.#page?.addEventListener("visibilitychange", this.#look);
    this.#wait();
  }

  /** Whether it is too late; if it is not, the time begins anew. */
  use(): boolean {
    if (this.#left() <= 0) return false;
    this.#wall = Date.now();
    this.#monotonic = performance.now();
    return true;
  }

  /** Ends the watch. */
  end(): void {
    clearTimeout(this.#timer);
    this.#page?.removeEventListener("visibilitychange", this.#look);
  }

  readonly #look = (): void => {
    if (this.#left() <= 0) this.#lock();
    else this.#wait();
  };

  #left(): number {
    const passed = Math.max(Date.now() - this.#wall, performance.now() - this.#monotonic);
    return this.#after - passed;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    // A longer wait would be no wait at all.
    this.#timer = setTimeout(this.#look, Math.min(this.#left() + 1, 2 ** 31 - 1));
    // A program is not to wait for its vault to lock.
    (this.#timer as { unref?(): void }).unref?.();
  }
}

/** Locks the vaults of one id in all tabs of a browser. */
export class TabLock {
  readonly #channel: Channel | undefined;

  /** Listens to the other tabs. */
  constructor(id: string, lock: () => void) {
    const Channel = hostGlobal<new (name: string) => Channel>("BroadcastChannel");
    // In programs an open channel would keep the process alive, and there are no tabs.
    if (!Channel || builtinModule("node:process")) return;
    this.#channel = new Channel(`ironfern.${id}`);
    this.#channel.onmessage = ({ data }) => {
      if (data === LOCK) lock();
    };
  }

  /** Tells the other tabs to lock, if there are some, and ends. */
  end(tell: boolean): void {
    if (tell) this.#channel?.postMessage(LOCK);
    this.#channel?.close();
  }
}
