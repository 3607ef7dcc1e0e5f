/**
 * How a command ends, other than well.
 *
 * @module
 */

/** The exit codes. A signal has 128 and its number, as in a shell. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, closedOutput: 141 } as const;

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/** A signal that ends a command. */
export type SignalName = keyof typeof SIGNAL_NUMBERS;

/** The signals that end a command. */
export const SIGNALS = Object.keys(SIGNAL_NUMBERS) as readonly SignalName[];

/** The command was called wrongly: its user can see why in the command line. */
export class UsageError extends Error {}

/** A signal came, or Ctrl-C at a prompt. */
export class Interrupted extends Error {
  /** The exit code. */
  readonly exit: number;

  /** The command was ended by this signal. */
  constructor(signal: SignalName) {
    super(`Interrupted by ${signal}`);
    this.exit = 128 + SIGNAL_NUMBERS[signal];
  }
}

/** Nobody reads the standard output any more, as after `| head -1`. */
export class ClosedOutput extends Error {}

/** Makes a usage error of what a library call refuses in its options. */
export function usage<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
