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
import type { AsyncFernetEngine, FernetEngine } from "./backend.ts";
import {
  HEAD,
  type OpenedToken,
  openToken,
  pieces,
  type Primitives,
  sealToken,
  tokenLength,
} from "./token.ts";

/** The two engines that do the work at once, or with pauses for the event loop. */
export function fernetEngines(
  primitives: Primitives,
): { sync: FernetEngine; async: AsyncFernetEngine } {
  return {
    sync: {
      seal: (key, records, heads) => runSync(sealRecords(primitives, key, records, heads)),
      open: (key, tokens) => runSync(openTokens(primitives, key, tokens)),
      hmac: (key, data) => hmac(primitives, key, data),
    },
    async: {
      seal: (key, records, heads, signal) =>
        runAsync(sealRecords(primitives, key, records, heads), signal),
      open: (key, tokens, signal) => runAsync(openTokens(primitives, key, tokens), signal),
      hmac: (key, data) => Promise.resolve(hmac(primitives, key, data)),
    },
  };
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
    const out = tokens.place(tokenLength(record.length));
    yield* sealToken(primitives, key, record, head, out);
    yield;
  }
  return tokens.finish();
}

function* openTokens(primitives: Primitives, key: Bytes, tokens: Batch): Sliced<Opened> {
  const results = new OpenedWriter(tokens);
  let done = false;
  try {
    for (let index = 0; index < batchLength(tokens); index++) {
      yield* openToken(primitives, key, recordView(tokens, index), (opened) => results.add(opened));
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

  /** Makes room for the results of these tokens. */
  constructor(tokens: Batch) {
    const count = batchLength(tokens);
    this.#plaintexts = new BatchWriter(count, tokens.bytes.length, tokens.lineFeeds);
    this.#valid = new Uint8Array(count);
    this.#times = new BigUint64Array(count);
  }

  /** Adds a copy of the next token's result; `undefined` is that of a bad one. */
  add(opened: OpenedToken | undefined): void {
    if (opened) {
      this.#valid[this.#written] = 1;
      this.#times[this.#written] = opened.time;
    }
    this.#plaintexts.add(opened?.plaintext ?? new Uint8Array());
    this.#written++;
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
