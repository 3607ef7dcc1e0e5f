/**
 * Tokens into values: into batches, and through a backend.
 *
 * @module
 */

import { pickAsync, pickSync } from "../backends/select/fernet.ts";
import { base64Length } from "../bytes/base64.ts";
import {
  type Batch,
  batchLoad,
  batchRanges,
  batchRecord,
  type Opened,
  tokenBatch,
} from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { kindOf } from "../checks.ts";
import { type KeyedBackend, withKey } from "./key.ts";
import { MAX_TOKEN } from "./seal.ts";

/** Characters of the longest value under a passphrase: a salt and a token. */
export const MAX_VALUE: number = base64Length(16 + MAX_TOKEN);

/** A token that was opened, whatever its time. */
export interface OpenedValue {
  /** The plaintext. */
  readonly plaintext: Bytes;
  /** The token's Unix time in seconds. */
  readonly time: bigint;
}

/** Opens tokens in the calling thread, in order; a bad one is `undefined`. */
export function* openSync(
  { key, backend }: KeyedBackend,
  tokens: readonly string[],
): Generator<OpenedValue | undefined> {
  pickSync(backend, { count: 0, length: 0 });
  for (const batch of openBatches(tokens)) {
    yield* openedValues(pickSync(backend, batchLoad(batch)).sync.open(key, batch));
  }
}

/** Opens tokens by promises, in order; a bad one is `undefined`. */
export async function* openAsync(
  keyed: KeyedBackend,
  tokens: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<OpenedValue | undefined> {
  for (const batch of openBatches(tokens)) {
    yield* openedValues(await openBatch(keyed, batch, signal));
  }
}

/** Opens a batch by promises. */
export async function openBatch(
  keyed: KeyedBackend,
  tokens: Batch,
  signal?: AbortSignal,
): Promise<Opened> {
  return await withKey(keyed, async (key) => {
    const { async } = await pickAsync(keyed.backend, batchLoad(tokens));
    return await async.open(key, tokens, signal);
  });
}

function* openBatches(tokens: readonly string[]): Generator<Batch> {
  const bounded = tokens.map(checkToken);
  for (const [start, end] of batchRanges(bounded.length, (index) => bounded[index].length)) {
    yield tokenBatch(bounded.slice(start, end));
  }
}

function checkToken(token: unknown, index: number, { length }: readonly unknown[]): string {
  if (typeof token === "string") return token.length > MAX_TOKEN ? "" : token;
  const which = length === 1 ? "the token" : `token ${index}`;
  throw new TypeError(`Cannot decrypt ${which}: expected a string, got ${kindOf(token)}`);
}

function* openedValues({ plaintexts, valid, times }: Opened): Generator<OpenedValue | undefined> {
  for (let index = 0; index < valid.length; index++) {
    yield valid[index]
      ? { plaintext: batchRecord(plaintexts, index), time: times[index] }
      : undefined;
  }
}
