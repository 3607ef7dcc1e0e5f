/**
 * Where keys from several workers are looked at, one after the other.
 *
 * @module
 */

import type { CandidateKey } from "../backends/derive.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { abortable } from "../runtime/schedule.ts";

interface Waiting {
  readonly candidate: CandidateKey;
  /** Tells the one who brought it that it was looked at. */
  done(): void;
}

/** Several bring keys, one loop looks at them. */
export class KeyDesk {
  #waiting: Waiting[] = [];
  #closed = false;
  #wake = () => {};

  /**
   * Has the loop look at a key, which is wiped then.
   *
   * @returns Whether the key was accepted; never, once the desk is closed.
   */
  async show(key: Bytes, about: Omit<CandidateKey, "key" | "accepted">): Promise<boolean> {
    const candidate = { ...about, key, accepted: false };
    try {
      if (this.#closed) return false;
      await new Promise<void>((done) => {
        this.#waiting.push({ candidate, done });
        this.#wake();
      });
      return candidate.accepted;
    } finally {
      key.fill(0);
    }
  }

  /** No more keys come, and those that wait are sent away. */
  close(): void {
    this.#closed = true;
    for (const { done } of this.#waiting.splice(0)) done();
    this.#wake();
  }

  /**
   * The keys in the order in which they come, until the desk is closed.
   *
   * @throws The signal's reason, at once.
   */
  async *candidates(signal: AbortSignal): AsyncGenerator<CandidateKey, void> {
    for (;;) {
      signal.throwIfAborted();
      const next = this.#waiting.shift();
      if (next) {
        try {
          yield next.candidate;
        } finally {
          next.done();
        }
      } else {
        if (this.#closed) return;
        await abortable(() => new Promise<void>((wake) => this.#wake = wake), signal);
      }
    }
  }
}
