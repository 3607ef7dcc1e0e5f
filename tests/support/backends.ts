/**
 * The same test body on every backend, forced.
 *
 * @module
 */

import { type BackendName, Fernet } from "@ironfern/ironfern";
import type { Backend } from "../../src/backends/backend.ts";
import { getBackend } from "../../src/backends/select/available.ts";

/** All backends. In Deno each of them is there; a test fails where one is not. */
export const BACKENDS: readonly BackendName[] = ["wasm", "webcrypto", "node", "portable"];

/** Those that have synchronous calls. */
export const SYNC_BACKENDS: readonly BackendName[] = ["wasm", "node", "portable"];

/** Registers a test for each of the backends. */
export function testEach(
  name: string,
  body: (backend: BackendName, engine: Backend) => void | Promise<void>,
  backends: readonly BackendName[] = BACKENDS,
): void {
  for (const backend of backends) {
    Deno.test(`${name} [${backend}]`, () => body(backend, getBackend(backend)));
  }
}

/** A new Fernet under a random key on a backend. */
export function randomFernet(backend: BackendName | "auto" = "auto"): Fernet {
  return new Fernet(Fernet.generateKey(), { backend });
}
