/**
 * A batch of tokens in one call of the kernel.
 *
 * @module
 */

import {
  type Batch,
  BATCH_BYTES,
  BATCH_RECORDS,
  batchLength,
  type Opened,
  separatorLength,
} from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import type { Kernel } from "./kernel.ts";

const INVALID = 0xffff_ffff;
const OFFSET = 4;
/** Bytes of an HMAC. */
const TAG = 32;
/** Bytes of a time and of a length. */
const RESULT = 12;
/** Room for the key, and for the alignment of every place. */
const SPARE = 128;

/**
 * Seals a batch; `undefined` where it does not fit the arena.
 *
 * @param offsets Where each token begins and ends.
 */
export function kernelSeal(
  kernel: Kernel,
  key: Bytes,
  records: Batch,
  heads: Bytes,
  offsets: Uint32Array,
): Batch | undefined {
  const { lineFeeds } = records;
  const length = offsets[offsets.length - 1];
  const need = records.bytes.length + 2 * offsets.byteLength + heads.length + length;
  if (need + SPARE > kernel.arenaLength) return undefined;
  return kernel.call((exports, arena) => {
    const keyAt = arena.write(key);
    const headsAt = arena.write(heads);
    const offsetsAt = arena.writeWords(records.offsets);
    const recordsAt = arena.write(records.bytes);
    const tokensAt = arena.writeWords(offsets);
    const out = arena.place(length);
    exports.seal_batch(
      batchLength(records),
      lineFeeds,
      keyAt,
      headsAt,
      offsetsAt,
      recordsAt,
      tokensAt,
      out,
    );
    return { bytes: arena.read(out, length), offsets, lineFeeds };
  });
}

/**
 * The HMAC-SHA256 of each record of a batch, 32 bytes each, back to back;
 * `undefined` where the batch does not fit the arena.
 */
export function kernelMacs(kernel: Kernel, key: Bytes, records: Batch): Bytes | undefined {
  const { bytes, offsets, lineFeeds } = records;
  const count = batchLength(records);
  const length = TAG * count;
  const need = key.length + offsets.byteLength + bytes.length + length;
  if (need + SPARE > kernel.arenaLength) return undefined;
  return kernel.call((exports, arena) => {
    const keyAt = arena.write(key);
    const offsetsAt = arena.writeWords(offsets);
    const recordsAt = arena.write(bytes);
    const out = arena.place(length);
    exports.mac_batch(count, lineFeeds, keyAt, key.length, offsetsAt, recordsAt, out);
    return arena.read(out, length);
  });
}

/** The whole lines at the start of a text, as many as fit a batch. */
export function kernelLines(kernel: Kernel, text: Bytes): Batch {
  const start = text.subarray(0, BATCH_BYTES);
  return kernel.call((exports, arena) => {
    const textAt = arena.write(start);
    const endsAt = arena.place(OFFSET * BATCH_RECORDS);
    const count = exports.find_lines(textAt, start.length, endsAt, BATCH_RECORDS);
    const offsets = new Uint32Array(count + 1);
    offsets.set(new Uint32Array(arena.read(endsAt, OFFSET * count).buffer), 1);
    return { bytes: text.subarray(0, offsets[count]), offsets, lineFeeds: true };
  });
}

/** Opens a batch of tokens; `undefined` where it does not fit the arena. */
export function kernelOpen(kernel: Kernel, key: Bytes, tokens: Batch): Opened | undefined {
  const { lineFeeds } = tokens;
  const separator = separatorLength(tokens);
  const count = batchLength(tokens);
  const need = 2 * tokens.bytes.length + tokens.offsets.byteLength + RESULT * count;
  if (need + SPARE > kernel.arenaLength) return undefined;
  return kernel.call((exports, arena) => {
    const keyAt = arena.write(key);
    const offsetsAt = arena.writeWords(tokens.offsets);
    const tokensAt = arena.write(tokens.bytes);
    const timesAt = arena.place(RESULT * count);
    const out = arena.place(tokens.bytes.length);
    exports.open_batch(count, lineFeeds, keyAt, offsetsAt, tokensAt, timesAt, out);

    const times = new BigUint64Array(arena.read(timesAt, 8 * count).buffer);
    const lengths = new Uint32Array(arena.read(timesAt + 8 * count, 4 * count).buffer);
    const valid = new Uint8Array(count);
    const offsets = new Uint32Array(count + 1);
    for (let index = 0; index < count; index++) {
      const ok = lengths[index] !== INVALID;
      valid[index] = Number(ok);
      offsets[index + 1] = offsets[index] + (ok ? lengths[index] : 0) + separator;
    }
    const bytes = arena.read(out, offsets[count]);
    return { plaintexts: { bytes, offsets, lineFeeds }, valid, times };
  });
}
