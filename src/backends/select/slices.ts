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
/** The first of them compile the code and start threads; the best call counts. */
const MESSAGES = 4;
/** The kernel is compiled well after so many. */
const KERNEL_MESSAGES = 24;
/** Milliseconds of the kernel for a slice, at its best: what takes less is not compared. */
const KERNEL_MS = 0.24;
/**
 * So much faster the kernel has to be: several lanes hide the time that WebCrypto's
 * threads take to answer, and eight slices at once do not fit the nearest caches.
 */
const CLEARLY = 0.7;

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
  const node = findBackend("node");
  const natives: SliceEngineName[] = [
    ...node ? ["node" as const] : [],
    ...node && findBackend("webcrypto") ? ["mixed" as const] : [],
  ];
  let [best, least]: [SliceEngineName | undefined, number] = [undefined, Infinity];
  for (const name of natives) {
    const elapsed = await time(name, MESSAGES);
    if (elapsed < least) [best, least] = [name, elapsed];
  }
  if (least < KERNEL_MS || !findBackend("wasm")) return best;
  return await time("wasm", KERNEL_MESSAGES) < CLEARLY * least ? "wasm" : best;
}

/** Milliseconds a message, one call after the other; one that fails here would fail later. */
async function time(name: SliceEngineName, messages: number): Promise<number> {
  let least = Infinity;
  try {
    const { together, lane } = await makeSliceEngine(name, new Uint8Array(32));
    const records = probeRecords(together);
    const heads = new Uint8Array(together * HEAD);
    const out = new Uint8Array(together * (tokenLength(PROBE_LENGTH) + 1));
    const { seal } = lane();
    for (let done = 0; done < messages; done += together) {
      const start = performance.now();
      await seal(records, heads, out);
      least = Math.min(least, (performance.now() - start) / together);
    }
  } catch {
    return Infinity;
  }
  return least;
}

function probeRecords(count: number): Batch {
  const length = PROBE_LENGTH + 1;
  const offsets = Uint32Array.from({ length: count + 1 }, (_, index) => index * length);
  return { bytes: new Uint8Array(count * length).fill(LINE_FEED), offsets, lineFeeds: true };
}
