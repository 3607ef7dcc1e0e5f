/**
 * Timing of contestants in one run, interleaved, so that a machine whose speed
 * drifts is unfair to none of them.
 *
 * @module
 */

/** One way to do a job. */
export interface Contestant {
  /** Its name in the table. */
  readonly name: string;
  /** Does the job once. */
  run(): unknown;
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

/** Times the contestants in turn, A B C A B C, after a warm-up of each. */
export async function interleave(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Timing[]> {
  const repeats: number[] = [];
  for (const { run } of contestants) repeats.push(await warmUp(run));
  const times = contestants.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of contestants.entries()) {
      times[index].push(await timed(run, repeats[index]));
    }
  }
  return contestants.map(({ name }, index) => {
    const sorted = times[index].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    return { name, median, least: sorted[0], most: sorted[sorted.length - 1] };
  });
}

/** Milliseconds of one of `repeats` runs. */
async function timed(run: () => unknown, repeats: number): Promise<number> {
  const start = performance.now();
  for (let repeat = 0; repeat < repeats; repeat++) await run();
  return (performance.now() - start) / repeats;
}

/** Runs until the engine has compiled it, and says how often a round repeats it. */
async function warmUp(run: () => unknown): Promise<number> {
  const start = performance.now();
  for (let count = 1;; count++) {
    await run();
    const elapsed = performance.now() - start;
    if (elapsed >= 10 * LEAST_ROUND_MS) {
      return Math.max(1, Math.ceil(LEAST_ROUND_MS * count / elapsed));
    }
  }
}
