/**
 * Timing of contestants in one run, interleaved, so that a machine whose speed
 * drifts is unfair to none of them. This is why no library does it: mitata (1.0.34)
 * and tinybench (6.2.5) time one contestant to its end before they begin the next.
 *
 * @module
 */

import { median } from "../src/calibration/statistics.ts";

/** One way to do a job. */
export interface Contestant {
  /** Its name in the table. */
  readonly name: string;
  /** Does the job once. */
  run(): unknown;
  /**
   * Does the job so many times and says how many milliseconds that took: for a
   * contestant in a process of its own, with which one has to talk.
   */
  time?(repeats: number): Promise<number>;
  /** A smaller job that warms up as well, where a round is one run of seconds. */
  warmUp?(): unknown;
}

/** What a contestant took, in milliseconds. */
export interface Timing {
  /** Its name. */
  readonly name: string;
  /** The middle of all rounds. */
  readonly median: number;
  /** The fastest round. */
  readonly least: number;
  /** The slowest round. */
  readonly most: number;
}

/** A round is repeated within itself until it has taken so long. */
const LEAST_ROUND_MS = 20;

/**
 * Times the contestants in turn, A B C A B C, after a warm-up of each.
 *
 * @param contestants Who is timed.
 * @param rounds How often.
 * @param longest Milliseconds of a round after which its contestant sits out the
 * others: what is so slow need not be known so well.
 * @returns The timings, in the contestants' order.
 */
export async function interleave(
  contestants: readonly Contestant[],
  rounds: number,
  longest: number = Infinity,
): Promise<Timing[]> {
  const repeats: number[] = [];
  for (const contestant of contestants) repeats.push(await warmUp(contestant));
  const times = contestants.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      if (round > 0 && times[index][0] > longest) continue;
      times[index].push(await timed(contestant, repeats[index]));
    }
  }
  return contestants.map(({ name }, index) => {
    const sorted = times[index].sort((a, b) => a - b);
    return { name, median: median(sorted), least: sorted[0], most: sorted[sorted.length - 1] };
  });
}

/** Milliseconds of one of `repeats` runs. */
async function timed(contestant: Contestant, repeats: number): Promise<number> {
  if (contestant.time) return await contestant.time(repeats) / repeats;
  const start = performance.now();
  for (let repeat = 0; repeat < repeats; repeat++) await contestant.run();
  return (performance.now() - start) / repeats;
}

/** Runs until the engine has compiled it, and says how often a round repeats it. */
async function warmUp(contestant: Contestant): Promise<number> {
  if (contestant.warmUp) {
    await contestant.warmUp();
    return 1;
  }
  const start = performance.now();
  for (let count = 1;; count++) {
    await contestant.run();
    const elapsed = performance.now() - start;
    if (elapsed >= 10 * LEAST_ROUND_MS) {
      return Math.max(1, Math.ceil(LEAST_ROUND_MS * count / elapsed));
    }
  }
}
