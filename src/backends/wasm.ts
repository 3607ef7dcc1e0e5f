/**
 * The Rust kernel in WebAssembly.
 *
 * @module
 */

import { mappedOffsets } from "../bytes/batch.ts";
import { kernelLines, kernelOpen, kernelSeal } from "../kernel/batches.ts";
import { KernelDerivation } from "../kernel/derivations.ts";
import { getKernel, type Kernel } from "../kernel/kernel.ts";
import { cbcStream, KernelMac } from "../kernel/streams.ts";
import { Semaphore } from "../runtime/schedule.ts";
import type { Backend, Hash, SlicedKdf } from "./backend.ts";
import { tokenLength } from "./token.ts";
import { fernetEngines, type SlicedFernet, slicedFernet } from "./engine.ts";

/** The hashes by their number in the kernel's interface. */
const HASHES: readonly Hash[] = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
/** Blocks in one call: at 1,000 iterations it stays well under 10 ms. */
const LANES = 8;

/**
 * The backend.
 *
 * @throws {BackendUnavailableError} If the kernel cannot be compiled here.
 */
export function createWasm(): Backend {
  const kernel = getKernel();
  const { sync, async } = fernetEngines(fernetWork(kernel));
  // A long message holds one of the kernel's MAC slots over many turns; one
  // slot stays free for the synchronous calls.
  const macs = new Semaphore(kernel.exports.mac_slots() - 1);
  return {
    name: "wasm",
    sync,
    async: {
      ...async,
      seal: (key, records, heads, signal) =>
        macs.use(1, () => async.seal(key, records, heads, signal), signal),
      open: (key, tokens, signal) => macs.use(1, () => async.open(key, tokens, signal), signal),
    },
    takeLines: (text) => kernelLines(kernel, text),
    kdf: { sliced: slicedKdf(kernel) },
  };
}

/** A batch in one call, a longer message in slices. */
function fernetWork(kernel: Kernel): SlicedFernet {
  const long = slicedFernet({
    encryptor: (key, iv) => cbcStream(kernel, "cbc_encrypt", key, iv),
    decryptor: (key, iv) => cbcStream(kernel, "cbc_decrypt", key, iv),
    mac: (key) => new KernelMac(kernel, key),
  });
  return {
    *seal(key, records, heads) {
      return kernelSeal(kernel, key, records, heads, mappedOffsets(records, tokenLength)) ??
        (yield* long.seal(key, records, heads));
    },
    *open(key, tokens) {
      return kernelOpen(kernel, key, tokens) ?? (yield* long.open(key, tokens));
    },
    hmac: long.hmac,
  };
}

function slicedKdf(kernel: Kernel): SlicedKdf {
  return {
    lanes: LANES,
    slots: kernel.exports.derivation_slots(),
    start: ({ hash, password, salt }, index) =>
      new KernelDerivation(kernel, { hash: HASHES.indexOf(hash), password, salt, index }),
    run: (blocks, iterations) =>
      KernelDerivation.run(kernel, blocks as readonly KernelDerivation[], iterations),
  };
}
