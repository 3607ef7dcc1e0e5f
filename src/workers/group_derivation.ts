/**
 * A group of keys that one worker derives: each is shown to its job in the
 * calling thread, which has the costs and knows what the key is for.
 *
 * @module
 */

import { blockCount, derive, type DeriveOptions, type KeyJob } from "../backends/derive.ts";
import { getBackend } from "../backends/select/available.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { ATTEMPTS, type Crew } from "./crew.ts";
import type { WorkerBackend } from "./messages.ts";
import type { KeyListener } from "./worker.ts";

/** Keys in the making. */
export class GroupDerivation {
  /** Jobs that are not at their end, and the iterations that were told of each. */
  readonly #told: Map<KeyJob, number>;
  readonly #backend: WorkerBackend;
  readonly #options: DeriveOptions;
  readonly #failure: AbortController;

  /** Is given jobs, and what is to be aborted when one of them throws. */
  constructor(
    jobs: readonly KeyJob[],
    backend: WorkerBackend,
    options: DeriveOptions,
    failure: AbortController,
  ) {
    this.#told = new Map(jobs.map((job) => [job, 0]));
    this.#backend = backend;
    this.#options = options;
    this.#failure = failure;
  }

  /** Derives the keys on workers, and those that they leave in this thread. */
  async run(crew: Crew): Promise<void> {
    const { signal } = this.#failure;
    for (let attempt = 0; attempt < ATTEMPTS && this.#told.size; attempt++) {
      const jobs = [...this.#told.keys()];
      const inputs = jobs.map(({ request, costs }) => ({ request, costs }));
      const verdicts: Promise<boolean>[] = [];
      const onKey: KeyListener = ({ index, key, iterations }) => {
        const verdict = this.#show(jobs[index], key, iterations).catch((error) => {
          this.#failure.abort(error);
          return true;
        });
        verdicts.push(verdict);
        return verdict;
      };
      const job = { backend: this.#backend, jobs: inputs };
      const ending = await crew.run({ type: "derive", job }, onKey, signal);
      await Promise.all(verdicts);
      signal.throwIfAborted();
      if (ending?.type !== "died") break;
    }
    if (this.#told.size) await derive(getBackend(this.#backend), this.#rest(), { signal });
  }

  /** The jobs that are left, told of in the same way. */
  #rest(): KeyJob[] {
    return [...this.#told.keys()].map((job) => ({
      request: job.request,
      costs: job.costs,
      accept: (key, iterations) => this.#show(job, key.slice(), iterations),
    }));
  }

  /** Shows a key to its job, and wipes it. */
  async #show(job: KeyJob, key: Bytes, iterations: number): Promise<boolean> {
    try {
      if (this.#failure.signal.aborted) return true;
      const accepted = await job.accept(key, iterations);
      if (!this.#failure.signal.aborted) this.#tell(job, iterations, accepted);
      return accepted;
    } finally {
      key.fill(0);
    }
  }

  #tell(job: KeyJob, iterations: number, accepted: boolean): void {
    // After a worker's death another one comes to the same costs again.
    const told = Math.max(this.#told.get(job) ?? 0, iterations);
    this.#options.onIterations?.((told - (this.#told.get(job) ?? 0)) * blockCount(job.request));
    this.#told.set(job, told);
    if (!accepted && iterations !== job.costs.at(-1)) return;
    this.#told.delete(job);
    this.#options.onJob?.();
  }
}
