/**
 * How many iterations of PBKDF2 a machine can afford.
 *
 * @module
 */

import type { BackendName, Hash } from "../backends/backend.ts";
import { availableBackends, checkBackend, getBackend } from "../backends/select/available.ts";
import { pickKdf } from "../backends/select/kdf.ts";
import { type CalibrationMeasurement, checkDevice, checkOthers, slowestDevice } from "./devices.ts";
import { measureBackends, type Timed } from "./measure.ts";
import {
  checkArray,
  checkInteger,
  checkOnProgress,
  checkOptions,
  checkSignal,
  kindOf,
  MAX_ITERATIONS,
} from "../checks.ts";
import { checkHash } from "../kdf/kdf.ts";
import { ITERATION_FLOORS } from "./floors.ts";

export type { CalibrationMeasurement } from "./devices.ts";

const MAX_TARGET_MS = 60_000;

const OPTION_NAMES = [
  "targetMs",
  "hash",
  "backends",
  "floor",
  "rounds",
  "device",
  "others",
  "signal",
  "onProgress",
] as const;

/** Options of {@linkcode calibrate}. */
export interface CalibrateOptions {
  /**
   * Milliseconds that deriving a key should take: a number from 1 to 60,000.
   *
   * @default {250}
   */
  targetMs?: number;
  /**
   * The hash under HMAC. Use SHA-1 only for systems that already have it.
   *
   * @default {"SHA-256"}
   */
  hash?: Hash;
  /** The backends to measure: without it, all that are here. */
  backends?: readonly BackendName[];
  /**
   * The fewest iterations to recommend: an integer from the published floor of
   * the hash, which is the default, to 2^32-1; or 0 for no floor at all. OWASP's
   * Password Storage Cheat Sheet of March 2026 has 600,000 for SHA-256, 220,000
   * for SHA-512, taken for SHA-384 too, which it does not list, and 1,400,000 for
   * SHA-1.
   */
  floor?: number;
  /**
   * How often each backend is timed: an integer from 3 to 99.
   *
   * @default {5}
   */
  rounds?: number;
  /**
   * What to call this device in the measurements, with 1 to 200 characters.
   *
   * @default {"this device"}
   */
  device?: string;
  /**
   * Measurements of other devices, by their `calibrate`, with the same hash. The
   * count is recommended for the slowest device. Each device needs a name of its
   * own, so that none hides behind a faster one.
   */
  others?: readonly CalibrationMeasurement[];
  /** Rejects the call with its reason when it is aborted, within one slice. */
  signal?: AbortSignal;
  /**
   * Called with the progress.
   *
   * @param done Rounds of all backends, the two that warm them up included.
   * @param total How many there are.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** What {@linkcode calibrate} found. */
export interface Calibration {
  /** Milliseconds that deriving a key should take. */
  readonly targetMs: number;
  /** The hash under HMAC. */
  readonly hash: Hash;
  /** How each backend did on this device, in the order of `availableBackends`. */
  readonly measurements: readonly CalibrationMeasurement[];
  /** The backend that `"auto"` takes here for one key of so many iterations. */
  readonly auto: BackendName;
  /**
   * The iterations to use: what the slowest device affords with its fastest
   * backend, or the floor where that is more.
   */
  readonly recommended: number;
  /** The device that limits `recommended`. */
  readonly device: string;
  /** That device's fastest backend. */
  readonly backend: BackendName;
  /** Milliseconds that `recommended` takes there. */
  readonly recommendedMs: number;
  /**
   * Whether the measurement that limits `recommended`, of this device or of one of
   * the others, is `noisy`: then measure that device again.
   */
  readonly noisy: boolean;
  /** The floor: 0 for none. */
  readonly floor: number;
  /** Whether `recommended` is the floor, and takes longer than the target. */
  readonly floorApplied: boolean;
}

interface Settings extends Pick<CalibrateOptions, "signal" | "onProgress"> {
  readonly targetMs: number;
  readonly hash: Hash;
  readonly backends: readonly BackendName[];
  readonly floor: number;
  readonly rounds: number;
  readonly device: string;
  readonly others: readonly CalibrationMeasurement[];
}

/**
 * Measures how many iterations of PBKDF2 fit in a time here, by backend, and
 * recommends a count. With the defaults it takes about two seconds a backend, and
 * nothing else should run meanwhile.
 *
 * It times what users pay: one key of 32 bytes at a time, by `pbkdf2` with the
 * backend by name, from a password and a salt of 16 bytes. With SHA-1 such a key
 * has two blocks, each of as many iterations. Before that, all backends derive one
 * key, which must be the same.
 *
 * @param options The target and the rest, all with defaults.
 * @returns The measurements, and what they recommend.
 * @throws {TypeError} If an option is of the wrong type, `backends` is empty, or
 * the hash or a backend has no such name.
 * @throws {RangeError} If a number is out of its bounds, or one of `others` was
 * measured with another hash, has this device's name, or the name and the backend
 * of another one.
 * @throws {BackendUnavailableError} If a backend named is not here.
 * @throws {Error} If two backends derive different keys, or the runtime's clock
 * stands still while code runs, as on Cloudflare, or has steps of over 250 ms.
 *
 * @example What this machine affords
 * ```ts
 * import { calibrate } from "@ironfern/ironfern";
 * import { assert } from "@std/assert";
 *
 * const { recommended, measurements, floorApplied } = await calibrate({
 *   targetMs: 20,
 *   rounds: 3,
 *   backends: ["wasm"],
 * });
 * assert(recommended >= 600_000);
 * assert(floorApplied || measurements[0].measured === recommended);
 * ```
 *
 * @example For a slower device too
 * ```ts
 * import { calibrate, type CalibrationMeasurement } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const phone: CalibrationMeasurement = {
 *   device: "an old phone",
 *   backend: "wasm",
 *   hash: "SHA-256",
 *   iterationsPerSecond: 1_000,
 *   iterations: 250,
 *   median: 250,
 *   spread: 0.03,
 *   noisy: false,
 *   measured: 250,
 * };
 * const { recommended, device } = await calibrate({
 *   targetMs: 20,
 *   rounds: 3,
 *   floor: 0,
 *   others: [phone],
 * });
 * assertEquals([recommended, device], [20, "an old phone"]);
 * ```
 */
export async function calibrate(options?: CalibrateOptions): Promise<Calibration> {
  const settings = checkSettings(options);
  const { targetMs, hash, floor, others } = settings;
  const timed = await measureBackends(settings);
  const measurements = timed.map((each) => toMeasurement(each, settings));
  const limit = slowestDevice([...measurements, ...others]);
  const fitting = limit.iterationsPerSecond * targetMs / 1_000;
  const recommended = Math.max(roundDown(fitting), floor);
  return {
    targetMs,
    hash,
    measurements,
    auto: (await pickKdf("auto", hash, recommended, 1)).name,
    recommended,
    device: limit.device,
    backend: limit.backend,
    recommendedMs: 1_000 * recommended / limit.iterationsPerSecond,
    noisy: limit.noisy,
    floor,
    // Rounded down, what fits may be under a floor that fits as well.
    floorApplied: recommended === floor && floor > fitting,
  };
}

function toMeasurement(timed: Timed, { device, hash, targetMs }: Settings): CalibrationMeasurement {
  const { backend, iterations, median, spread, noisy } = timed;
  const iterationsPerSecond = 1_000 * iterations / median;
  const measured = roundDown(iterationsPerSecond * targetMs / 1_000);
  return {
    device,
    backend,
    hash,
    iterationsPerSecond,
    iterations,
    median,
    spread,
    noisy,
    measured,
  };
}

/** Iterations that fit, with two significant digits; 1 at least. */
function roundDown(fitting: number): number {
  const iterations = Math.min(fitting, MAX_ITERATIONS);
  if (iterations < 100) return Math.max(1, Math.floor(iterations));
  const unit = 10 ** (Math.floor(Math.log10(iterations)) - 1);
  return Math.floor(iterations / unit) * unit;
}

function checkSettings(options: CalibrateOptions | undefined): Settings {
  const known = checkOptions(options, OPTION_NAMES);
  const { targetMs = 250, hash = "SHA-256", rounds = 5, device = "this device", others = [] } =
    known;
  if (typeof targetMs !== "number") {
    throw new TypeError(`Cannot use targetMs: expected a number, got ${kindOf(targetMs)}`);
  }
  if (!(targetMs >= 1 && targetMs <= MAX_TARGET_MS)) {
    throw new RangeError(
      `Cannot use targetMs ${targetMs}: expected milliseconds from 1 to ${MAX_TARGET_MS}`,
    );
  }
  checkHash(hash);
  checkDevice(device);
  checkSignal(known.signal);
  checkOnProgress(known.onProgress);
  return {
    targetMs,
    hash,
    device,
    floor: checkFloor(known.floor ?? ITERATION_FLOORS[hash], hash),
    rounds: checkInteger(rounds, "rounds", 3, 99),
    others: checkOthers(others, hash, device),
    backends: checkBackends(known.backends),
    signal: known.signal,
    onProgress: known.onProgress,
  };
}

function checkFloor(floor: number, hash: Hash): number {
  const published = ITERATION_FLOORS[hash];
  checkInteger(floor, "floor", 0, MAX_ITERATIONS);
  if (floor === 0 || floor >= published) return floor;
  throw new RangeError(
    `Cannot use floor ${floor}: the published one of ${hash} is ${published}, ` +
      "so give as many at least, or 0 for none",
  );
}

/** Also tries each backend, so that one that is not here is told before any is measured. */
function checkBackends(names: readonly BackendName[] | undefined): BackendName[] {
  if (names === undefined) return availableBackends();
  const all = checkArray(names, "backends");
  if (!all.length) {
    throw new TypeError("Cannot calibrate: `backends` is empty, so name one or leave it out");
  }
  for (const name of all) {
    if (checkBackend(name ?? null) === "auto") {
      throw new TypeError(
        'Cannot calibrate "auto": name its backends, or leave `backends` out for all of them',
      );
    }
    getBackend(name);
  }
  return [...new Set(all)];
}
