/**
 * Options of the calls under a passphrase, and their checks.
 *
 * @module
 */

import { type BackendChoice, checkBackend } from "../backends/select/available.ts";
import { checkIterations, checkOnProgress, checkSignal, kindOf } from "../checks.ts";
import { checkKdfOptions, type DerivationOptions } from "../kdf/kdf.ts";
import { checkWorkers } from "../workers/pool.ts";

/** The iterations that Flet writes from v0.27.5 on, and so do we. */
const FLET_ITERATIONS = 600_000;
/** The iterations that Flet wrote up to v0.27.4. */
const OLD_FLET_ITERATIONS = 100_000;

const MAX_COSTS = 4;

/** Options of the synchronous calls that encrypt under a passphrase. */
export interface PassphraseEncryptSyncOptions {
  /**
   * PBKDF2 iterations to write. The format does not record them: if you choose
   * another number, remember it.
   *
   * @default {600_000}
   */
  iterations?: number;
  /**
   * The backend: `"auto"` takes the one that is fastest on this machine.
   *
   * @default {"auto"}
   */
  backend?: BackendChoice;
}

/** Options of the synchronous calls that decrypt under a passphrase. */
export interface PassphraseDecryptSyncOptions {
  /**
   * PBKDF2 iterations that the value may have been written with: a number, or
   * up to four, which are tried in ascending order.
   *
   * @default {[100_000, 600_000]}
   */
  iterations?: number | readonly number[];
  /**
   * The backend: `"auto"` takes the one that is fastest on this machine.
   *
   * @default {"auto"}
   */
  backend?: BackendChoice;
  /**
   * Whether to accept what other tools make of base64url: white space, the
   * other alphabet, absent padding, in the value and in the token inside.
   *
   * @default {false}
   */
  lenient?: boolean;
}

