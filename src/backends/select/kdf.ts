/**
 * Which backend derives a key soonest on this machine: found out once, in some
 * milliseconds. A native PBKDF2 wins where the CPU has SHA extensions, WASM
 * where it has not.
 *
 * @module
 */

import { onCloudflare, processorCount, runtimeName } from "../../runtime/host.ts";
import { turn } from "../../runtime/schedule.ts";
import {
  type Backend,
  DIGEST_LENGTH,
  type Hash,
  type KdfBlock,
  type KdfRequest,
  MAX_PLATFORM_ITERATIONS,
  type NativeKdf,
  type SlicedKdf,
} from "../backend.ts";
import { type BackendChoice, findBackend, getBackend, requireSync } from "./available.ts";

/** Below so many iterations a probe would cost more than it gains. */
const WORTH_A_PROBE = 20_000;
/** From so many on, the platform takes longer for one key than the kernel's probe. */
const WORTH_LEARNING = 150_000;
const PROBE_ITERATIONS = 8_000;
const PROBE_SLICE = 250;
/** V8 needs about so long until the kernel runs compiled at its best. */
const WARM_UP_MS = 8;
/** Long enough for a clock that a browser has made coarse. */
const MEASURED_MS = 4;
/** So many keys fill a vector of the kernel's, and each costs less than one alone. */
const VECTOR = 4;
/** A clock that stands still, as a test's may, must not keep a probe for good. */
const MOST_CALLS = 500;
/** More iterations are refused, in WebCrypto and in node:crypto. */
const PLATFORM_CAP = onCloudflare ? 100_000 : MAX_PLATFORM_ITERATIONS;

/** Milliseconds an iteration, by kind of probe and hash. */
const slicedSpeeds = new Map<string, number>();
const syncSpeeds = new Map<Hash, number>();
const asyncSpeeds = new Map<Hash, Promise<number>>();

/** The backend for keys in the calling thread. */
export function pickKdfSync(choice: BackendChoice, hash: Hash, iterations: number): Backend {
  if (choice !== "auto") return requireSync(choice);
  const wasm = findBackend("wasm");
  const capped = iterations > PLATFORM_CAP;
  const node = capped ? undefined : findBackend("node");
  const deriveSync = node?.kdf.native?.deriveSync;
  if (!wasm?.kdf.sliced || !node || !deriveSync) return wasm ?? node ?? getBackend("portable");
  if (iterations < WORTH_A_PROBE) return wasm;
  if (onCloudflare) return node;
  // Deno's is the slower one, with SHA extensions and without.
  if (runtimeName === "deno" && hash === "SHA-256") return wasm;
  return probeSync(deriveSync, hash) < probeSliced(wasm.kdf.sliced, hash, 1) ? node : wasm;
}

/**
 * The backend for `count` keys at once, by promises.
 *
 * @param workers How many threads the kernel has for them, beside this one.
 */
export async function pickKdf(
  choice: BackendChoice,
  hash: Hash,
  iterations: number,
  count: number,
  workers: number = 0,
): Promise<Backend> {
  if (choice !== "auto") return getBackend(choice);
  const wasm = findBackend("wasm");
  const capped = iterations > PLATFORM_CAP;
  const platform = capped ? undefined : findBackend("webcrypto") ?? findBackend("node");
  if (!wasm?.kdf.sliced || !platform?.kdf.native) {
    return wasm ?? platform ?? getBackend("portable");
  }
  if (iterations * count < WORTH_A_PROBE) return wasm;
  if (onCloudflare) return platform;
  if (count === 1 && !asyncSpeeds.has(hash)) {
    const sliced = wasm.kdf.sliced;
    return learnFrom(platform, platform.kdf.native, hash, () => probeSliced(sliced, hash, 1));
  }
  // The platform spreads its keys over the cores; the kernel has this one, or workers.
  const cores = Math.min(count, processorCount());
  const native = await probeAsync(platform.kdf.native, hash) / cores;
  const together = count < VECTOR ? 1 : VECTOR;
  const threads = Math.max(1, Math.min(count, workers));
  const sliced = probeSliced(wasm.kdf.sliced, hash, together) / threads;
  return native < sliced ? platform : wasm;
}

/**
 * The platform, for a process's first key: most processes derive one, which must not
 * wait for a probe. How long it takes is measured, and the kernel beside it.
 */
function learnFrom(
  platform: Backend,
  native: NativeKdf,
  hash: Hash,
  probeKernel: () => void,
): Backend {
  const derive = async (request: KdfRequest, iterations: number) => {
    const start = performance.now();
    const deriving = native.derive(request, iterations);
    if (iterations < WORTH_LEARNING || asyncSpeeds.has(hash)) return await deriving;
    // By then the platform's thread is at work.
    const learning = turn().then(probeKernel);
    const key = await deriving;
    const blocks = Math.ceil(request.length / DIGEST_LENGTH[hash]);
    asyncSpeeds.set(hash, Promise.resolve((performance.now() - start) / (iterations * blocks)));
    await learning;
    return key;
  };
  return { ...platform, kdf: { native: { ...native, derive } } };
}

function probeRequest(hash: Hash): KdfRequest {
  return { hash, password: new Uint8Array(16), salt: new Uint8Array(16), length: 1 };
}

/** With so many blocks at once, for each of them. */
function probeSliced(kdf: SlicedKdf, hash: Hash, together: number): number {
  return known(slicedSpeeds, `${hash} ${together}`, () => {
    const blocks: KdfBlock[] = [];
    try {
      while (blocks.length < together) blocks.push(kdf.start(probeRequest(hash), 1));
      const run = () => kdf.run(blocks, PROBE_SLICE);
      runFor(WARM_UP_MS, run);
      return runFor(MEASURED_MS, run) / (PROBE_SLICE * together);
    } finally {
      blocks.forEach((block) => block.free());
    }
  });
}

/** Repeats `work` for about so long and says how many milliseconds it takes. */
function runFor(duration: number, work: () => void): number {
  const start = performance.now();
  for (let count = 1;; count++) {
    work();
    const elapsed = performance.now() - start;
    if (elapsed >= duration || count === MOST_CALLS) return elapsed / count;
  }
}

function probeSync(deriveSync: NonNullable<NativeKdf["deriveSync"]>, hash: Hash): number {
  return known(syncSpeeds, hash, () => {
    const start = performance.now();
    deriveSync(probeRequest(hash), PROBE_ITERATIONS);
    return (performance.now() - start) / PROBE_ITERATIONS;
  });
}

function probeAsync(native: NativeKdf, hash: Hash): Promise<number> {
  const probe = async () => {
    // The first call starts the platform's threads.
    await native.derive(probeRequest(hash), 1);
    const start = performance.now();
    await native.derive(probeRequest(hash), PROBE_ITERATIONS);
    return (performance.now() - start) / PROBE_ITERATIONS;
  };
  return known(asyncSpeeds, hash, () =>
    probe().catch(() => {
      // The next call tries again; this one does without the platform.
      asyncSpeeds.delete(hash);
      return Infinity;
    }));
}

function known<K, T>(speeds: Map<K, T>, key: K, probe: () => T): T {
  const speed = speeds.get(key) ?? probe();
  speeds.set(key, speed);
  return speed;
}
