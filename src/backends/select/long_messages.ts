/**
 * Which backend is fastest for long messages on this machine: found out once, in
 * some milliseconds. The platform wins where the CPU has AES and SHA extensions
 * and the runtime uses them well, the kernel's lanes where not.
 *
 * @module
 */

import { joinBytes } from "../../bytes/batch.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import type { AsyncFernetEngine, Backend, FernetEngine } from "../backend.ts";
import { HEAD } from "../token.ts";

/** Longer messages are as fast as those of this length. */
const LONGEST_PROBE = 65_536;
/** As many messages as the kernel's HMAC has lanes. */
const PROBE_LANES = 4;
const LONG_PROBE_LENGTH = 131_072;
/** In a batch the platform's threads share the messages. */
const LONG_PROBE_BATCH = 8;
/** Gains below this are not worth leaving the kernel, and may be noise. */
const CLEARLY = 0.8;
/** The first round compiles, starts threads, fills caches; the best one counts. */
const ROUNDS = 3;

const probeKey = new Uint8Array(32);

/** By the power of two that the messages' length is near. */
const lanesLose = new Map<number, boolean>();
/** For one message, and for a batch of them. */
const fastestAsync = new Map<number, Promise<Backend>>();

/** Whether the platform seals a batch of messages of such a length faster than the kernel. */
export function beatsLanes(native: FernetEngine, kernel: FernetEngine, length: number): boolean {
  const near = Math.min(2 ** Math.round(Math.log2(length)), LONGEST_PROBE);
  const known = lanesLose.get(near) ?? probeLanes(native, kernel, near);
  lanesLose.set(near, known);
  return known;
}

function probeLanes(native: FernetEngine, kernel: FernetEngine, length: number): boolean {
  const message = new Uint8Array(length);
  const records = joinBytes(new Array<Bytes>(PROBE_LANES).fill(message));
  const heads = new Uint8Array(PROBE_LANES * HEAD);
  const time = (engine: FernetEngine) => {
    let least = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      engine.seal(probeKey, records, heads);
      least = Math.min(least, performance.now() - start);
    }
    return least;
  };
  try {
    return time(native) < CLEARLY * time(kernel);
  } catch {
    // Whichever failed: what the kernel does is not for the platform to stop.
    return false;
  }
}

/** The one of these that seals messages of some 100 KiB fastest, by promises. */
export function fastestForLong(
  candidates: readonly Backend[],
  { count }: { readonly count: number },
): Promise<Backend> {
  const batch = count < PROBE_LANES ? 1 : LONG_PROBE_BATCH;
  const known = fastestAsync.get(batch) ?? probe(candidates, batch);
  fastestAsync.set(batch, known);
  return known;
}

async function probe(candidates: readonly Backend[], batch: number): Promise<Backend> {
  const message = new Uint8Array(LONG_PROBE_LENGTH);
  const messages = joinBytes(new Array<Bytes>(batch).fill(message));
  const heads = new Uint8Array(batch * HEAD);
  // One that fails here would fail later: what is then left is as good as it gets.
  const time = (engine: AsyncFernetEngine) => rounds(engine).catch(() => Infinity);
  const rounds = async ({ seal }: AsyncFernetEngine) => {
    let least = Infinity;
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await seal(probeKey, messages, heads);
      least = Math.min(least, performance.now() - start);
    }
    return least;
  };
  let [fastest] = candidates;
  let least = Infinity;
  for (const candidate of candidates) {
    const elapsed = await time(candidate.async);
    if (elapsed < least) [fastest, least] = [candidate, elapsed];
  }
  return fastest;
}
