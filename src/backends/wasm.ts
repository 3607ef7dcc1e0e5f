/**
 * The Rust kernel in WebAssembly.
 *
 * @module
 */

import { kernelFernet } from "../kernel/fernet.ts";
import { getKernel } from "../kernel/kernel.ts";
import { kernelPbkdf2 } from "../kernel/pbkdf2.ts";
import { Semaphore } from "../schedule.ts";
import type { Backend } from "./backend.ts";
import { fernetEngines } from "./token_engine.ts";

/**
 * The backend.
 *
 * @throws {BackendUnavailableError} If the kernel cannot be compiled here.
 */
export function createWasm(): Backend {
  const kernel = getKernel();
  const { sync, async } = fernetEngines(kernelFernet(kernel));
  // A long message holds one of the kernel's MAC slots over many turns; one
  // slot stays free for the synchronous calls.
  const macs = new Semaphore(kernel.exports.mac_slots() - 1);
  return {
    name: "wasm",
    sync,
    async: {
      ...async,
      seal: (...call) => macs.use(1, () => async.seal(...call)),
      open: (...call) => macs.use(1, () => async.open(...call)),
    },
    kdf: { sliced: kernelPbkdf2(kernel) },
  };
}
