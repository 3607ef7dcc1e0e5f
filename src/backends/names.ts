/**
 * The names of the backends, apart from the backends themselves, which take time
 * to load.
 *
 * @module
 */

import type { BackendName } from "./backend.ts";

/** In the order in which they are listed and measured. */
export const BACKEND_NAMES: readonly BackendName[] = ["wasm", "webcrypto", "node", "portable"];
