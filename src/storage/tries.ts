/**
 * How often a change is tried that others may come before.
 *
 * @module
 */

/** Times that it is tried before it is given up. */
const TRIES = 32;
/** Milliseconds of the longest pause between them. */
const LONGEST_PAUSE = 256;

/** A number of tries, with a random pause before each but the first, ever longer. */
export async function* tries(): AsyncGenerator<void> {
  for (let count = 0; count < TRIES; count++) {
    if (count) await randomPause(Math.min(2 ** count, LONGEST_PAUSE));
    yield;
  }
}

async function randomPause(most: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * most));
}
