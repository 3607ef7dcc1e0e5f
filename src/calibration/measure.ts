/**
 * How long a derivation takes, by backend, in interleaved rounds.
 *
 * @module
 */

import type { BackendName, Hash } from "../backends/backend.ts";
import { MAX_ITERATIONS } from "../checks.ts";
import { pbkdf2 } from "../kdf/pbkdf2.ts";
import { clockGrain } from "./clock.ts";
import { compareBackends, COMPARED_ITERATIONS } from "./agreement.ts";
import { type Statistics, statistics } from "./statistics.ts";

/** Within this time V8 has compiled the kernel, and the loops of @noble, at its best. */
const WARM_UP_MS = 150;
/** A derivation of this length shows the speed that the rounds will have. */
const TELLING_MS = 250;
/** A round lasts at least so long, and at least so many steps of the clock. */
const LEAST_ROUND_MS = 50;
const LEAST_ROUND_STEPS = 25;
/** Iterations are alike: a derivation that takes longer than this tells no more. */
const LONGEST_DERIVATION_MS = 1_000;
/** A guess this near to the time wanted is good, or as good as it gets after some turns. */
const FITTING = 0.05;
const MOST_CORRECTIONS = 5;
/** If a guess is further off than this, the machine was busy at that moment. */
const MOST_OFF = 4;
/** If the median is further off the time wanted, the machine has changed its speed. */
const NOISY_OFF = 0.2;

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
  /** Called after each warm-up and each round. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/**
 * How one backend did, in milliseconds a derivation. It is `noisy` also where the
 * median is off the time that a derivation was to take.
 */
export interface Timed extends Statistics {
  /** The backend. */
  readonly backend: BackendName;
  /** Iterations of each derivation that was timed. */
  readonly iterations: number;
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
  await compareBackends(backends, deriver.keys);
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
  const timed: Timed[] = [];
  for (const { backend, iterations, times } of contestants) {
    const { median, spread, noisy } = statistics(times);
    const isOff = Math.abs(median / derivationMs - 1) > NOISY_OFF &&
      await deriver.isReachable({ backend, iterations, median }, derivationMs, repeats);
    timed.push({ backend, iterations, median, spread, noisy: noisy || isOff });
  }
  return timed;
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

  /** The key, to be compared. */
  readonly keys = async (backend: BackendName, iterations: number): Promise<Uint8Array[]> => [
    await this.#derive(backend, iterations),
  ];

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
    for (let iterations = COMPARED_ITERATIONS;;) {
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

  /**
   * Whether other iterations than these could have taken the time wanted: the
   * fewest may take longer, for what a call costs by itself, and the most be done
   * sooner.
   */
  async isReachable(
    { backend, iterations, median }: Omit<Timed, "noisy" | "spread">,
    wanted: number,
    repeats: number,
  ): Promise<boolean> {
    if (median < wanted) return iterations < MAX_ITERATIONS;
    return iterations > 1 && await this.time(backend, 1, repeats) < wanted;
  }
}

function clamp(iterations: number): number {
  return Math.min(Math.max(Math.round(iterations), 1), MAX_ITERATIONS);
}