/** What every asynchronous call under a passphrase takes. */
export interface PassphraseAsyncOptions {
  /**
   * Rejects the call with its reason when it is aborted: within one slice where
   * the backend works in slices, at once where it is native.
   */
  signal?: AbortSignal;
  /**
   * Called with the progress. A native backend reports only ends.
   *
   * @param done Iterations in a call for one value, values in a call for many.
   * @param total How many there are at most.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** What every asynchronous call for many values under a passphrase takes. */
export interface PassphraseManyOptions {
  /**
   * How many worker threads derive the keys, an integer from 0 to 64; with 0 the
   * calling thread does, in slices. Workers are started when first wanted and
   * stay for the next call; where none can be started the calling thread does
   * their work. Only the kernel (`"wasm"`) uses them: a native backend has the
   * platform's threads, and `"portable"` stays in the calling thread.
   *
   * @default {as many as there are processors, if the values are enough to keep them busy}
   */
  workers?: number;
}

/** Options of the asynchronous calls that encrypt under a passphrase. */
export interface PassphraseEncryptOptions
  extends PassphraseEncryptSyncOptions, PassphraseAsyncOptions {}

/** Options of the asynchronous calls that decrypt under a passphrase. */
export interface PassphraseDecryptOptions
  extends PassphraseDecryptSyncOptions, PassphraseAsyncOptions {}

/** Options of the calls that encrypt many values under a passphrase. */
export interface PassphraseEncryptManyOptions
  extends PassphraseEncryptOptions, PassphraseManyOptions {}

/** Options of the calls that decrypt many values under a passphrase. */
export interface PassphraseDecryptManyOptions
  extends PassphraseDecryptOptions, PassphraseManyOptions {}

/** Options of {@linkcode upgrade}. */
export interface UpgradeOptions extends PassphraseDecryptOptions {
  /**
   * PBKDF2 iterations to write.
   *
   * @default {600_000}
   */
  targetIterations?: number;
}

/** Options of {@linkcode upgradeMany}. */
export interface UpgradeManyOptions extends UpgradeOptions, PassphraseManyOptions {}

const SYNC = ["iterations", "backend"] as const;
const ASYNC = ["signal", "onProgress"] as const;
const MANY = ["workers"] as const;

/** The names of each call's options. */
export const OPTION_NAMES = {
  encryptSync: SYNC,
  encrypt: [...SYNC, ...ASYNC],
  encryptMany: [...SYNC, ...ASYNC, ...MANY],
  decryptSync: [...SYNC, "lenient"],
  decrypt: [...SYNC, "lenient", ...ASYNC],
  decryptMany: [...SYNC, "lenient", ...ASYNC, ...MANY],
  upgrade: [...SYNC, "lenient", "targetIterations", ...ASYNC],
  upgradeMany: [...SYNC, "lenient", "targetIterations", ...ASYNC, ...MANY],
} as const;

/** What every call under a passphrase goes by, checked. */
export interface CheckedCall extends DerivationOptions {
  /** The choice. */
  readonly backend: BackendChoice;
  /** The `workers` option. */
  readonly workers?: number;
}

/** What a call goes by that encrypts. */
export interface EncryptCall extends CheckedCall {
  /** The iterations to write. */
  readonly iterations: number;
}

/** What a call goes by that decrypts. */
export interface DecryptCall extends CheckedCall {
  /** The iterations to try, in ascending order. */
  readonly costs: readonly number[];
  /** Whether other forms of base64 are taken. */
  readonly lenient: boolean;
}

/** What a call goes by that upgrades. */
export interface UpgradeCall extends DecryptCall, EncryptCall {}

/**
 * Checks the options of a call that encrypts.
 *
 * @throws {TypeError} If one is unknown or of the wrong type.
 * @throws {RangeError} If a number is out of its bounds.
 */
export function encryptCall<Options extends PassphraseEncryptManyOptions>(
  options: Options | undefined,
  names: readonly (keyof Options & string)[],
): EncryptCall {
  const known: PassphraseEncryptManyOptions = checkKdfOptions(options, names);
  const iterations = checkIterations(known.iterations ?? FLET_ITERATIONS);
  return { ...checkedCall(known), iterations };
}

/**
 * Checks the options of a call that decrypts.
 *
 * @throws {TypeError} If one is unknown or of the wrong type.
 * @throws {RangeError} If a number is out of its bounds.
 */
export function decryptCall<Options extends PassphraseDecryptManyOptions>(
  options: Options | undefined,
  names: readonly (keyof Options & string)[],
): DecryptCall {
  const known: PassphraseDecryptManyOptions = checkKdfOptions(options, names);
  const costs = readableCosts(known.iterations);
  return { ...checkedCall(known), costs, lenient: checkLenient(known.lenient) };
}

/**
 * Checks the options of a call that upgrades.
 *
 * @throws {TypeError} If one is unknown or of the wrong type.
 * @throws {RangeError} If a number is out of its bounds.
 */
export function upgradeCall<Options extends UpgradeManyOptions>(
  options: Options | undefined,
  names: readonly (keyof Options & string)[],
): UpgradeCall {
  const known: UpgradeManyOptions = checkKdfOptions(options, names);
  const iterations = checkIterations(known.targetIterations ?? FLET_ITERATIONS);
  const costs = readableCosts(known.iterations, iterations);
  return { ...checkedCall(known), iterations, costs, lenient: checkLenient(known.lenient) };
}

function checkedCall(
  { backend, signal, onProgress, workers }: CheckedOptions,
): CheckedCall {
  checkSignal(signal);
  checkOnProgress(onProgress);
  return { backend: checkBackend(backend), signal, onProgress, workers: checkWorkers(workers) };
}

type CheckedOptions = { backend?: BackendChoice } & PassphraseAsyncOptions & PassphraseManyOptions;

function checkLenient(lenient: boolean = false): boolean {
  if (typeof lenient === "boolean") return lenient;
  throw new TypeError(`Cannot use lenient: expected a boolean, got ${kindOf(lenient)}`);
}

/** Checks the iterations to read and puts them in ascending order, `also` among them. */
function readableCosts(
  iterations: number | readonly number[] = [OLD_FLET_ITERATIONS, FLET_ITERATIONS],
  ...also: number[]
): number[] {
  const costs = Array.isArray(iterations) ? iterations : [iterations];
  if (costs.length < 1 || costs.length > MAX_COSTS) {
    throw new RangeError(
      `Cannot use iterations: expected a number or up to ${MAX_COSTS}, got ${costs.length}`,
    );
  }
  return [...new Set([...costs, ...also].map(checkIterations))].sort((a, b) => a - b);
}
