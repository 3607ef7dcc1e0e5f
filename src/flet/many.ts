/**
 * Many values of one passphrase, each with a salt of its own and so with a
 * derivation of its own.
 *
 * @module
 */

import { checkString } from "../checks.ts";
import { InvalidTokenError } from "../errors.ts";
import type { OpenedValue } from "../fernet/open.ts";
import { manyKeysAt, newSalt, type SecretKey } from "./keys.ts";
import type { DecryptCall, EncryptCall } from "./options.ts";
import {
  type OpenedAt,
  openToken,
  type ParsedValue,
  parseValue,
  sealToken,
  wrapToken,
} from "./value.ts";

/** Encrypts messages, and wipes them; progress is in messages. */
export async function sealMany(
  messages: readonly OpenedValue[],
  secretKey: SecretKey,
  call: EncryptCall,
): Promise<string[]> {
  const count = messages.length;
  const salts = messages.map(newSalt);
  const values: string[] = [];
  let done = 0;
  try {
    for await (
      const { index, key } of manyKeysAt(secretKey, salts, count, [call.iterations], call)
    ) {
      values[index] = wrapToken(salts[index], await sealToken(key, messages[index], call));
      call.onProgress?.(++done, count);
    }
    return values;
  } finally {
    for (const { plaintext } of messages) plaintext.fill(0);
  }
}

/**
 * Opens values; progress is in values.
 *
 * @throws {InvalidTokenError} If one cannot be opened, with the `index` of the
 * first. Values are begun in order, and none after one that has failed.
 */
export async function openMany(
  values: readonly ParsedValue[],
  secretKey: SecretKey,
  call: DecryptCall,
): Promise<OpenedAt[]> {
  let failed = false;
  function* begun() {
    for (const { salt } of values) {
      if (failed) return;
      yield salt;
    }
  }
  const opened = await openBegun(values, begun(), secretKey, call, () => failed = true);
  const index = opened.findIndex((each) => !each);
  if (index >= 0) {
    for (const each of opened) each?.plaintext.fill(0);
    throw new InvalidTokenError({ index });
  }
  return opened as OpenedAt[];
}

/** Opens values, each by itself; one that is not there or cannot be opened is `undefined`. */
export async function openManySettled(
  values: readonly (ParsedValue | undefined)[],
  secretKey: SecretKey,
  call: DecryptCall,
): Promise<(OpenedAt | undefined)[]> {
  const present = values.filter((value) => value !== undefined);
  const absent = values.length - present.length;
  const onProgress = call.onProgress &&
    ((done: number) => call.onProgress?.(absent + done, values.length));
  const salts = present.map(({ salt }) => salt);
  const opened = await openBegun(present, salts, secretKey, { ...call, onProgress });
  let next = 0;
  return values.map((value) => value && opened[next++]);
}

async function openBegun(
  values: readonly ParsedValue[],
  salts: Iterable<ParsedValue["salt"]>,
  secretKey: SecretKey,
  call: DecryptCall,
  onFailure?: () => void,
): Promise<(OpenedAt | undefined)[]> {
  const count = values.length;
  const opened = new Array<OpenedAt | undefined>(count).fill(undefined);
  let done = 0;
  let ended = false;
  try {
    for await (const candidate of manyKeysAt(secretKey, salts, count, call.costs, call)) {
      const { index, key, cost, last } = candidate;
      const value = await openToken(key, values[index].token, call);
      if (value) {
        candidate.accepted = true;
        opened[index] = { ...value, iterations: cost };
      } else if (last) onFailure?.();
      if (value || last) call.onProgress?.(++done, count);
    }
    ended = true;
    return opened;
  } finally {
    // After an abort, nobody will have them.
    if (!ended) { for (const each of opened) each?.plaintext.fill(0); }
  }
}

/**
 * Takes values apart, before any derivation.
 *
 * @throws {TypeError} If one is not a string.
 * @throws {InvalidTokenError} If the structure of one is not a value's, with its
 * `index`.
 */
export function readValues(values: readonly string[], lenient: boolean): ParsedValue[] {
  return values.map((value, index) => {
    const parsed = parseValue(checkString(value, `encryptedData[${index}]`), lenient);
    if (!parsed) throw new InvalidTokenError({ index });
    return parsed;
  });
}

/** {@linkcode readValues} of each by itself: what is not a value is `undefined`. */
export function readValuesSettled(
  values: readonly unknown[],
  lenient: boolean,
): (ParsedValue | undefined)[] {
  return values.map((value) => typeof value === "string" ? parseValue(value, lenient) : undefined);
}
