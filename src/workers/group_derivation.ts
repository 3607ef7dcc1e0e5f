/**
 * A group of keys that one worker derives: each is looked at in the calling
 * thread, which knows what the key is for.
 *
 * @module
 */

import { keysAt, type WantedKey } from "../backends/derive.ts";
import { getBackend } from "../backends/select/available.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { ATTEMPTS, type Crew } from "./crew.ts";
import type { KeyDesk } from "./key_desk.ts";
import type { WorkerBackend } from "./messages.ts";
import type { KeyListener } from "./worker.ts";

/** A key that is not at its end, and the last of its costs that was looked at. */
interface OpenKey extends WantedKey {
  readonly index: number;
  seen: number;
}

/** Keys in the making. */
export class GroupDerivation {
  readonly #open: Set<OpenKey>;
  readonly #backend: WorkerBackend;
  readonly #desk: KeyDesk;
  readonly #signal: AbortSignal;

  /** Takes the keys of the group, and the desk to which they are brought. */
  constructor(
    wanted: readonly Omit<OpenKey, "seen">[],
    backend: WorkerBackend,
    desk: KeyDesk,
    signal: AbortSignal,
  ) {
    this.#open = new Set(wanted.map((each) => ({ ...each, seen: 0 })));
    this.#backend = backend;
    this.#desk = desk;
    this.#signal = signal;
  }

  /** Derives the keys on workers, and those that they leave in this thread. */
  async run(crew: Crew): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS && this.#open.size; attempt++) {
      const open = [...this.#open];
      const jobs = open.map(({ request, costs }) => ({ request, costs }));
      const looks: Promise<boolean>[] = [];
      const onKey: KeyListener = ({ index, key, iterations }) => {
        const look = this.#show(open[index], key, iterations);
        looks.push(look);
        return look;
      };
      const task = { type: "derive", job: { backend: this.#backend, jobs } } as const;
      const ending = await crew.run(task, onKey, this.#signal);
      await Promise.all(looks);
      this.#signal.throwIfAborted();
      if (ending?.type !== "died") break;
    }
    const rest = [...this.#open];
    const options = { signal: this.#signal };
    for await (const candidate of keysAt(getBackend(this.#backend), rest, options)) {
      const { index, key, cost } = candidate;
      candidate.accepted = await this.#show(rest[index], key.slice(), cost);
    }
  }

  /** Has a key looked at, which is wiped then. */
  async #show(open: OpenKey, key: Bytes, cost: number): Promise<boolean> {
    // After a worker's death another one comes to the same costs again.
    if (cost <= open.seen) {
      key.fill(0);
      return false;
    }
    open.seen = cost;
    const last = cost === open.costs.at(-1);
    const accepted = await this.#desk.show(key, { index: open.index, cost, last });
    if (accepted || last) this.#open.delete(open);
    return accepted;
  }
}
