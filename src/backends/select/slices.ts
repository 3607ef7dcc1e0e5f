/**
 * Which parts seal and open the slices of a file with the least time of the CPU on
 * this machine: found out once, in some milliseconds. All of node:crypto wins in Node
 * and Bun, WebCrypto's AES in Deno, and the kernel on CPUs without AES extensions.
 *
 * @module
 */

import type { Batch } from "../../bytes/batch.ts";
import { LINE_FEED } from "../../bytes/batch.ts";
import { makeSliceEngine, type SliceEngineName } from "../slices.ts";
import { HEAD, tokenLength } from "../token.ts";
import { type BackendChoice, findBackend } from "./available.ts";

const PROBE_LENGTH = 65_519;
/** The first round compiles; the best one counts. */
const ROUNDS = 3;

let fastest: Promise<SliceEngineName | undefined> | undefined;

/** The backends whose slices workers can seal. */
type SliceChoice = Extract<BackendChoice, "auto" | "wasm" | "node">;

/** Whether there are engines for slices under that choice. */
export function hasSlices(choice: BackendChoice): choice is SliceChoice {
  if (choice !== "auto") return choice === "wasm" || choice === "node";
  return Boolean(findBackend("wasm") ?? findBackend("node"));
}

/** The engine for slices; `undefined` where none works. */
export function pickSlices(choice: SliceChoice): Promise<SliceEngineName | undefined> {
  return choice === "auto" ? fastest ??= probe() : Promise.resolve(choice);
}

async function probe(): Promise<SliceEngineName | undefined> {
  const names: SliceEngineName[] = [
    ...findBackend("node") ? ["node" as const] : [],
    ...findBackend("node") && findBackend("webcrypto") ? ["mixed" as const] : [],
    ...findBackend("wasm") ? ["wasm" as const] : [],
  ];
  let [best, least]: [SliceEngineName | undefined, number] = [undefined, Infinity];
  for (const name of names) {
    // One that fails here would fail later.
    const elapsed = await time(name).catch(() => Infinity);
    if (elapsed < least) [best, least] = [name, elapsed];
  }
  return best;
}

/** Milliseconds a message, one call after the other. */
async function time(name: SliceEngineName): Promise<number> {
  const { together, lane } = await makeSliceEngine(name, new Uint8Array(32));
  const records = probeRecords(together);
  const heads = new Uint8Array(together * HEAD);
  const out = new Uint8Array(together * (tokenLength(PROBE_LENGTH) + 1));
  const { seal } = lane();
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await seal(records, heads, out);
    least = Math.min(least, performance.now() - start);
  }
  return least / together;
}

function probeRecords(count: number): Batch {
  const length = PROBE_LENGTH + 1;
  const offsets = Uint32Array.from({ length: count + 1 }, (_, index) => index * length);
  return { bytes: new Uint8Array(count * length).fill(LINE_FEED), offsets, lineFeeds: true };
}
