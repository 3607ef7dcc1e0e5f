/**
 * Runs a target for a time: fast-check makes the inputs, and shrinks one that fails.
 *
 * @module
 */

import fc from "fast-check";

/** What is fuzzed. Inputs come in batches, since a call takes longer than most inputs. */
export interface Target<T = unknown> {
  /** Its name. */
  readonly name: string;
  /** Makes an input. */
  readonly input: fc.Arbitrary<T>;
  /** Inputs of one call. */
  readonly batch: number;
  /** How many inputs the target makes of each, if it makes more. */
  readonly copies?: number;
  /** Tries inputs; throws where something is wrong. */
  check(inputs: readonly T[]): void | Promise<void>;
  /** Called when all is done. */
  close?(): Promise<void>;
}

/** How to run. */
export interface FuzzOptions {
  /** Names the run. */
  readonly seed: number;
  /** How long it takes at most. */
  readonly milliseconds: number;
  /** How many batches there are at most. */
  readonly batches?: number;
  /** Where in the run to begin, as a failure tells it. */
  readonly path?: string;
}

/** What came of it. */
export interface Fuzzed {
  /** How many inputs were tried. */
  readonly inputs: number;
  /** How long that took. */
  readonly seconds: number;
  /** What failed, if anything did. */
  readonly failure?: {
    /** Inputs before it was found. */
    readonly inputs: number;
    /** Seconds before it was found. */
    readonly seconds: number;
    /** The shortest input, and how to come back to it. */
    readonly report: string;
  };
}

/** Keeps what a target takes of a type to itself. */
export function target<T>(target: Target<T>): Target {
  return target as Target;
}

/** Runs a target. */
export async function fuzz(
  { input, batch, copies = 1, check, close }: Target,
  { seed, milliseconds, batches = 1e9, path }: FuzzOptions,
): Promise<Fuzzed> {
  let inputs = 0;
  // A run that is out of time does not wait for the check that is under way.
  let running: Promise<void> = Promise.resolve();
  let found: { inputs: number; seconds: number } | undefined;
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1_000;
  const some = fc.array(input, { minLength: 1, maxLength: 2 * batch, size: "max" });
  const property = fc.asyncProperty(some, async (some) => {
    inputs += some.length * copies;
    try {
      await (running = Promise.resolve(check(some)));
    } catch (error) {
      found ??= { inputs, seconds: elapsed() };
      throw error;
    }
  });
  const details = await fc.check(property, {
    seed,
    path,
    numRuns: batches,
    interruptAfterTimeLimit: milliseconds,
    markInterruptAsFailure: false,
  });
  await running.catch(() => {});
  await close?.();
  const run = { inputs, seconds: elapsed() };
  if (!details.failed || !found) return run;
  const report = `${details.errorInstance}\n${fc.defaultReportMessage(details)}`;
  return { ...run, failure: { ...found, report } };
}
