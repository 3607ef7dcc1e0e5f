/**
 * The values of `--iterations`, which only a passphrase has.
 *
 * @module
 */

import { UsageError } from "../failures.ts";
import type { Args } from "./args.ts";

/** The most numbers of iterations that a value is tried with. */
const MOST_COSTS = 4;

/**
 * The iterations that a value may have been written with.
 *
 * @throws {UsageError} If the secret is a key, or they are more than are tried.
 */
export function iterationsToRead(args: Args, secret: "passphrase" | "key"): number[] | undefined {
  const iterations = args.integers("iterations");
  if (iterations && secret === "key") {
    throw new UsageError("Cannot use --iterations with a key: nothing is derived from it");
  }
  if (iterations && iterations.length > MOST_COSTS) {
    throw new UsageError(`Cannot use --iterations more than ${MOST_COSTS} times`);
  }
  return iterations;
}

/**
 * The iterations to write with.
 *
 * @throws {UsageError} If the secret is a key.
 */
export function iterationsToWrite(args: Args, secret: "passphrase" | "key"): number | undefined {
  return iterationsToRead(args, secret)?.[0];
}
