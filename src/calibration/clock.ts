/**
 * The clock that a calibration goes by, which browsers make coarse.
 *
 * @module
 */

import { onCloudflare } from "../runtime/host.ts";

/** Some milliseconds of looking at the clock, between two turns of the event loop. */
const CALLS_A_LOOK = 200_000;
/** A coarse clock makes a step within so many looks, or never. */
const LOOKS = 150;
/** The coarsest clock of Firefox has steps of 100 ms; longer steps are of no use. */
const COARSEST_MS = 250;
const STEPS = 3;
/** The message about a clock by which code takes no time. */
export const STANDS_STILL = "this runtime's clock stands still while code runs";

/** The error for a clock that no duration can be read from. */
export function uselessClock(why: string): Error {
  return new Error(`Cannot measure how long a derivation takes: ${why}`);
}

/**
 * The clock's grain, its smallest step, in milliseconds.
 *
 * @throws {Error} If the clock stands still or its steps are too long.
 * @throws The signal's reason.
 */
export async function clockGrain(signal?: AbortSignal): Promise<number> {
  if (onCloudflare) throw uselessClock(STANDS_STILL);
  let grain = Infinity;
  for (let step = 0; step < STEPS; step++) grain = Math.min(grain, await nextStep(signal));
  if (grain > COARSEST_MS) {
    throw uselessClock(`this runtime's clock moves in steps of ${Math.round(grain)} ms`);
  }
  return grain;
}

/** How far the clock moves at once, in the midst of code that runs. */
async function nextStep(signal?: AbortSignal): Promise<number> {
  for (let look = 0; look < LOOKS; look++) {
    signal?.throwIfAborted();
    const start = performance.now();
    for (let call = 0; call < CALLS_A_LOOK; call++) {
      const now = performance.now();
      if (now > start) return now - start;
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  throw uselessClock(STANDS_STILL);
}
