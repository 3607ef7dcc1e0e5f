/**
 * Which backend messages are given to.
 *
 * @module
 */

import { onCloudflare } from "../../runtime/host.ts";
import type { Backend } from "../backend.ts";
import {
  type BackendChoice,
  findBackend,
  getBackend,
  isSync,
  requireSync,
  type SyncBackend,
} from "./available.ts";
import { beatsLanes, fastestForLong } from "./long_messages.ts";

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
  const wasm = findBackend("wasm");
  const node = findBackend("node");
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
  const here = (["webcrypto", "node", "wasm"] as const).map((name) => findBackend(name))
    .filter((each) => !!each);
  if (here.length < 2 || onCloudflare) return here[0] ?? pickSync(choice, load);
  return await fastestForLong(here, load);
}
