/**
 * How long a derivation takes, by backend, in interleaved rounds.
 *
 * @module
 */

import type { BackendName, Hash } from "../backends/backend.ts";
import { pbkdf2 } from "../pbkdf2.ts";
import { clockGrain, STANDS_STILL, uselessClock } from "./clock.ts";

const CHECKED_ITERATIONS = 1_000;
const MAX_ITERATIONS = 2 ** 32 - 1;
/** V8 has compiled the kernel at its best, and @noble's loops, within this. */
const WARM_UP_MS = 150;
/** So long a derivation tells the speed that the rounds will have. */
const TELLING_MS = 250;
/** A round lasts so long, and so many steps of the clock, or longer. */
const LEAST_ROUND_MS = 50;
const LEAST_ROUND_STEPS = 25;
/** Iterations are alike: a longer derivation tells no more than one that takes this. */
const LONGEST_DERIVATION_MS = 1_000;
/** A guess this near to the time wanted is good, or as good as it gets after some turns. */
const FITTING = 0.05;
const MOST_CORRECTIONS = 5;
/** More than so far off is not the guess, but the machine at that moment. */
const MOST_OFF = 4;
/** A middle half of the rounds that is wider than this is not to be trusted. */
const NOISY_SPREAD = 0.15;

/** What a calibration is asked for, checked. */
export interface MeasureRequest {
  /** The backends, in the order of their turns. */
  readonly backends: readonly BackendName[];
  /** The hash under HMAC. */
  readonly hash: Hash;
  /** Milliseconds that a derivation should take. */
  readonly targetMs: number;
  /** How often each backend is timed. */
  readonly rounds: number;
  /** Rejects with its reason within one slice. */
  readonly signal?: AbortSignal;
  /** Is told of warm-ups and rounds, as they are done. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/** How one backend did. */
export interface Timed {
  /** The backend. */
  readonly backend: BackendName;
  /** Iterations of each derivation that was timed. */
  readonly iterations: number;
  /** The median of the rounds, in milliseconds a derivation. */
  readonly median: number;
  /** The interquartile range of the rounds, divided by their median. */
  readonly spread: number;
  /** Whether the spread is too wide to trust the median. */
  readonly noisy: boolean;
}

interface Contestant {
  readonly backend: BackendName;
  /** Milliseconds of each round's derivations. */
  readonly times: number[];
  /** Iterations of these derivations. */
  iterations: number;
}

/**
 * Times the backends in turn, A B C A B C, after a warm-up of each.
 *
 * @throws {Error} If they derive different keys, or there is no usable clock.
 * @throws The signal's reason.
 */
export async function measureBackends(request: MeasureRequest): Promise<Timed[]> {
  const { backends, targetMs, rounds, signal, onProgress } = request;
  signal?.throwIfAborted();
  const deriver = new Deriver(request);
  await deriver.compareKeys();
  const grain = await clockGrain(signal);
  const leastRound = Math.max(LEAST_ROUND_MS, LEAST_ROUND_STEPS * grain);
  const derivationMs = Math.min(targetMs, LONGEST_DERIVATION_MS);
  const repeats = Math.ceil(leastRound / derivationMs);
  const telling = Math.max(leastRound, Math.min(derivationMs, TELLING_MS));
  const total = backends.length * (2 + rounds);
  let done = 0;
  const contestants: Contestant[] = [];
  for (const backend of backends) {
    const warm = await deriver.warmUp(backend, telling);
    const iterations = clamp(warm.iterations * derivationMs / warm.elapsed);
    contestants.push({ backend, times: [], iterations });
    onProgress?.(++done, total);
  }
  for (const each of contestants) {
    each.iterations = await deriver.fit(each.backend, each.iterations, derivationMs, repeats);
    onProgress?.(++done, total);
  }
  for (let round = 0; round < rounds; round++) {
    for (const { backend, iterations, times } of contestants) {
      times.push(await deriver.time(backend, iterations, repeats));
      onProgress?.(++done, total);
    }
  }
  return contestants.map(({ backend, iterations, times }) => ({
    backend,
    iterations,
    ...statistics(times),
  }));
}

/** Derives keys of one password, as users do: one at a time, by the public call. */
class Deriver {
  readonly #request: MeasureRequest;
  readonly #password = crypto.getRandomValues(new Uint8Array(16));
  readonly #salt = crypto.getRandomValues(new Uint8Array(16));

  constructor(request: MeasureRequest) {
    this.#request = request;
  }

  #derive(backend: BackendName, iterations: number): Promise<Uint8Array> {
    const { hash, signal } = this.#request;
    return pbkdf2(this.#password, this.#salt, { iterations, hash, backend, signal });
  }

  /** What derives wrong keys may well do so sooner. */
  async compareKeys(): Promise<void> {
    const [first, ...others] = this.#request.backends;
    const expected = await this.#derive(first, CHECKED_ITERATIONS);
    for (const backend of others) {
      const key = await this.#derive(backend, CHECKED_ITERATIONS);
      if (key.length !== expected.length || key.some((byte, at) => byte !== expected[at])) {
        throw new Error(
          `Cannot calibrate: the backends "${first}" and "${backend}" derive different keys`,
        );
      }
    }
  }

  /** Milliseconds of a derivation, over some of them. */
  async time(backend: BackendName, iterations: number, repeats: number): Promise<number> {
    const start = performance.now();
    for (let repeat = 0; repeat < repeats; repeat++) await this.#derive(backend, iterations);
    return (performance.now() - start) / repeats;
  }

  /**
   * Runs until the engine has compiled it, with more iterations each time.
   *
   * @returns The last and longest derivation, and its milliseconds.
   */
  async warmUp(
    backend: BackendName,
    telling: number,
  ): Promise<{ iterations: number; elapsed: number }> {
    const start = performance.now();
    for (let iterations = CHECKED_ITERATIONS;;) {
      const elapsed = await this.time(backend, iterations, 1);
      const warm = performance.now() - start >= WARM_UP_MS;
      if (iterations === MAX_ITERATIONS || warm && elapsed >= telling / 2) {
        return { iterations, elapsed };
      }
      if (elapsed < telling) iterations = Math.min(2 * iterations, MAX_ITERATIONS);
    }
  }

  /**
   * Corrects a guess until it takes the time wanted: what a call costs by itself
   * is not in proportion, and other work on the machine may have spoilt the guess
   * as well as any of its corrections.
   */
  async fit(
    backend: BackendName,
    guess: number,
    wanted: number,
    repeats: number,
  ): Promise<number> {
    let iterations = guess;
    for (let turn = 0; turn < MOST_CORRECTIONS; turn++) {
      const off = await this.time(backend, iterations, repeats) / wanted;
      if (Math.abs(off - 1) <= FITTING) break;
      iterations = clamp(iterations / Math.min(Math.max(off, 1 / MOST_OFF), MOST_OFF));
    }
    return iterations;
  }
}

function clamp(iterations: number): number {
  return Math.min(Math.max(Math.round(iterations), 1), MAX_ITERATIONS);
}

function statistics(times: number[]): Pick<Timed, "median" | "spread" | "noisy"> {
  const sorted = times.sort((a, b) => a - b);
  const median = quantile(sorted, 0.5);
  // A clock that is set back while this runs may do it.
  if (!(median > 0)) throw uselessClock(STANDS_STILL);
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / median;
  return { median, spread, noisy: spread > NOISY_SPREAD };
}

/** A quantile of sorted numbers, between two of them in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  return below + (above - below) * (position % 1);
}
