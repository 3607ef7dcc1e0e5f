/**
 * Which backends are here.
 *
 * @module
 */

import { checkOptions, kindOf, quoted } from "../../checks.ts";
import { BackendUnavailableError } from "../../errors.ts";
import type { Backend, BackendName, FernetEngine } from "../backend.ts";
import { BACKEND_NAMES } from "../names.ts";
import { createNode } from "../node.ts";
import { createPortable } from "../portable.ts";
import { createWasm } from "../wasm.ts";
import { createWebCrypto } from "../webcrypto.ts";

/** A backend's name, or `"auto"` for the fastest that is right for the job. */
export type BackendChoice = BackendName | "auto";

const CREATE: Readonly<Record<BackendName, () => Backend>> = {
  wasm: createWasm,
  webcrypto: createWebCrypto,
  node: createNode,
  portable: createPortable,
};
const created = new Map<BackendName, Backend>();

/**
 * The backend of that name.
 *
 * @throws {BackendUnavailableError} If it is not here.
 */
export function getBackend(name: BackendName): Backend {
  const known = created.get(name) ?? CREATE[name]();
  created.set(name, known);
  return known;
}

/** The backend of that name, where it is here; else the callback is told why not. */
export function findBackend(
  name: BackendName,
  onUnavailable?: (error: BackendUnavailableError) => void,
): Backend | undefined {
  try {
    return getBackend(name);
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    onUnavailable?.(error);
    return undefined;
  }
}

/** Options of {@linkcode availableBackends}. */
export interface AvailableBackendsOptions {
  /** Called with the reason for each backend that cannot be used here. */
  onUnavailable?: (error: BackendUnavailableError) => void;
}

/**
 * Lists the backends that can be used here, the names that the `backend` option
 * takes.
 *
 * @param options A callback for those that cannot be used. `"auto"` takes another
 * one without a word, so that this is how to warn of a Content-Security-Policy
 * that costs the kernel.
 * @returns The names, in the order `wasm`, `webcrypto`, `node`, `portable`;
 * the last one is always among them.
 * @throws {TypeError} If the options are not such an object.
 *
 * @example Which backends are here
 * ```ts
 * import { availableBackends } from "@ironfern/ironfern";
 * import { assert } from "@std/assert";
 *
 * const onUnavailable = (error: Error) => console.warn(error.message);
 * assert(availableBackends({ onUnavailable }).includes("portable"));
 * ```
 */
export function availableBackends(options?: AvailableBackendsOptions): BackendName[] {
  const { onUnavailable } = checkOptions(options, ["onUnavailable"]);
  if (onUnavailable !== undefined && typeof onUnavailable !== "function") {
    throw new TypeError(
      `Cannot use onUnavailable: expected a function, got ${kindOf(onUnavailable)}`,
    );
  }
  return BACKEND_NAMES.filter((name) => findBackend(name, onUnavailable));
}

/**
 * Checks a `backend` option.
 *
 * @throws {TypeError} If it names no backend.
 */
export function checkBackend(choice: BackendChoice = "auto"): BackendChoice {
  if (choice === "auto" || BACKEND_NAMES.includes(choice)) return choice;
  throw new TypeError(
    `Cannot use the backend ${quoted(choice)}: expected "auto" or one of ${
      BACKEND_NAMES.map((name) => `"${name}"`).join(", ")
    }`,
  );
}

/** A backend whose Fernet is synchronous. */
export type SyncBackend = Backend & { readonly sync: FernetEngine };

/** Whether its Fernet is synchronous. */
export function isSync(backend: Backend | undefined): backend is SyncBackend {
  return backend?.sync !== undefined;
}

/**
 * The backend of that name, for a synchronous call.
 *
 * @throws {TypeError} If it has promises only.
 */
export function requireSync(name: BackendName): SyncBackend {
  const backend = getBackend(name);
  if (isSync(backend)) return backend;
  throw new TypeError(
    `Cannot use the backend "${name}" in a synchronous call: it has promises only, so use the asynchronous call`,
  );
}
