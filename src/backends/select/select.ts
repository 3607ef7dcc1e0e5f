/**
 * Which backends are here, and which of them a job is given to.
 *
 * @module
 */

import { quoted } from "../../checks.ts";
import { BackendUnavailableError } from "../../errors.ts";
import { onCloudflare } from "../../runtime/host.ts";
import type { Backend, BackendName, FernetEngine } from "../backend.ts";
import { BACKEND_NAMES } from "../names.ts";
import { createNode } from "../node.ts";
import { createPortable } from "../portable.ts";
import { createWasm } from "../wasm.ts";
import { beatsLanes, fastestForLong } from "./long_messages.ts";
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

/** The backend of that name, where it is here. */
export function findBackend(name: BackendName): Backend | undefined {
  try {
    return getBackend(name);
  } catch (error) {
    if (error instanceof BackendUnavailableError) return undefined;
    throw error;
  }
}

/**
 * Lists the backends that can be used here, the names that the `backend` option
 * takes.
 *
 * @returns The names, in the order `wasm`, `webcrypto`, `node`, `portable`;
 * the last one is always among them.
 *
 * @example Which backends are here
 * ```ts
 * import { availableBackends } from "@ironfern/ironfern";
 * import { assert } from "@std/assert";
 *
 * assert(availableBackends().includes("portable"));
 * ```
 */
export function availableBackends(): BackendName[] {
  return BACKEND_NAMES.filter(findBackend);
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

function isSync(backend: Backend | undefined): backend is SyncBackend {
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

/**
 * Bytes of a message from which the platform beats the kernel: one message is a
 * chain of blocks, which the kernel's lanes cannot share (`deno task bench`).
 */
const LONG_MESSAGE = 4_096;
/** Messages that fill the lanes well enough. */
const FULL_LANES = 4;
/** Bytes of such messages, on average and in all, from which a probe is worth it. */
const LONG_IN_BATCH = 8_192;
const LONG_BATCH = 262_144;
/** Bytes of a message from which WebCrypto's threads may be worth the detour. */
const VERY_LONG_MESSAGE = 65_536;

/** What a choice of a backend goes by: messages, and their mean length in bytes. */
export interface Load {
  /** How many messages there are. */
  readonly count: number;
  /** Bytes of a message on average. */
  readonly length: number;
}

/** The backend for such messages, in the calling thread. */
export function pickSync(choice: BackendChoice, { count, length }: Load): SyncBackend {
  if (choice !== "auto") return requireSync(choice);
  const [wasm, node] = [findBackend("wasm"), findBackend("node")];
  if (!isSync(wasm)) return isSync(node) ? node : requireSync("portable");
  if (!isSync(node)) return wasm;
  if (length < (count < FULL_LANES ? LONG_MESSAGE : LONG_IN_BATCH)) return wasm;
  if (count < FULL_LANES) return node;
  if (count * length < LONG_BATCH || onCloudflare) return wasm;
  return beatsLanes(node.sync, wasm.sync, length) ? node : wasm;
}

/** The backend for such messages, by promises. */
export async function pickAsync(choice: BackendChoice, load: Load): Promise<Backend> {
  if (choice !== "auto") return getBackend(choice);
  if (load.length < VERY_LONG_MESSAGE) return pickSync(choice, load);
  const here = (["webcrypto", "node", "wasm"] as const).map(findBackend).filter((each) => !!each);
  if (here.length < 2 || onCloudflare) return here[0] ?? pickSync(choice, load);
  return await fastestForLong(here, load);
}
