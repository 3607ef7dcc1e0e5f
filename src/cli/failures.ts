/**
 * The ways in which a command ends, other than well.
 *
 * @module
 */

/** The exit codes. After a signal it is 128 and the signal's number, as in a shell. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, closedOutput: 141 } as const;

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/** A signal that ends a command. */
export type SignalName = keyof typeof SIGNAL_NUMBERS;

/** The signals that end a command. */
export const SIGNALS = Object.keys(SIGNAL_NUMBERS) as readonly SignalName[];

/** The command was called wrongly: its user can see why in the command line. */
export class UsageError extends Error {}

/** A value was not opened: the secret is wrong, or the value is not what was written. */
export class RefusedError extends Error {
  /** The line of the value, from 1, where the input has one value a line. */
  readonly line: number | undefined;

  /** The value on this line, or the only one, could not be opened with the secret. */
  constructor(secret: string, line?: number, options?: ErrorOptions) {
    const what = line === undefined ? "the value" : `the value on line ${line}`;
    super(`Cannot decrypt ${what}: wrong ${secret}, or not the value that it was`, options);
    this.line = line;
  }
}

/**
 * Something could not be read or written whose name is not to be told, because it may
 * be a secret that was given by mistake, or that has no name.
 */
export class AccessError extends Error {
  /** What was tried. */
  readonly doing: "read" | "write";
  /** What it is, instead of its name. */
  readonly what: string;
  /** The word that stands for its name in the help text. */
  readonly word: string | undefined;

  /** The cause says why; its message is not told. */
  constructor(doing: "read" | "write", what: string, cause: unknown, word?: string) {
    super(`Cannot ${doing} ${what}`, { cause });
    this.doing = doing;
    this.what = what;
    this.word = word;
  }
}

/** A signal came, or somebody pressed Ctrl-C at a prompt. */
export class Interrupted extends Error {
  /** The exit code. */
  readonly exit: number;

  /** The command was ended by this signal. */
  constructor(signal: SignalName) {
    super(`Interrupted by ${signal}`);
    this.exit = 128 + SIGNAL_NUMBERS[signal];
  }
}

/** Nobody reads the output any more, as after `| head -1`. */
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
