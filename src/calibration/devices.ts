/**
 * Measurements of other devices. They come from outside, so every number is
 * bounded before it is used.
 *
 * @module
 */

import type { BackendName, Hash } from "../backends/backend.ts";
import { BACKEND_NAMES } from "../backends/names.ts";
import { checkArray, kindOf, MAX_ITERATIONS, quoted } from "../checks.ts";

/** Entries of `others`, and characters of a device's name. */
const MAX_OTHERS = 10_000;
const MAX_NAME = 200;

/** How one backend did on one device. */
export interface CalibrationMeasurement {
  /** The device's name, of 1 to 200 characters. */
  readonly device: string;
  /** The backend. */
  readonly backend: BackendName;
  /** The hash under HMAC. */
  readonly hash: Hash;
  /** Iterations a second: `iterations` divided by the `median`. */
  readonly iterationsPerSecond: number;
  /**
   * Iterations of each derivation that was timed, so many that it took about the
   * target, or a second where the target is longer.
   */
  readonly iterations: number;
  /** Milliseconds of such a derivation: the median of the rounds. */
  readonly median: number;
  /**
   * How far the rounds lay apart: their interquartile range divided by their
   * median, so that 0.05 means that half of them lay within 5 % of it.
   */
  readonly spread: number;
  /**
   * Whether it is not to be trusted: the spread is over 0.15, or the median more
   * than 20 % off the time that a derivation was to take, as where the machine
   * changed its speed meanwhile. Then measure again, on a quieter machine.
   */
  readonly noisy: boolean;
  /**
   * Iterations that take the target, with two significant digits, rounded down.
   */
  readonly measured: number;
}

/** Bounds that every real device is within, by far. */
const BOUNDS = {
  iterationsPerSecond: [1e-3, 1e12],
  iterations: [1, MAX_ITERATIONS],
  median: [1e-6, 1e9],
  spread: [0, 1e6],
  measured: [1, MAX_ITERATIONS],
} as const satisfies Partial<Record<keyof CalibrationMeasurement, readonly [number, number]>>;

/**
 * Checks a device's name.
 *
 * @throws {TypeError} If it is not a string.
 * @throws {RangeError} If it is empty or longer than 200 characters.
 */
export function checkDevice(name: string, what = "the device's name"): string {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot use ${what}: expected a string, got ${kindOf(name)}`);
  }
  if (name.length < 1 || name.length > MAX_NAME) {
    throw new RangeError(
      `Cannot use ${what}: it has ${name.length} characters, expected 1 to ${MAX_NAME}`,
    );
  }
  return name;
}

/**
 * Checks measurements of other devices.
 *
 * @throws {TypeError} If one is not of the shape of a measurement.
 * @throws {RangeError} If a number is out of its bounds, the hash is another one,
 * the device has the name of this one, or a backend was measured twice under one
 * name: these may be two devices, of which the faster would hide the slower.
 */
export function checkOthers(
  others: readonly CalibrationMeasurement[],
  hash: Hash,
  device: string,
): CalibrationMeasurement[] {
  const all = checkArray(others, "others");
  if (all.length > MAX_OTHERS) {
    throw new RangeError(
      `Cannot use others: there are ${all.length}, expected ${MAX_OTHERS} at most`,
    );
  }
  const checked = all.map((other, index) => checkOther(other, `others[${index}]`, hash, device));
  const seen = new Map<string, number>();
  for (const [index, { device, backend }] of checked.entries()) {
    const pair = JSON.stringify([device, backend]);
    const before = seen.get(pair);
    if (before !== undefined) {
      throw new RangeError(
        `Cannot use others[${index}]: others[${before}] has the backend "${backend}" of ` +
          `${quoted(device)} already, so give each device a name of its own, and each of its ` +
          "measurements once",
      );
    }
    seen.set(pair, index);
  }
  return checked;
}

function checkOther(
  other: CalibrationMeasurement,
  what: string,
  hash: Hash,
  device: string,
): CalibrationMeasurement {
  if (typeof other !== "object" || other === null) {
    throw new TypeError(`Cannot use ${what}: expected a measurement, got ${kindOf(other)}`);
  }
  // A copy of its own properties: the caller's may change while this device is measured.
  const own: CalibrationMeasurement = Object.assign(Object.create(null), other);
  const copy = {
    ...own,
    ...numbersOf(own, what),
    device: checkDevice(own.device, `the device of ${what}`),
  };
  if (copy.device === device) {
    throw new RangeError(
      `Cannot use ${what}: it is named ${quoted(device)}, as what is measured here, ` +
        "so give each device a name of its own with `device`",
    );
  }
  if (!BACKEND_NAMES.includes(copy.backend)) {
    throw new TypeError(
      `Cannot use the backend of ${what}: expected one of ${BACKEND_NAMES.join(", ")}`,
    );
  }
  if (copy.hash !== hash) {
    throw new RangeError(
      `Cannot use ${what}: it was not measured with ${hash}, so it says nothing`,
    );
  }
  if (typeof copy.noisy !== "boolean") {
    throw new TypeError(
      `Cannot use noisy of ${what}: expected a boolean, got ${kindOf(copy.noisy)}`,
    );
  }
  return copy;
}

function numbersOf(
  other: CalibrationMeasurement,
  what: string,
): Pick<CalibrationMeasurement, keyof typeof BOUNDS> {
  const { iterationsPerSecond, iterations, median, spread, measured } = other;
  const numbers = { iterationsPerSecond, iterations, median, spread, measured };
  for (const [field, [least, most]] of Object.entries(BOUNDS)) {
    const value = numbers[field as keyof typeof BOUNDS];
    if (typeof value !== "number") {
      throw new TypeError(
        `Cannot use ${field} of ${what}: expected a number, got ${kindOf(value)}`,
      );
    }
    if (!(value >= least && value <= most)) {
      throw new RangeError(
        `Cannot use ${field} of ${what}: ${value} is not from ${least} to ${most}`,
      );
    }
  }
  return numbers;
}

/**
 * The measurement that limits everybody: of each device its fastest backend,
 * which is the one to use there, and of the devices the slowest.
 */
export function slowestDevice(
  measurements: readonly CalibrationMeasurement[],
): CalibrationMeasurement {
  const fastest = new Map<string, CalibrationMeasurement>();
  for (const each of measurements) {
    const known = fastest.get(each.device);
    if (!known || each.iterationsPerSecond > known.iterationsPerSecond) {
      fastest.set(each.device, each);
    }
  }
  return [...fastest.values()].reduce((a, b) =>
    b.iterationsPerSecond < a.iterationsPerSecond ? b : a
  );
}
