/**
 * Both Fernet engines of a backend that has synchronous primitives, a token at
 * a time.
 *
 * @module
 */

import {
  type Batch,
  batchLength,
  BatchWriter,
  mappedOffsets,
  type Opened,
  recordView,
} from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { runAsync, runSync, type Sliced } from "../runtime/schedule.ts";
import type { AsyncFernetEngine, AsyncSingleEngine, FernetEngine } from "./backend.ts";
import {
  decodeToken,
  decodeTokenText,
  encodeRaw,
  HEAD,
  type OpenedToken,
  openRaw,
  pieces,
  type Primitives,
  rawLength,
  sealRaw,
  textOfRaw,
  tokenLength,
  tokenTime,
} from "./token.ts";

/** Bytes of a message, or characters of a token, that take no pause: a millisecond at most. */
const AT_ONCE = 131_072;

/** The two engines that do the work at once, or with pauses for the event loop. */
export function fernetEngines(
  primitives: Primitives,
): { sync: FernetEngine; async: AsyncFernetEngine } {
  return {
    sync: {
      seal: (key, records, heads) => runSync(sealRecords(primitives, key, records, heads)),
      open: (key, tokens) => runSync(openTokens(primitives, key, tokens)),
      hmac: (key, data) => hmac(primitives, key, data),
      single: {
        seal: (key, record, head) => sealText(primitives, key, record, head),
        open: (key, token) => openText(primitives, key, token),
      },
    },
    async: {
      seal: (key, records, heads, signal) =>
        runAsync(sealRecords(primitives, key, records, heads), signal),
      open: (key, tokens, signal) => runAsync(openTokens(primitives, key, tokens), signal),
      hmac: (key, data) => Promise.resolve(hmac(primitives, key, data)),
      single: asyncSingle(primitives),
    },
  };
}

/** A short message is done within the call, a long one in slices of copies. */
function asyncSingle(primitives: Primitives): AsyncSingleEngine {
  return {
    async seal({ key }, record, head, signal) {
      if (record.length <= AT_ONCE) return sealText(primitives, key, record, head);
      const [ownKey, own] = [key.slice(), record.slice()];
      try {
        return await runAsync(sealSlices(primitives, ownKey, own, head), signal);
      } finally {
        ownKey.fill(0);
        own.fill(0);
      }
    },
    async open({ key }, token, signal) {
      if (token.length <= AT_ONCE) return openText(primitives, key, token);
      const ownKey = key.slice();
      try {
        return await runAsync(openSlices(primitives, ownKey, token), signal);
      } finally {
        ownKey.fill(0);
      }
    },
  };
}

/**
 * Where raw tokens are made and read that take no pause: memory that was touched
 * before costs a third of new memory (measured). Nothing in it is secret, as the
 * plaintext is in other places.
 */
let scratch = new Uint8Array();
const SCRATCH = 3 << 19;

/** Room for a raw token, until the next call of this. */
export function scratchOf(length: number): Bytes {
  if (length > SCRATCH) return new Uint8Array(length);
  if (scratch.length < length) scratch = new Uint8Array(Math.min(2 * length, SCRATCH));
  return scratch.subarray(0, length);
}

/** Seals one record into the token's ASCII, which fills `out`. */
export function sealInto(
  primitives: Primitives,
  key: Bytes,
  record: Bytes,
  head: Bytes,
  out: Bytes,
): void {
  const raw = scratchOf(rawLength(record.length));
  runSync(sealRaw(primitives, key, record, head, raw));
  runSync(encodeRaw(raw, out));
}

/** Seals one record into the token's text. */
export function sealText(
  primitives: Primitives,
  key: Bytes,
  record: Bytes,
  head: Uint8Array,
): string {
  const raw = scratchOf(rawLength(record.length));
  runSync(sealRaw(primitives, key, record, head, raw));
  return runSync(textOfRaw(raw));
}

/** Opens one token, or says `undefined` of a bad one. */
export function openText(
  primitives: Primitives,
  key: Bytes,
  token: string,
): OpenedToken | undefined {
  return runSync(openSlices(primitives, key, token, scratchOf));
}

/** Opens one token's ASCII, or says `undefined` of a bad one. */
export function openOne(
  primitives: Primitives,
  key: Bytes,
  token: Bytes,
): OpenedToken | undefined {
  const raw = decodeToken(token);
  return raw && runSync(opened(primitives, key, raw));
}

