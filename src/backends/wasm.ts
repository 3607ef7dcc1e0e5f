/**
 * The Rust kernel in WebAssembly.
 *
 * @module
 */

import { type Batch, mappedOffsets, singleBatch } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { kernelLines, kernelMacs, kernelOpen, kernelSeal } from "../kernel/batches.ts";
import { KernelDerivation } from "../kernel/derivations.ts";
import { getKernel, type Kernel } from "../kernel/kernel.ts";
import { cbcStream, KernelMac } from "../kernel/streams.ts";
import { Semaphore } from "../runtime/schedule.ts";
import type { AsyncFernetEngine, Backend, FernetEngine, Hash, SlicedKdf } from "./backend.ts";
import { fernetEngines } from "./engine.ts";
import { type Primitives, tokenLength } from "./token.ts";

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
  const primitives: Primitives = {
    encryptor: (key, iv) => cbcStream(kernel, "cbc_encrypt", key, iv),
    decryptor: (key, iv) => cbcStream(kernel, "cbc_decrypt", key, iv),
    mac: (key) => new KernelMac(kernel, key),
  };
  return {
    name: "wasm",
    primitives,
    ...kernelEngines(kernel, primitives),
    takeLines: (text) => kernelLines(kernel, text),
    kdf: { sliced: slicedKdf(kernel) },
  };
}

/** A batch is one call of the kernel; a message too long for that is done in slices. */
function kernelEngines(
  kernel: Kernel,
  primitives: Primitives,
): { sync: FernetEngine; async: AsyncFernetEngine } {
  const long = fernetEngines(primitives);
  // A long message holds one of the kernel's MAC slots over many turns; one
  // slot stays free for the synchronous calls.
  const macs = new Semaphore(kernel.exports.mac_slots() - 1);
  const seal = (key: Bytes, records: Batch, heads: Bytes) =>
    kernelSeal(kernel, key, records, heads, mappedOffsets(records, tokenLength));
  const hmac = (key: Bytes, data: Bytes) =>
    kernelMacs(kernel, key, singleBatch(data)) ?? long.sync.hmac(key, data);
  return {
    sync: {
      seal: (key, records, heads) =>
        seal(key, records, heads) ?? long.sync.seal(key, records, heads),
      open: (key, tokens) => kernelOpen(kernel, key, tokens) ?? long.sync.open(key, tokens),
      hmac,
      hmacMany: (key, records) => kernelMacs(kernel, key, records),
    },
    async: {
      seal: (key, records, heads, signal) =>
        macs.use(1, async () => {
          signal?.throwIfAborted();
          return seal(key, records, heads) ?? await long.async.seal(key, records, heads, signal);
        }, signal),
      open: (key, tokens, signal) =>
        macs.use(1, async () => {
          signal?.throwIfAborted();
          return kernelOpen(kernel, key, tokens) ?? await long.async.open(key, tokens, signal);
        }, signal),
      hmac: (key, data) => Promise.resolve(hmac(key, data)),
    },
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
