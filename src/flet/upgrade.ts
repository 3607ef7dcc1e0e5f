/**
 * Values of an old cost, brought to the present one.
 *
 * @module
 */

import { checkArray, checkIterations, secretBytes } from "../checks.ts";
import { OpenJob, type ParsedValue, parseValue, SealJob } from "./value.ts";
import {
  callAsync,
  FLET_ITERATIONS,
  type PassphraseDecryptOptions,
  type PassphraseManyOptions,
  readableCosts,
} from "./options.ts";

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

/** What {@linkcode upgrade} did with a value. */
export interface Upgraded {
  /** The value to store: a new one, or the old one where it was left alone. */
  value: string;
  /** Whether it is a new one. */
  upgraded: boolean;
  /** The PBKDF2 iterations that the old value had. */
  iterations: number;
}

/**
 * Encrypts a value anew if it has an old cost, and leaves it alone if it has the
 * present one. The new value has a new salt and IV, and the old one's time.
 *
 * @param encryptedData The encrypted text.
 * @param secretKey The passphrase it was encrypted under.
 * @param options The iterations to read and to write, the backend, a signal,
 * progress in values.
 * @returns The value to store, and whether it is a new one.
 * @throws {InvalidTokenError} If the value cannot be decrypted.
 * @throws {TypeError} If the value is not a string, or the passphrase is empty
 * or missing or holds a lone surrogate.
 * @throws {RangeError} If a number of iterations is not an integer from 1 to
 * 2^32-1.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example A value of an old Flet
 * ```ts
 * import { encrypt, upgrade } from "@ironfern/ironfern";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const old = await encrypt("hello", "correct horse", { iterations: 100_000 });
 * const { value, upgraded } = await upgrade(old, "correct horse");
 * assert(upgraded);
 * assertEquals((await upgrade(value, "correct horse")).upgraded, false);
 * ```
 */
export async function upgrade(
  encryptedData: string,
  secretKey: string | Uint8Array,
  options: UpgradeOptions = {},
): Promise<Upgraded> {
  const [result] = await upgradeAll([parseValue(encryptedData)], secretKey, options, "one");
  return { ...result, value: result.value ?? encryptedData };
}

/**
 * Upgrades many values of one passphrase, as {@linkcode upgrade} does one.
 *
 * @param encryptedData The encrypted texts.
 * @param secretKey The passphrase they were encrypted under.
 * @param options As in {@linkcode upgrade}, and how many workers derive the keys;
 * progress is in keys derived, one a value and one more for each that is encrypted
 * anew.
 * @returns What to store of each, in order.
 * @throws {InvalidTokenError} If one cannot be decrypted: its `index` is that of
 * the first such value. Then nothing is returned, and nothing is lost.
 * @throws {TypeError} As {@linkcode upgrade}, of any value.
 * @throws {RangeError} As {@linkcode upgrade}; if `workers` is not an integer from 0
 * to 64.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example A column of a table
 * ```ts
 * import { encryptMany, upgradeMany } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const column = await encryptMany(["a", "b"], "correct horse", { iterations: 100_000 });
 * const results = await upgradeMany(column, "correct horse");
 * assertEquals(results.map(({ upgraded }) => upgraded), [true, true]);
 * ```
 */
export async function upgradeMany(
  encryptedData: readonly string[],
  secretKey: string | Uint8Array,
  options: UpgradeManyOptions = {},
): Promise<Upgraded[]> {
  const values = checkArray(encryptedData, "the encrypted data");
  const parsed = values.map(parseValue);
  const results = await upgradeAll(parsed, secretKey, options, "many");
  return results.map((result, index) => ({
    ...result,
    value: result.value ?? values[index],
  }));
}

/** As {@linkcode Upgraded}, but with no value where the old one is left alone. */
type Outcome = Omit<Upgraded, "value"> & { value?: string };

async function upgradeAll(
  values: readonly ParsedValue[],
  secretKey: string | Uint8Array,
  options: UpgradeManyOptions,
  count: "one" | "many",
): Promise<Outcome[]> {
  const { targetIterations, signal, backend, workers } = options;
  const target = checkIterations(targetIterations ?? FLET_ITERATIONS);
  const costs = readableCosts(options.iterations, target);
  const mode = { async: true, signal };
  // The caller may wipe its own bytes before the second step comes to them.
  const secret = secretBytes(secretKey, "the secret key");
  let before = 0;
  let done = 0;
  const onProgress = (now: number, total: number | undefined) =>
    options.onProgress?.(done = before + now, before + (total ?? 0));

  const step = { signal, backend, workers, onProgress };
  try {
    const opened = await callAsync(
      secret,
      step,
      count,
      (call) => values.map((value) => new OpenJob(call, mode, costs, value)),
    );
    const old = opened.filter(({ iterations }) => iterations !== target);
    before = done;
    const sealed = await callAsync(
      secret,
      step,
      count,
      (call) => old.map((job) => new SealJob(call, mode, target, job.opened)),
    );
    const fresh = new Map(old.map((job, index) => [job, sealed[index].value]));
    return opened.map((job) => ({
      value: fresh.get(job),
      upgraded: fresh.has(job),
      iterations: job.iterations ?? target,
    }));
  } finally {
    secret.fill(0);
  }
}
