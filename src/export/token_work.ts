/**
 * Whoever seals and opens the batches of a sealed export.
 *
 * @module
 */

import type { Batch, Opened } from "../batch.ts";
import type { Bytes } from "../encoding.ts";
import { type KeyedBackend, openBatch, sealBatch } from "../fernet_batches.ts";

/** Fernet over batches under one key. */
export interface TokenWork {
  /** How many batches are worked on at once with profit. */
  readonly inFlight: number;
  /** Seals a batch of records, whose buffers it may take over; the result is the caller's own. */
  seal(records: Batch, heads: Bytes): Promise<Batch>;
  /** Opens a batch of tokens, which stay as they are; the result is the caller's own. */
  open(tokens: Batch): Promise<Opened>;
  /** Ends it: what is still worked on is dropped. */
  close(): void;
}

/** How the work is done. */
export interface TokenWorkOptions {
  /** How many workers, from 0 to 64; `undefined` leaves it to the work. */
  readonly workers: number | undefined;
  /** Rejects what is worked on with its reason. */
  readonly signal: AbortSignal;
}

/** Does the work in the calling thread. */
export function tokenWork(keyed: KeyedBackend, { signal }: TokenWorkOptions): TokenWork {
  return {
    inFlight: 1,
    seal: (records, heads) => sealBatch(keyed, records, heads, signal),
    open: (tokens) => openBatch(keyed, tokens, signal),
    close() {},
  };
}
