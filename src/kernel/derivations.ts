/**
 * PBKDF2's output blocks, one a slot of the kernel.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import type { Kernel } from "./kernel.ts";

const LONGEST_DIGEST = 64;

/** What a block is derived from. */
export interface KernelDerivationInput {
  /** The hash's number in the kernel's interface. */
  readonly hash: number;
  /** The password. */
  readonly password: Bytes;
  /** The salt. */
  readonly salt: Bytes;
  /** The block's number, from 1. */
  readonly index: number;
}

/** An output block in the making, which has to be freed. */
export class KernelDerivation {
  readonly #kernel: Kernel;
  readonly #generation: number;
  readonly #slot: number;

  /** Takes a slot and does the first iteration. */
  constructor(kernel: Kernel, { hash, password, salt, index }: KernelDerivationInput) {
    this.#kernel = kernel;
    this.#generation = kernel.generation;
    this.#slot = kernel.call((exports, arena) => {
      const passwordAt = arena.write(password);
      const saltAt = arena.write(salt);
      return exports.derivation_start(
        hash,
        passwordAt,
        password.length,
        saltAt,
        salt.length,
        index,
      );
    });
    if (this.#slot < 0) {
      throw new Error("Cannot start a derivation: every slot of the kernel is taken");
    }
  }

  /** Does `iterations` more iterations, 1,000 at most, of every block. */
  static run(kernel: Kernel, blocks: readonly KernelDerivation[], iterations: number): void {
    const slots = Uint8Array.from(blocks, (block) => block.#slot);
    kernel.call(
      (exports, arena) => exports.derivation_run(arena.write(slots), slots.length, iterations),
      Math.min(...blocks.map((block) => block.#generation)),
    );
  }

  /** The block for the iterations done so far. */
  output(): Bytes {
    return this.#kernel.call((exports, arena) => {
      const out = arena.place(LONGEST_DIGEST);
      return arena.read(out, exports.derivation_output(this.#slot, out));
    }, this.#generation);
  }

  /** Wipes and frees the slot. */
  free(): void {
    if (this.#kernel.generation !== this.#generation) return;
    this.#kernel.call((exports) => exports.derivation_free(this.#slot));
  }
}
