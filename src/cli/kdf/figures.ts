/**
 * The figures of `ironfern kdf`: what is measured, and what is computed from it.
 *
 * @module
 */

import {
  availableBackends,
  type BackendName,
  calibrate,
  type CalibrationMeasurement,
  type Hash,
  pbkdf2Many,
} from "../../../mod.ts";
import { compareBackends } from "../../calibration/agreement.ts";
import { type Statistics, statistics } from "../../calibration/statistics.ts";
import {
  ATTACK_ASSUMPTIONS,
  type AttackCost,
  attackCost,
  type Attacker,
  ATTACKERS,
  PASSPHRASE_BITS,
} from "../../calibration/attack_cost.ts";
import { FLOOR_NOTES, FLOOR_SOURCE, type Source } from "../../calibration/floors.ts";
import { defaultWorkers } from "../../workers/pool.ts";
import { nodeProcess } from "../io/process.ts";
import type { OnProgress } from "../io/report.ts";

/** The iterations that times are told of. */
export const COUNTS = [100_000, 600_000, 1_000_000] as const;
/** The iterations that keys a second are told of. */
export const RATE_COUNT = 600_000;
/** How many keys are derived at once. */
export const KEYS_AT_ONCE = 16;

const ROUNDS = 5;
/** With an unmeasured one, in which workers start. */
const BATCHES = 1 + ROUNDS;
/** A key of a batch takes as long by itself as one in the target, within these. */
const BATCHED_KEY_MS = { least: 5, most: 20 };

/** What is to be measured. */
export interface KdfMeasurement {
  readonly hash: Hash;
  readonly targetMs: number;
  /** Without it, all backends that are here. */
  readonly backends: readonly BackendName[] | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress | undefined;
}

/** How one backend did. */
export interface BackendFigures {
  readonly backend: BackendName;
  /** Milliseconds of one key, computed from the measured speed. */
  readonly times: readonly { readonly iterations: number; readonly ms: number }[];
  /** Iterations of one key in the target. */
  readonly iterationsInTarget: number;
  /** Keys a second, computed for so many iterations from the two measurements. */
  readonly keysPerSecond: {
    readonly iterations: number;
    readonly oneAtATime: number;
    readonly atOnce: number;
  };
  /** The measurement of one key at a time. */
  readonly measurement: CalibrationMeasurement;
  /** The measurement of many keys at once. */
  readonly batch: BatchMeasurement;
}

/** What was measured of many keys at once, in milliseconds of all of them. */
export interface BatchMeasurement extends Statistics {
  readonly keys: number;
  /** Iterations of each key. */
  readonly iterations: number;
}

/** What a search costs at one count of iterations. */
export interface AttackFigures {
  readonly iterations: number;
  readonly guessesPerSecond: number;
  readonly searches: readonly {
    readonly bits: number;
    readonly meanSeconds: number;
    readonly wholeSeconds: number;
  }[];
}

/** All figures, and what they rest on. */
export interface KdfFigures {
  readonly hash: Hash;
  readonly targetMs: number;
  /** The program that this ran in. */
  readonly runtime: string;
  readonly recommended: number;
  readonly recommendedMs: number;
  /** The fastest backend, which `recommendedMs` is of. */
  readonly backend: BackendName;
  /** The backend that `"auto"` takes for one key of that many iterations. */
  readonly auto: BackendName;
  readonly floor: number;
  readonly floorApplied: boolean;
  readonly floorSource: Source;
  readonly backends: readonly BackendFigures[];
  readonly attacker: Attacker;
  readonly attacks: readonly AttackFigures[];
  /** What is assumed of the measurements. */
  readonly assumptions: readonly string[];
  /** What is assumed of the attacker. */
  readonly attackAssumptions: readonly string[];
}

/**
 * Measures, and computes the rest.
 *
 * @throws {BackendUnavailableError} If a backend named is not here.
 * @throws {Error} If two backends derive different keys.
 */
export async function measureKdf(request: KdfMeasurement): Promise<KdfFigures> {
  const { hash, targetMs, signal, onProgress } = request;
  const names = [...new Set(request.backends ?? availableBackends())];
  const total = names.length * (2 + ROUNDS + BATCHES);
  const calibration = await calibrate({
    targetMs,
    hash,
    backends: names,
    rounds: ROUNDS,
    signal,
    onProgress: onProgress && ((done) => onProgress(done, total)),
  });
  let done = total - names.length * BATCHES;
  const keyMs = Math.min(Math.max(targetMs, BATCHED_KEY_MS.least), BATCHED_KEY_MS.most);
  const batches = new Batches(hash, keyMs, signal, () => onProgress?.(++done, total));
  await compareBackends(names, batches.keys);
  const backends: BackendFigures[] = [];
  for (const measurement of calibration.measurements) {
    backends.push(backendFigures(measurement, await batches.time(measurement)));
  }
  const { recommended, recommendedMs, backend, auto, floor, floorApplied } = calibration;
  const counts = [...new Set([...COUNTS, recommended])].sort((a, b) => a - b);
  return {
    hash,
    targetMs,
    runtime: runtimeName(),
    recommended,
    recommendedMs,
    backend,
    auto,
    floor,
    floorApplied,
    floorSource: FLOOR_SOURCE,
    backends,
    attacker: ATTACKERS[hash],
    attacks: counts.map((iterations) => attackFigures(iterations, hash)),
    assumptions: assumptions(hash, batches),
    attackAssumptions: ATTACK_ASSUMPTIONS,
  };
}

