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
import { HEAD, openToken, pieces, type Primitives, sealToken, tokenLength } from "./token.ts";

/** The work of a Fernet engine, in slices. */
export interface SlicedFernet {
  /** As `FernetEngine.seal`. */
  seal(key: Bytes, records: Batch, heads: Bytes): Sliced<Batch>;
  /** As `FernetEngine.open`. */
  open(key: Bytes, tokens: Batch): Sliced<Opened>;
  /** As `FernetEngine.hmac`. */
  hmac(key: Bytes, data: Bytes): Bytes;
}

/** The two engines that do the work at once or with pauses. */
export function fernetEngines(
  work: SlicedFernet,
): { sync: FernetEngine; async: AsyncFernetEngine } {
  return {
    sync: {
      seal: (key, records, heads) => runSync(work.seal(key, records, heads)),
      open: (key, tokens) => runSync(work.open(key, tokens)),
      hmac: (key, data) => work.hmac(key, data),
    },
    async: {
      seal: (key, records, heads, signal) => runAsync(work.seal(key, records, heads), signal),
      open: (key, tokens, signal) => runAsync(work.open(key, tokens), signal),
      hmac: (key, data) => Promise.resolve(work.hmac(key, data)),
    },
  };
}

/** A batch's work as that of its records. */
export function slicedFernet(primitives: Primitives): SlicedFernet {
  return {
    *seal(key, records, heads) {
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
    },
    *open(key, tokens) {
      const results = new OpenedWriter(tokens);
      for (let index = 0; index < batchLength(tokens); index++) {
        results.add(yield* openToken(primitives, key, recordView(tokens, index)));
        yield;
      }
      return results.finish();
    },
    hmac(key, data) {
      const mac = primitives.mac(key);
      try {
        for (const slice of pieces(data)) mac.update(slice);
        return mac.digest();
      } finally {
        mac.free?.();
      }
    },
  };
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

  /** Adds the next token's result; `undefined` is that of a bad one. */
  add(opened: { plaintext: Uint8Array; time: bigint } | undefined): void {
    if (opened) {
      this.#valid[this.#written] = 1;
      this.#times[this.#written] = opened.time;
    }
    this.#plaintexts.add(opened?.plaintext ?? new Uint8Array());
    this.#written++;
  }

  /** The results. */
  finish(): Opened {
    return { plaintexts: this.#plaintexts.finish(), valid: this.#valid, times: this.#times };
  }
}
