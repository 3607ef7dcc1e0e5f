/**
 * Whether the backends agree before they are timed: a backend that derives wrong
 * keys may well be faster.
 *
 * @module
 */

import type { BackendName } from "../backends/backend.ts";

/** Enough iterations to show a difference; they cost nothing. */
export const COMPARED_ITERATIONS = 1_000;

/**
 * Derives keys by every backend, and compares them with the first one's.
 *
 * @throws {Error} If two backends derive different keys.
 */
export async function compareBackends(
  [first, ...others]: readonly BackendName[],
  derive: (backend: BackendName, iterations: number) => Promise<readonly Uint8Array[]>,
): Promise<void> {
  const expected = await derive(first, COMPARED_ITERATIONS);
  for (const backend of others) {
    const keys = await derive(backend, COMPARED_ITERATIONS);
    if (keys.length === expected.length && keys.every((key, at) => same(key, expected[at]))) {
      continue;
    }
    throw new Error(
      `Cannot measure: the backends "${first}" and "${backend}" derive different keys`,
    );
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
