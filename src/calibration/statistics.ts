/**
 * What the rounds of a measurement say together.
 *
 * @module
 */

import { STANDS_STILL, uselessClock } from "./clock.ts";

/** If the middle half of the rounds is wider than this, they are not to be trusted. */
const NOISY_SPREAD = 0.15;

/** What the rounds of a measurement say together. */
export interface Statistics {
  /** The median of the rounds, in their unit. */
  readonly median: number;
  /** The interquartile range of the rounds, divided by their median. */
  readonly spread: number;
  /** Whether the spread is too wide to trust the median: over 0.15. */
  readonly noisy: boolean;
}

/**
 * The median of some rounds, and how far they lay apart.
 *
 * @throws {Error} If the clock stood still, or went back.
 */
export function statistics(times: readonly number[]): Statistics {
  const middle = median(times);
  // A clock that is set back while this runs may do it.
  if (!(middle > 0)) throw uselessClock(STANDS_STILL);
  const sorted = ascending(times);
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / middle;
  return { median: middle, spread, noisy: spread > NOISY_SPREAD };
}

/** The middle of some numbers, or halfway between the two in the middle. */
export function median(numbers: readonly number[]): number {
  return quantile(ascending(numbers), 0.5);
}

function ascending(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** A quantile of sorted numbers, between two of them in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  return below + (above - below) * (position % 1);
}
