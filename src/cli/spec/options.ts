/**
 * Options that several subcommands have.
 *
 * @module
 */

import type { OperandSpec, OptionSpec } from "./command.ts";

const MAX_UINT32 = 2 ** 32 - 1;

/** `--help`, of every subcommand. */
export const HELP: OptionSpec = { name: "help", short: "h", help: "print this text" };

/** `--json` */
export const JSON_RESULT: OptionSpec = {
  name: "json",
  help: "print the result, warnings and errors as lines of JSON",
};

/** `--quiet` */
export const QUIET: OptionSpec = {
  name: "quiet",
  short: "q",
  help: "print no progress bar and no result, only warnings and errors",
};

/** Where the output goes. */
export const OUTPUT: readonly OptionSpec[] = [
  {
    name: "output",
    short: "o",
    value: "FILE",
    complete: "file",
    help: "write to this file, as a whole or not at all, or to this pipe or device; - or no " +
      "option: the standard output",
  },
  { name: "force", short: "f", help: "replace FILE if it exists" },
];

/** Where a passphrase comes from that is not asked for. */
export const PASSPHRASE: readonly OptionSpec[] = [
  {
    name: "passphrase-env",
    value: "NAME",
    complete: "variable",
    help: "take the passphrase from this environment variable",
  },
  {
    name: "passphrase-file",
    value: "FILE",
    complete: "file",
    help: "take the passphrase from this file, without the line end after it; - is the " +
      "standard input",
  },
];

/** Where a key comes from that is not asked for. */
export const KEY: readonly OptionSpec[] = [
  {
    name: "key-env",
    value: "NAME",
    complete: "variable",
    help: "take the key from this environment variable",
  },
  {
    name: "key-file",
    value: "FILE",
    complete: "file",
    help: "take the key from this file, as keygen writes it; - is the standard input",
  },
];

/** `--workers` */
export const WORKERS: OptionSpec = {
  name: "workers",
  value: "N",
  range: [0, 64],
  help: "use at most N threads, 0 to 64; by default as many as suit the machine",
};

/** Iterations to write into a sealed export. */
export const SEAL_ITERATIONS: OptionSpec = {
  name: "iterations",
  value: "N",
  range: [100_000, 10_000_000],
  help: "PBKDF2 iterations for a passphrase, 100000 to 10000000; by default 600000",
};

/** How a sealed export is judged. */
export const EXPECTATIONS: readonly OptionSpec[] = [
  {
    name: "expect-id",
    value: "ID",
    form: { pattern: /^[\w-]{21}[AQgw]$/, expected: "22 characters, as seal prints them" },
    help: "open only the export of this id; an older one has another id",
  },
  {
    name: "max-iterations",
    value: "N",
    range: [100_000, MAX_UINT32],
    help: "refuse a file that asks for more iterations; by default 2000000",
  },
];

/** `--lenient` */
export const LENIENT: OptionSpec = {
  name: "lenient",
  help: "accept base64url as other tools write it: with white space, without padding",
};

/** How Fernet tokens are judged. */
export const TOKENS: readonly OptionSpec[] = [
  {
    name: "ttl",
    value: "SECONDS",
    // As the library: who asks for more counts milliseconds.
    range: [0, 1e11 - 1],
    help: "refuse tokens that are older; by default a token of any age is accepted",
  },
  LENIENT,
];

/** Iterations of the passphrase format, which does not record them. */
export const VALUE_ITERATIONS: OptionSpec = {
  name: "iterations",
  value: "N",
  range: [1, MAX_UINT32],
  help:
    "PBKDF2 iterations for a passphrase; by default 600000. The value does not record them, so remember any other number",
};

/** Iterations that a value may have been written with. */
export const READ_ITERATIONS: OptionSpec = {
  name: "iterations",
  value: "N",
  range: [1, MAX_UINT32],
  multiple: true,
  help:
    "PBKDF2 iterations that the value was written with; can be given up to four times; by default 100000 and 600000 are tried",
};

/** The permissions of a command that reads an input and a secret. */
export function permissionsOf(secret: string): string {
  return `--allow-read of INPUT; ${secretPermissions(secret)}`;
}

/** The permissions of a command that reads an input and a secret, and writes a file. */
export function filePermissionsOf(secret: string): string {
  return "--allow-read of INPUT, --allow-read and --allow-write of the folder of FILE; " +
    secretPermissions(secret);
}

function secretPermissions(secret: string): string {
  return `--allow-env=NAME or --allow-read of the ${secret}'s file.`;
}

/** A file that has to be named. */
export function requiredInput(help: string): OperandSpec {
  return { name: "INPUT", required: true, help: `${help}; - is the standard input` };
}

/** A file, or the standard input. */
export function optionalInput(help: string): OperandSpec {
  return { name: "INPUT", required: false, help: `${help}; - or none: the standard input` };
}
