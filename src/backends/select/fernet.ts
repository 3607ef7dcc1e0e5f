/**
 * Which backend messages are given to.
 *
 * @module
 */

import type { AsyncSingleEngine, Backend } from "../backend.ts";
import {
  type BackendChoice,
  findBackend,
  getBackend,
  requireSync,
  type SyncBackend,
} from "./available.ts";
import { type Load, Parts } from "./parts.ts";

const parts = new Parts(findBackend);

/** The backend for such messages, in the calling thread. */
export function pickSync(choice: BackendChoice, load: Load): SyncBackend {
  if (choice !== "auto") return requireSync(choice);
  return parts.sync(load) ?? requireSync("portable");
}

/** The backend for such messages, by promises. */
export function pickAsync(choice: BackendChoice, load: Load): Backend {
  if (choice !== "auto") return getBackend(choice);
  return parts.async(load) ?? pickSync(choice, load);
}

/**
 * The engine for one long message; `undefined` for a message that is better sealed
 * together with others.
 *
 * @param nextTurn Says how many of them came before in this tick.
 */
export function pickSingle(
  choice: BackendChoice,
  length: number,
  nextTurn: () => number,
): AsyncSingleEngine | undefined {
  return choice === "auto" ? parts.single(length, nextTurn) : getBackend(choice).async.single;
}
