/**
 * Tokens into messages: into batches, and through a backend, under one key or
 * several.
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
import { checkArray, kindOf } from "../checks.ts";
import { InvalidTokenError } from "../errors.ts";
import { type KeyedBackend, type KeySource, withKey } from "./key.ts";
import type { TokenReader } from "./read_options.ts";
import { MAX_TOKEN } from "./seal.ts";

/** Characters of the longest value under a passphrase: a salt and a token. */
export const MAX_VALUE: number = base64Length(16 + MAX_TOKEN);

/** A token that was opened. */
export interface OpenedValue {
  /** The plaintext. */
  readonly plaintext: Bytes;
  /** The token's Unix time in seconds. */
  readonly time: bigint;
}

/**
 * Opens tokens in the calling thread, each with the first key that can; a bad
 * one is `undefined`.
 */
export function openSync(
  keySources: readonly KeySource[],
  tokens: readonly string[],
  reader: TokenReader,
): (OpenedValue | undefined)[] {
  if (!tokens.length) pickSync(keySources[0]().backend, { count: 0, length: 0 });
  const search = new KeySearch(tokens, reader);
  for (const keySource of keySources) {
    for (const batch of search.batches()) {
      const { key, backend } = keySource();
      search.take(pickSync(backend, batchLoad(batch)).sync.open(key, batch));
    }
  }
  return search.values;
}

/** Opens tokens by promises, as {@linkcode openSync}. */
export async function openAsync(
  keySources: readonly KeySource[],
  tokens: readonly string[],
  reader: TokenReader,
  signal?: AbortSignal,
): Promise<(OpenedValue | undefined)[]> {
  const search = new KeySearch(tokens, reader);
  // Later ones may be destroyed while the first is tried.
  const keys = keySources.map((keySource) => keySource())
    .map(({ key, backend }) => ({ key: key.slice(), backend }));
  try {
    for (const keyed of keys) {
      for (const batch of search.batches()) search.take(await openBatch(keyed, batch, signal));
    }
    return search.values;
  } finally {
    for (const { key } of keys) key.fill(0);
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

/**
 * Opens a token.
 *
 * @throws {TypeError} If it is not a string.
 * @throws {InvalidTokenError} If no key opens it.
 */
export function openOne(
  keySources: readonly KeySource[],
  token: string,
  reader: TokenReader,
): OpenedValue {
  const [opened] = openSync(keySources, checkTokens([token]), reader);
  if (!opened) throw new InvalidTokenError();
  return opened;
}

/**
 * Opens many tokens.
 *
 * @throws {TypeError} If it is not an array of strings.
 * @throws {InvalidTokenError} If no key opens one of them, with its `index`.
 */
export function openAll(
  keySources: readonly KeySource[],
  tokens: readonly string[],
  reader: TokenReader,
): OpenedValue[] {
  const texts = checkTokens(checkArray(tokens, "the tokens"));
  return openSync(keySources, texts, reader).map((opened, index) => {
    if (!opened) throw new InvalidTokenError({ index });
    return opened;
  });
}

/** Tokens that each of several keys is tried on, until one opens them. */
class KeySearch {
  /** What was opened, at the places of the tokens. */
  readonly values: (OpenedValue | undefined)[];
  readonly #texts: readonly string[];
  readonly #inTime: TokenReader["inTime"];
  /** The places that are in the batch under way. */
  #tried: readonly number[] = [];
  /** The places that no key has opened yet. */
  #missing: number[];

  constructor(tokens: readonly string[], { canonical, inTime }: TokenReader) {
    this.#texts = tokens.map((token) => bounded(canonical(token)));
    this.#inTime = inTime;
    this.values = new Array(tokens.length).fill(undefined);
    this.#missing = [...tokens.keys()];
  }

  /** Batches of what is missing; the results of each are to be taken before the next. */
  *batches(): Generator<Batch> {
    const [texts, places] = [this.#texts, this.#missing];
    this.#missing = [];
    for (const [start, end] of batchRanges(places.length, (at) => texts[places[at]].length)) {
      this.#tried = places.slice(start, end);
      yield tokenBatch(this.#tried.map((place) => texts[place]));
    }
  }

  /** Takes copies of the plaintexts and wipes the batch's own. */
  take({ plaintexts, valid, times }: Opened): void {
    try {
      this.#tried.forEach((place, index) => {
        const time = times[index];
        if (valid[index] && (this.#inTime?.(time) ?? true)) {
          this.values[place] = { plaintext: batchRecord(plaintexts, index), time };
        } else {
          this.#missing.push(place);
        }
      });
    } finally {
      plaintexts.bytes.fill(0);
    }
  }
}

/** What is longer than any token is none. */
function bounded(token: string): string {
  return token.length > MAX_TOKEN ? "" : token;
}

/**
 * Checks tokens.
 *
 * @throws {TypeError} If one is not a string.
 */
export function checkTokens(tokens: readonly unknown[]): string[] {
  return tokens.map((token, index) => {
    if (typeof token === "string") return token;
    throw notText(token, tokens.length === 1 ? "the token" : `token ${index}`);
  });
}

/** The error of a token that is no string. */
export function notText(token: unknown, which: string): TypeError {
  return new TypeError(`Cannot decrypt ${which}: expected a string, got ${kindOf(token)}`);
}
