/**
 * What a message longer than a batch is made of: AES-128-CBC and HMAC-SHA256
 * that go on where their last call stopped.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import type { Kernel } from "./kernel.ts";

const TAG = 32;
/** Bytes of which the kernel's and the caller's copies stay in the CPU's caches. */
const CACHED = 32_768;

/** Begins an encryption or a decryption over whole blocks. */
export function cbcStream(
  kernel: Kernel,
  operation: "cbc_encrypt" | "cbc_decrypt",
  key: Bytes,
  iv: Bytes,
): (blocks: Bytes) => Bytes {
  const chain = iv.slice();
  const step = (blocks: Bytes, out: Bytes) =>
    kernel.call((exports, arena) => {
      const keyAt = arena.write(key);
      const chainAt = arena.write(chain);
      const data = arena.write(blocks);
      exports[operation](keyAt, chainAt, data, blocks.length);
      arena.readInto(chainAt, chain);
      arena.readInto(data, out);
    });
  return (blocks) => {
    const out = new Uint8Array(blocks.length);
    for (let start = 0; start < blocks.length; start += CACHED) {
      const end = start + CACHED;
      step(blocks.subarray(start, end), out.subarray(start, end));
    }
    return out;
  };
}

/** An HMAC-SHA256 in one of the kernel's slots, which has to be freed. */
export class KernelMac {
  readonly #kernel: Kernel;
  readonly #generation: number;
  readonly #slot: number;

  /** Takes a slot. */
  constructor(kernel: Kernel, key: Bytes) {
    this.#kernel = kernel;
    this.#generation = kernel.generation;
    this.#slot = kernel.call((exports, arena) => exports.mac_start(arena.write(key), key.length));
    if (this.#slot < 0) throw new Error("Cannot start a MAC: every slot of the kernel is taken");
  }

  /** Absorbs bytes. */
  update(bytes: Bytes): void {
    this.#kernel.call(
      (exports, arena) => exports.mac_update(this.#slot, arena.write(bytes), bytes.length),
      this.#generation,
    );
  }

  /** The tag of what was absorbed. */
  digest(): Bytes {
    return this.#kernel.call((exports, arena) => {
      const out = arena.place(TAG);
      exports.mac_tag(this.#slot, out);
      return arena.read(out, TAG);
    }, this.#generation);
  }

  /** Wipes and frees the slot. */
  free(): void {
    if (this.#kernel.generation !== this.#generation) return;
    this.#kernel.call((exports) => exports.mac_free(this.#slot));
  }
}
