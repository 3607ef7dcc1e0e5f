/**
 * A batch of tokens in one call of the kernel.
 *
 * @module
 */

import { type Batch, batchLength, type Opened } from "../batch.ts";
import type { Bytes } from "../encoding.ts";
import type { Kernel } from "./kernel.ts";

const INVALID = 0xffff_ffff;
/** Bytes of a time and of a length. */
const RESULT = 12;
/** Room for the key, and for the alignment of every place. */
const SPARE = 128;

/**
 * Seals a batch; `undefined` where it does not fit the arena.
 *
 * @param offsets Where each token begins and ends.
 */
export function sealBatch(
  kernel: Kernel,
  key: Bytes,
  records: Batch,
  heads: Bytes,
  offsets: Uint32Array,
): Batch | undefined {
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
      keyAt,
      headsAt,
      offsetsAt,
      recordsAt,
      tokensAt,
      out,
    );
    return { bytes: arena.read(out, length), offsets };
  });
}

/** Opens a batch of tokens; `undefined` where it does not fit the arena. */
export function openBatch(kernel: Kernel, key: Bytes, tokens: Batch): Opened | undefined {
  const count = batchLength(tokens);
  const need = 2 * tokens.bytes.length + tokens.offsets.byteLength + RESULT * count;
  if (need + SPARE > kernel.arenaLength) return undefined;
  return kernel.call((exports, arena) => {
    const keyAt = arena.write(key);
    const offsetsAt = arena.writeWords(tokens.offsets);
    const tokensAt = arena.write(tokens.bytes);
    const timesAt = arena.place(RESULT * count);
    const out = arena.place(tokens.bytes.length);
    exports.open_batch(count, keyAt, offsetsAt, tokensAt, timesAt, out);

    const times = new BigUint64Array(arena.read(timesAt, 8 * count).buffer);
    const lengths = new Uint32Array(arena.read(timesAt + 8 * count, 4 * count).buffer);
    const valid = new Uint8Array(count);
    const offsets = new Uint32Array(count + 1);
    for (let index = 0; index < count; index++) {
      const ok = lengths[index] !== INVALID;
      valid[index] = Number(ok);
      offsets[index + 1] = offsets[index] + (ok ? lengths[index] : 0);
    }
    return { plaintexts: { bytes: arena.read(out, offsets[count]), offsets }, valid, times };
  });
}