function* sealSlices(
  primitives: Primitives,
  key: Bytes,
  record: Bytes,
  head: Uint8Array,
): Sliced<string> {
  const raw = new Uint8Array(rawLength(record.length));
  yield* sealRaw(primitives, key, record, head, raw);
  return yield* textOfRaw(raw);
}

function* openSlices(
  primitives: Primitives,
  key: Bytes,
  token: string,
  room = (length: number): Bytes => new Uint8Array(length),
): Sliced<OpenedToken | undefined> {
  const raw = decodeTokenText(token, room);
  yield;
  return raw && (yield* opened(primitives, key, raw));
}

function* opened(
  primitives: Primitives,
  key: Bytes,
  raw: Bytes,
): Sliced<OpenedToken | undefined> {
  let plaintext: Bytes = new Uint8Array();
  let valid = false;
  try {
    valid = yield* openRaw(primitives, key, raw, (length) => plaintext = new Uint8Array(length));
    return valid ? { plaintext, time: tokenTime(raw) } : undefined;
  } finally {
    if (!valid) plaintext.fill(0);
  }
}

function* sealRecords(
  primitives: Primitives,
  key: Bytes,
  records: Batch,
  heads: Bytes,
): Sliced<Batch> {
  const count = batchLength(records);
  const length = mappedOffsets(records, tokenLength)[count];
  const tokens = new BatchWriter(count, length, records.lineFeeds);
  for (let index = 0; index < count; index++) {
    const head = heads.subarray(index * HEAD, (index + 1) * HEAD);
    const record = recordView(records, index);
    const raw = new Uint8Array(rawLength(record.length));
    yield* sealRaw(primitives, key, record, head, raw);
    yield* encodeRaw(raw, tokens.place(tokenLength(record.length)));
    yield;
  }
  return tokens.finish();
}

function* openTokens(primitives: Primitives, key: Bytes, tokens: Batch): Sliced<Opened> {
  const results = new OpenedWriter(tokens);
  let done = false;
  try {
    for (let index = 0; index < batchLength(tokens); index++) {
      const raw = decodeToken(recordView(tokens, index));
      const place = (length: number) => results.place(length);
      const valid = raw && (yield* openRaw(primitives, key, raw, place));
      results.end(valid ? tokenTime(raw) : undefined);
      yield;
    }
    done = true;
    return results.finish();
  } finally {
    if (!done) results.wipe();
  }
}

function hmac(primitives: Primitives, key: Bytes, data: Bytes): Bytes {
  const mac = primitives.mac(key);
  try {
    for (const slice of pieces(data)) mac.update(slice);
    return mac.digest();
  } finally {
    mac.free?.();
  }
}

/** Collects the results of opening a batch. */
export class OpenedWriter {
  readonly #plaintexts: BatchWriter;
  readonly #valid: Uint8Array;
  readonly #times: BigUint64Array;
  #written = 0;
  #placed = false;

  /** Makes room for the results of these tokens. */
  constructor(tokens: Batch) {
    const count = batchLength(tokens);
    this.#plaintexts = new BatchWriter(count, tokens.bytes.length, tokens.lineFeeds);
    this.#valid = new Uint8Array(count);
    this.#times = new BigUint64Array(count);
  }

  /** The place of the next token's plaintext. */
  place(length: number): Bytes {
    this.#placed = true;
    return this.#plaintexts.place(length);
  }

  /** Ends the next token with its time; `undefined` is that of a bad one, which has no place. */
  end(time: bigint | undefined): void {
    if (!this.#placed) this.#plaintexts.place(0);
    this.#placed = false;
    if (time !== undefined) {
      this.#valid[this.#written] = 1;
      this.#times[this.#written] = time;
    }
    this.#written++;
  }

  /** Adds a copy of the next token's result; `undefined` is that of a bad one. */
  add(opened: OpenedToken | undefined): void {
    if (opened) this.place(opened.plaintext.length).set(opened.plaintext);
    this.end(opened?.time);
  }

  /** Wipes the plaintexts, where nobody will have them. */
  wipe(): void {
    this.#plaintexts.finish().bytes.fill(0);
  }

  /** The results. */
  finish(): Opened {
    return { plaintexts: this.#plaintexts.finish(), valid: this.#valid, times: this.#times };
  }
}
