/**
 * Tokens into messages: into batches, and through a backend, under one key or
 * several.
 *
 * @module
 */

import type { AsyncSingleEngine } from "../backends/backend.ts";
import { pickAsync, pickSingle, pickSync } from "../backends/select/fernet.ts";
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
import { type Call, LONGEST_QUEUED, TickQueue, Turns } from "./tick_queue.ts";

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
  const search = new KeySearch(canonicalTokens(tokens, reader), () => reader.inTime);
  for (const keySource of keySources) search.tryKey(keySource);
  return search.values;
}

/** What was asked for by promises, of one `Fernet`: see {@linkcode openAsync}. */
export class OpenQueue {
  readonly #calls = new TickQueue<string, OpenedValue>(openBatchOfCalls);
  readonly #turns = new Turns();

  /** How many long tokens were asked for before in this tick. */
  nextTurn(): number {
    return this.#turns.next();
  }

  /**
   * Opens a short token together with the others of this tick; the first one at once,
   * as it may stay alone.
   */
  async add(
    keys: readonly KeyedBackend[],
    token: string,
    { inTime }: TokenReader,
    signal?: AbortSignal,
  ): Promise<OpenedValue> {
    if (!this.nextTurn()) return openWithAny(keys, token, inTime);
    return await this.#calls.add(keys, token, { signal, inTime });
  }
}

/**
 * Opens a token by promises, with the first key that can.
 *
 * @throws {InvalidTokenError} If no key opens it.
 */
export async function openAsync(
  queue: OpenQueue,
  keySources: readonly KeySource[],
  token: string,
  reader: TokenReader,
  signal?: AbortSignal,
): Promise<OpenedValue> {
  const [text] = canonicalTokens([token], reader);
  signal?.throwIfAborted();
  const keys = keySources.map((keySource) => keySource());
  const length = messageLength(text.length);
  const engines = keys.map(({ backend }) => pickSingle(backend, length, () => queue.nextTurn()));
  if (text.length <= LONGEST_QUEUED && !engines.some(Boolean)) {
    return await queue.add(keys, text, reader, signal);
  }
  // Later ones may be destroyed while the first is tried.
  const copies = keys.map((keyed) => ({ ...keyed, key: keyed.key.slice() }));
  try {
    for (const [index, keyed] of copies.entries()) {
      const opened = await openLong(engines[index], keyed, text, signal);
      if (!opened) continue;
      if (reader.inTime?.(opened.time) ?? true) return opened;
      opened.plaintext.fill(0);
    }
  } finally {
    for (const { key } of copies) key.fill(0);
  }
  throw new InvalidTokenError();
}

async function openLong(
  engine: AsyncSingleEngine | undefined,
  keyed: KeyedBackend,
  token: string,
  signal?: AbortSignal,
): Promise<OpenedValue | undefined> {
  if (engine) return await engine.open(keyed, token, signal);
  const { plaintexts, valid, times } = await openBatch(keyed, tokenBatch([token]), signal);
  try {
    return valid[0] ? { plaintext: batchRecord(plaintexts, 0), time: times[0] } : undefined;
  } finally {
    plaintexts.bytes.fill(0);
  }
}

function openWithAny(
  keys: readonly KeyedBackend[],
  token: string,
  inTime: TokenReader["inTime"],
): OpenedValue {
  const search = new KeySearch([token], () => inTime);
  for (const keyed of keys) search.tryKey(() => keyed);
  const [opened] = search.values;
  if (!opened) throw new InvalidTokenError();
  return opened;
}

/** Opens the tokens of a tick, each with its own bounds for the time. */
function openBatchOfCalls(
  keys: readonly KeyedBackend[],
  calls: readonly Call<string, OpenedValue>[],
): (() => OpenedValue)[] {
  const search = new KeySearch(calls.map(({ value }) => value), (place) => calls[place].inTime);
  for (const keyed of keys) search.tryKey(() => keyed);
  return search.values.map((opened) => () => {
    if (!opened) throw new InvalidTokenError();
    return opened;
  });
}

/** Bytes of the message in a token of so many characters, more or less. */
function messageLength(tokenLength: number): number {
  return tokenLength * 3 / 4;
}

function canonicalTokens(tokens: readonly string[], { canonical }: TokenReader): string[] {
  return tokens.map((token) => bounded(canonical(token)));
}

/** Opens a batch by promises. */
export async function openBatch(
  keyed: KeyedBackend,
  tokens: Batch,
  signal?: AbortSignal,
): Promise<Opened> {
  return await withKey(keyed, async (key) => {
    const { async } = pickAsync(keyed.backend, batchLoad(tokens));
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
  readonly #inTimeOf: (place: number) => TokenReader["inTime"];
  /** The places that no key has opened yet. */
  #missing: number[];

  constructor(texts: readonly string[], inTimeOf: (place: number) => TokenReader["inTime"]) {
    this.#texts = texts;
    this.#inTimeOf = inTimeOf;
    this.values = new Array(texts.length).fill(undefined);
    this.#missing = [...texts.keys()];
  }

  /** Tries a key on all that is missing. */
  tryKey(keySource: KeySource): void {
    const [texts, places] = [this.#texts, this.#missing];
    this.#missing = [];
    for (const [start, end] of batchRanges(places.length, (at) => texts[places[at]].length)) {
      const { key, backend } = keySource();
      this.#tryBatch(key, backend, places.slice(start, end));
    }
  }

  #tryBatch(key: Bytes, backend: KeyedBackend["backend"], places: readonly number[]): void {
    const texts = places.map((place) => this.#texts[place]);
    const length = texts.reduce((sum, { length }) => sum + length, 0) / texts.length;
    const { sync } = pickSync(backend, { count: texts.length, length: messageLength(length) });
    const { single } = sync;
    if (single) {
      places.forEach((place, index) => this.#take(place, single.open(key, texts[index])));
      return;
    }
    const { plaintexts, valid, times } = sync.open(key, tokenBatch(texts));
    try {
      places.forEach((place, index) => {
        const inTime = valid[index] && this.#isInTime(place, times[index]);
        const plaintext = inTime ? batchRecord(plaintexts, index) : undefined;
        this.#take(place, plaintext && { plaintext, time: times[index] });
      });
    } finally {
      plaintexts.bytes.fill(0);
    }
  }

  #isInTime(place: number, time: bigint): boolean {
    return this.#inTimeOf(place)?.(time) ?? true;
  }

  #take(place: number, opened: OpenedValue | undefined): void {
    if (opened && this.#isInTime(place, opened.time)) {
      this.values[place] = opened;
      return;
    }
    opened?.plaintext.fill(0);
    this.#missing.push(place);
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
