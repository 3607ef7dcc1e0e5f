/**
 * The kernel's module in a worker, which is sent it compiled: the build of the
 * worker's body takes this in the place of `src/kernel/load.ts`, and so leaves
 * the kernel's text out.
 *
 * @module
 */

import { BackendUnavailableError } from "../errors.ts";

let received: WebAssembly.Module | undefined;

/** Keeps the module that the calling thread has compiled, if it could. */
export function receiveModule(module: WebAssembly.Module | undefined): void {
  received = module;
}

/**
 * The compiled module.
 *
 * @throws {BackendUnavailableError} If none was received.
 */
export function kernelModule(): WebAssembly.Module {
  if (received) return received;
  throw new BackendUnavailableError("wasm", "the thread that started this worker has no kernel");
}
