/**
 * PBKDF2 on the kernel, an output block a slot.
 *
 * @module
 */

import { DIGEST_LENGTH, type Hash, type KdfBlock, type SlicedKdf } from "../backends/backend.ts";
import type { Kernel } from "./kernel.ts";

/** The hashes by their number in the kernel's interface. */
const HASHES: readonly Hash[] = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/** Blocks in one call: at 1,000 iterations it stays well under 10 ms. */
const LANES = 8;

interface KernelBlock extends KdfBlock {
  readonly slot: number;
}

/** The kernel's PBKDF2, in slices. */
export function kernelPbkdf2(kernel: Kernel): SlicedKdf {
  return {
    lanes: LANES,
    slots: kernel.exports.derivation_slots(),
    start({ hash, password, salt }, index) {
      const slot = kernel.call((exports, arena) =>
        exports.derivation_start(
          HASHES.indexOf(hash),
          arena.write(password),
          password.length,
          arena.write(salt),
          salt.length,
          index,
        )
      );
      if (slot < 0) throw new Error("Cannot start a derivation: every slot of the kernel is taken");
      const block: KernelBlock = {
        slot,
        output: () =>
          kernel.call((exports, arena) => {
            const out = arena.place(DIGEST_LENGTH[hash]);
            return arena.read(out, exports.derivation_output(slot, out));
          }),
        free: () => kernel.exports.derivation_free(slot),
      };
      return block;
    },
    run(blocks, iterations) {
      const slots = Uint8Array.from(blocks as readonly KernelBlock[], ({ slot }) => slot);
      kernel.call((exports, arena) =>
        exports.derivation_run(arena.write(slots), slots.length, iterations)
      );
    },
  };
}
