/**
 * Fernet on the kernel: a batch in one call, a longer message in slices.
 *
 * @module
 */

import { type Batch, batchLength } from "../batch.ts";
import type { Opened } from "../backends/backend.ts";
import { type MacStream, type Primitives, tokenLength } from "../backends/token.ts";
import { type SlicedFernet, tokenWork } from "../backends/token_engine.ts";
import type { Bytes } from "../encoding.ts";
import type { Kernel } from "./kernel.ts";

const INVALID = 0xffff_ffff;
/** Room for the key, and for the alignment of every place. */
const SPARE = 128;

/** The kernel's Fernet, in slices. */
export function kernelFernet(kernel: Kernel): SlicedFernet {
  const long = tokenWork(kernelPrimitives(kernel));
  return {
    *seal(key, records, heads) {
      const offsets = sealedOffsets(records);
      const length = offsets[offsets.length - 1];
      const need = records.bytes.length + records.offsets.byteLength + heads.length + length;
      if (need + SPARE > kernel.arenaLength) return yield* long.seal(key, records, heads);
      return sealBatch(kernel, key, records, heads, { offsets, length });
    },
    *open(key, tokens) {
      const { bytes, offsets } = tokens;
      const need = 2 * bytes.length + offsets.byteLength + 12 * batchLength(tokens);
      if (need + SPARE > kernel.arenaLength) return yield* long.open(key, tokens);
      return openBatch(kernel, key, tokens);
    },
    hmac: long.hmac,
  };
}

function sealedOffsets({ offsets }: Batch): Uint32Array {
  const sealed = new Uint32Array(offsets.length);
  for (let index = 1; index < offsets.length; index++) {
    sealed[index] = sealed[index - 1] + tokenLength(offsets[index] - offsets[index - 1]);
  }
  return sealed;
}

function sealBatch(
  kernel: Kernel,
  key: Bytes,
  records: Batch,
  heads: Bytes,
  sealed: { offsets: Uint32Array; length: number },
): Batch {
  return kernel.call((exports, arena) => {
    const keyAt = arena.write(key);
    const headsAt = arena.write(heads);
    const offsetsAt = arena.writeWords(records.offsets);
    const recordsAt = arena.write(records.bytes);
    const out = arena.place(sealed.length);
    exports.seal_batch(batchLength(records), keyAt, headsAt, offsetsAt, recordsAt, out);
    return { bytes: arena.read(out, sealed.length), offsets: sealed.offsets };
  });
}

function openBatch(kernel: Kernel, key: Bytes, tokens: Batch): Opened {
  return kernel.call((exports, arena) => {
    const count = batchLength(tokens);
    const keyAt = arena.write(key);
    const offsetsAt = arena.writeWords(tokens.offsets);
    const tokensAt = arena.write(tokens.bytes);
    const timesAt = arena.place(12 * count);
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

/** What a message longer than a batch is made of. */
function kernelPrimitives(kernel: Kernel): Primitives {
  const cbc = (operation: "cbc_encrypt" | "cbc_decrypt") => (key: Bytes, iv: Bytes) => {
    let chain = iv.slice();
    return (blocks: Bytes) =>
      kernel.call((exports, arena) => {
        const keyAt = arena.write(key);
        const chainAt = arena.write(chain);
        const data = arena.write(blocks);
        exports[operation](keyAt, chainAt, data, blocks.length);
        chain = arena.read(chainAt, chain.length);
        return arena.read(data, blocks.length);
      });
  };
  return {
    encryptor: cbc("cbc_encrypt"),
    decryptor: cbc("cbc_decrypt"),
    mac: (key) => kernelMac(kernel, key),
  };
}

function kernelMac(kernel: Kernel, key: Bytes): MacStream {
  const slot = kernel.call((exports, arena) => exports.mac_start(arena.write(key), key.length));
  if (slot < 0) throw new Error("Cannot start a MAC: every slot of the kernel is taken");
  return {
    update: (bytes) =>
      kernel.call((exports, arena) => exports.mac_update(slot, arena.write(bytes), bytes.length)),
    digest: () =>
      kernel.call((exports, arena) => {
        const out = arena.place(32);
        exports.mac_tag(slot, out);
        return arena.read(out, 32);
      }),
    free: () => kernel.exports.mac_free(slot),
  };
}
