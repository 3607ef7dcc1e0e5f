/**
 * A clock that can be put forward: tokens expire without a wait, on the slowest
 * machine too.
 *
 * @module
 */

const now = Date.now;
let ahead = 0;

/** Puts the clock of this process forward, and of all that runs in it. */
export function advance(seconds: number): void {
  ahead += seconds * 1_000;
  Date.now = () => now() + ahead;
}

/** Does work, and puts the clock back afterwards. */
export async function withClock(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    ahead = 0;
    Date.now = now;
  }
}
