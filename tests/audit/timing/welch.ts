/**
 * Whether two classes of timings differ: Welch's t-test, as O. Reparaz,
 * J. Balasch and I. Verbauwhede use it in "Dude, is my code constant time?"
 * (DATE 2017) and in their tool, dudect.
 *
 * @module
 */

/** From this |t| on, the authors take a leak for detected. */
export const THRESHOLD = 4.5;
/** Croppings beside the uncropped test: dudect's number and percentiles. */
const CROPPINGS = 100;
/** A cropping that leaves a class less than this share of its samples is left out. */
const LEAST_SHARE = 0.1;

/** The test that came out worst. */
export interface Verdict {
  /** Welch's t, positive where class 1 is slower. */
  readonly t: number;
  /** The share of the samples that its cropping kept. */
  readonly kept: number;
  /** How much slower class 1 is on average, in the unit of the samples. */
  readonly difference: number;
  /** The median of all samples. */
  readonly median: number;
}

/**
 * Tests the samples as they are, and then without those at or above a
 * percentile, for 100 percentiles that get denser towards 1. What delays a
 * sample from outside of the code lies at the slow end, and hides a small leak.
 *
 * dudect estimates the percentiles from its first batch; here they are those of
 * all samples of both classes.
 */
export function compareClasses(samples: Float64Array, classes: Uint8Array): Verdict {
  const sorted = samples.toSorted();
  const at = (share: number) => sorted[Math.floor(share * sorted.length)];
  let worst: Omit<Verdict, "median"> = { t: 0, kept: 1, difference: 0 };
  for (let cropping = 0; cropping <= CROPPINGS; cropping++) {
    const share = 1 - 0.5 ** (10 * cropping / CROPPINGS);
    const limit = cropping === 0 ? Infinity : at(share);
    const test = welch(samples, classes, limit, sorted[0]);
    if (test && Math.abs(test.t) > Math.abs(worst.t)) worst = test;
  }
  return { ...worst, median: at(0.5) };
}

/** Welch's t of the samples below `limit`; `base` keeps the sums small. */
function welch(
  samples: Float64Array,
  classes: Uint8Array,
  limit: number,
  base: number,
): Omit<Verdict, "median"> | undefined {
  const counts = [0, 0];
  const sums = [0, 0];
  const squares = [0, 0];
  for (let index = 0; index < samples.length; index++) {
    if (samples[index] >= limit) continue;
    const sample = samples[index] - base;
    const label = classes[index];
    counts[label]++;
    sums[label] += sample;
    squares[label] += sample * sample;
  }
  if (Math.min(...counts) < LEAST_SHARE * samples.length / 2) return undefined;
  const means = sums.map((sum, label) => sum / counts[label]);
  const errors = squares.map((square, label) =>
    (square - sums[label] * means[label]) / (counts[label] - 1) / counts[label]
  );
  const difference = means[1] - means[0];
  // Where the clock shows no spread, equal means are no difference.
  const t = difference === 0 ? 0 : difference / Math.sqrt(errors[0] + errors[1]);
  return { t, kept: (counts[0] + counts[1]) / samples.length, difference };
}