/** Derives many keys at once. */
class Batches {
  /** Threads for the kernel: as many as `pbkdf2Many` takes for keys of a real cost. */
  readonly workers = Math.min(defaultWorkers(), KEYS_AT_ONCE);
  /** So long a key takes by itself. */
  readonly keyMs: number;
  readonly #inputs = Array.from({ length: KEYS_AT_ONCE }, () => ({
    password: crypto.getRandomValues(new Uint8Array(16)),
    salt: crypto.getRandomValues(new Uint8Array(16)),
  }));
  readonly #hash: Hash;
  readonly #signal: AbortSignal;
  readonly #onBatch: () => void;

  constructor(hash: Hash, keyMs: number, signal: AbortSignal, onBatch: () => void) {
    this.#hash = hash;
    this.keyMs = keyMs;
    this.#signal = signal;
    this.#onBatch = onBatch;
  }

  /** Derives them all. */
  readonly keys = async (backend: BackendName, iterations: number): Promise<Uint8Array[]> => {
    const workers = this.workers > 1 ? this.workers : 0;
    const options = { hash: this.#hash, signal: this.#signal };
    return await pbkdf2Many(this.#inputs, { ...options, iterations, backend, workers });
  };

  async time(
    { backend, iterationsPerSecond }: CalibrationMeasurement,
  ): Promise<BatchMeasurement> {
    const iterations = Math.max(1, Math.round(iterationsPerSecond * this.keyMs / 1_000));
    const times: number[] = [];
    for (let batch = 0; batch < BATCHES; batch++) {
      const start = performance.now();
      await this.keys(backend, iterations);
      if (batch > 0) times.push(performance.now() - start);
      this.#onBatch();
    }
    return { keys: KEYS_AT_ONCE, iterations, ...statistics(times) };
  }
}

function backendFigures(
  measurement: CalibrationMeasurement,
  batch: BatchMeasurement,
): BackendFigures {
  const { backend, iterationsPerSecond, measured } = measurement;
  const batchSpeed = 1_000 * batch.keys * batch.iterations / batch.median;
  return {
    backend,
    times: COUNTS.map((iterations) => ({
      iterations,
      ms: 1_000 * iterations / iterationsPerSecond,
    })),
    iterationsInTarget: measured,
    keysPerSecond: {
      iterations: RATE_COUNT,
      oneAtATime: iterationsPerSecond / RATE_COUNT,
      atOnce: batchSpeed / RATE_COUNT,
    },
    measurement,
    batch,
  };
}

function attackFigures(iterations: number, hash: Hash): AttackFigures {
  const cost = (bits: number): AttackCost =>
    attackCost({ iterations, bits, attacker: ATTACKERS[hash] });
  return {
    iterations,
    guessesPerSecond: cost(0).guessesPerSecond,
    searches: PASSPHRASE_BITS.map((bits) => {
      const { meanSeconds, wholeSeconds } = cost(bits);
      return { bits, meanSeconds, wholeSeconds };
    }),
  };
}

function assumptions(hash: Hash, { keyMs, workers }: Batches): string[] {
  return [
    "The time of a key is in proportion to its iterations: those in the table, the iterations " +
    "in the target and the keys a second are computed from one measured speed of each backend",
    `${KEYS_AT_ONCE} keys at once are a second measurement, of keys that take some ` +
    `${keyMs} ms each, computed for ${RATE_COUNT.toLocaleString("en")} iterations; ` +
    (workers > 1
      ? `the kernel (wasm) has ${workers} threads for them, native backends the platform's`
      : "the kernel (wasm) has no threads for them, native backends the platform's"),
    `A key has 32 bytes${
      hash === "SHA-1" ? ", with SHA-1 two blocks: twice the work of the attacker's one" : ""
    }, its password and its salt 16`,
    "Nothing else ran while this was measured",
    ...FLOOR_NOTES[hash] ? [FLOOR_NOTES[hash]] : [],
  ];
}

function runtimeName(): string {
  const { deno, bun, node } = nodeProcess().versions;
  return deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node ${node}`;
}
