/**
 * Encrypts values of an old cost anew, at the present one.
 *
 * @module
 */

import { checkArray } from "../checks.ts";
import { InvalidTokenError } from "../errors.ts";
import { checkSecretKey, passwordBytes, type SecretKey } from "./keys.ts";
import { openMany, openManySettled, readValues, readValuesSettled, sealMany } from "./many.ts";
import {
  OPTION_NAMES,
  type UpgradeCall,
  upgradeCall,
  type UpgradeManyOptions,
  type UpgradeOptions,
} from "./options.ts";
import type { PassphraseFailure } from "./passphrase.ts";
import { type OpenedAt, openValue, parseValue, readValue, sealValue } from "./value.ts";

export type { UpgradeManyOptions, UpgradeOptions } from "./options.ts";

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
 * present one. The new value has a new salt and IV, and the old one's time. A value
 * that is left alone is returned as it is, also where `lenient` was needed to read it.
 *
 * @param encryptedData The encrypted text.
 * @param secretKey The passphrase it was encrypted under.
 * @param options The iterations to read and to write, whether to be lenient, the
 * backend, a signal, progress in iterations.
 * @returns The value to store, and whether it is a new one.
 * @throws {InvalidTokenError} If the value cannot be decrypted.
 * @throws {TypeError} If the value is not a string, the passphrase is empty or
 * missing or holds a lone surrogate, the two seem to be swapped, or an option is
 * unknown.
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
  options?: UpgradeOptions,
): Promise<Upgraded> {
  const call = upgradeCall(options, OPTION_NAMES.upgrade);
  const parse = (text: string) => parseValue(text, call.lenient);
  const value = readValue(encryptedData, secretKey, parse);
  return await withPassword(secretKey, async (password) => {
    const [opening, sealing] = twoSteps(call);
    const { iterations, ...message } = await openValue(value, password, opening);
    try {
      if (iterations === call.iterations) {
        return { value: encryptedData, upgraded: false, iterations };
      }
      const fresh = await sealValue(message, password, sealing);
      return { value: fresh, upgraded: true, iterations };
    } finally {
      message.plaintext.fill(0);
    }
  });
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
  options?: UpgradeManyOptions,
): Promise<Upgraded[]> {
  const call = upgradeCall(options, OPTION_NAMES.upgradeMany);
  const texts = checkArray(encryptedData, "encryptedData");
  checkSecretKey(secretKey);
  const values = readValues(texts, call.lenient);
  return await withPassword(secretKey, async (password) => {
    const [opening, sealing] = twoSteps(call);
    const opened = await openMany(values, password, opening);
    const upgraded = await sealOld(opened, password, sealing);
    return opened.map((value, index) => outcome(value, upgraded.get(value), texts[index]));
  });
}

/** What {@linkcode upgradeManySettled} says of each value. */
export type UpgradeResult = UpgradeSuccess | PassphraseFailure;

/** The value was decrypted, and encrypted anew if it had an old cost. */
export interface UpgradeSuccess {
  /** Tells it from a failure. */
  ok: true;
  /** What to store. */
  value: Upgraded;
}

/**
 * Upgrades many values of one passphrase and reports on each by itself: one that is
 * damaged, `null` or not a string fails alone.
 *
 * @param encryptedData The encrypted texts.
 * @param secretKey The passphrase they were encrypted under.
 * @param options As in {@linkcode upgradeMany}, with the same progress.
 * @returns A result for each, in order: what to store, or an `InvalidTokenError` with
 * the value's `index`.
 * @throws {TypeError} If the encrypted texts are not an array, or the passphrase is
 * empty or missing or holds a lone surrogate.
 * @throws {RangeError} As {@linkcode upgradeMany}.
 * @throws {BackendUnavailableError} If the backend named is not here.
 *
 * @example A column with a gap
 * ```ts
 * import { encrypt, upgradeManySettled } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const old = await encrypt("a", "correct horse", { iterations: 100_000 });
 * const results = await upgradeManySettled([old, null], "correct horse");
 * assertEquals(results.map((result) => result.ok && result.value.upgraded), [true, false]);
 * ```
 */
export async function upgradeManySettled(
  encryptedData: readonly unknown[],
  secretKey: string | Uint8Array,
  options?: UpgradeManyOptions,
): Promise<UpgradeResult[]> {
  const call = upgradeCall(options, OPTION_NAMES.upgradeMany);
  const texts = checkArray(encryptedData, "encryptedData");
  const values = readValuesSettled(texts, call.lenient);
  return await withPassword(secretKey, async (password) => {
    const [opening, sealing] = twoSteps(call);
    const opened = await openManySettled(values, password, opening);
    const present = opened.filter((value) => value !== undefined);
    const upgraded = await sealOld(present, password, sealing);
    return opened.map((value, index): UpgradeResult =>
      value
        ? { ok: true, value: outcome(value, upgraded.get(value), texts[index] as string) }
        : { ok: false, error: new InvalidTokenError({ index }) }
    );
  });
}

/** Takes a copy of the passphrase: the caller may wipe its own before the second step. */
async function withPassword<T>(
  secretKey: SecretKey,
  work: (password: Uint8Array) => Promise<T>,
): Promise<T> {
  const password = passwordBytes(secretKey);
  try {
    return await work(password);
  } finally {
    password.fill(0);
  }
}

/** The call's two steps, whose progress is told as that of one. */
function twoSteps(call: UpgradeCall): [opening: UpgradeCall, sealing: UpgradeCall] {
  const { onProgress } = call;
  if (!onProgress) return [call, call];
  let opened = 0;
  return [
    { ...call, onProgress: (done, total) => onProgress(opened = done, total) },
    { ...call, onProgress: (done, total = 0) => onProgress(opened + done, opened + total) },
  ];
}

/** Encrypts those of an old cost anew, and wipes the plaintexts of all. */
async function sealOld(
  opened: readonly OpenedAt[],
  password: Uint8Array,
  call: UpgradeCall,
): Promise<Map<OpenedAt, string>> {
  try {
    const old = opened.filter(({ iterations }) => iterations !== call.iterations);
    const values = await sealMany(old, password, call);
    return new Map(old.map((value, index) => [value, values[index]]));
  } finally {
    for (const { plaintext } of opened) plaintext.fill(0);
  }
}

function outcome({ iterations }: OpenedAt, fresh: string | undefined, stored: string): Upgraded {
  return { value: fresh ?? stored, upgraded: fresh !== undefined, iterations };
}
