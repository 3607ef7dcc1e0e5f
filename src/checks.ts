/**
 * Checks of what callers pass in, each with an error that says what to do.
 *
 * @module
 */

import { byteLengthOf, type Bytes, isUint8Array } from "./bytes/bytes.ts";
import { encodeUtf8 } from "./bytes/text.ts";

/** Bytes that a password, a passphrase or a salt may have. */
const MAX_INPUT = 1 << 20;
/** Iterations that PBKDF2 may be asked for here. */
export const MAX_ITERATIONS = 2 ** 32 - 1;

/** What kind of value it is, without the value: it may be a secret. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? value.constructor?.name || "object" : typeof value;
}

/** A name as it was given, or what kind of value was given instead of one. */
export function quoted(name: unknown): string {
  return typeof name === "string" ? JSON.stringify(name) : `of type ${kindOf(name)}`;
}

/** Two names that differ by so many letters may be meant as one. */
const MOST_TYPOS = 2;

/**
 * Checks the names of a call's options, and copies them: only properties of the
 * object itself count, whatever its prototype has.
 *
 * @param options The options as they were passed; absent ones are empty.
 * @param names The names that the call knows.
 * @returns The options, with no prototype. Their values are not checked.
 * @throws {TypeError} If it is no object, or has a name that the call does not
 * know: an option that is ignored may be one that security rests on.
 */
export function checkOptions<T extends object>(
  options: T | undefined,
  names: readonly (keyof T & string)[],
): T {
  const known: T = Object.create(null);
  if (options === undefined) return known;
  if (
    typeof options !== "object" || options === null || Array.isArray(options) ||
    hasNothingOfItsOwn(options)
  ) {
    throw new TypeError(
      `Cannot use the options: expected an object of ${names.join(", ")}, got ${kindOf(options)}` +
        numberHint(options, names),
    );
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name as keyof T & string)) throw unknownOption(name, names);
  }
  return Object.assign(known, options);
}

/**
 * Whether what an object says is in its prototype or hidden, as in a `Map`, a promise,
 * or a class with getters: none of it would be read, and all of it silently lost.
 */
function hasNothingOfItsOwn(options: object): boolean {
  const prototype = Object.getPrototypeOf(options);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return !plain && Object.keys(options).length === 0;
}

/** Options that Python, and older code, pass as a bare number. */
const NUMBERS = ["ttl", "iterations"];

function numberHint(value: unknown, names: readonly string[]): string {
  const name = NUMBERS.find((name) => names.includes(name));
  return typeof value === "number" && name ? `; write { ${name}: ${value} }` : "";
}

function unknownOption(name: string, names: readonly string[]): TypeError {
  const meant = meantName(name, names);
  const advice = meant === undefined ? `expected ${listed(names)}` : `did you mean ${meant}?`;
  return new TypeError(`Cannot use the option ${quoted(name)}: it is unknown, ${advice}`);
}

/** The one of the names that a name was probably meant to be. */
export function meantName<N extends string>(name: string, names: readonly N[]): N | undefined {
  return names.find((known) => typos(known.toLowerCase(), name.toLowerCase()) <= MOST_TYPOS);
}

function listed(names: readonly string[]): string {
  return names.length > 1 ? `one of ${names.join(", ")}` : names.join("");
}

/** How many letters are to be put in, left out or changed to get from one name to the other. */
function typos(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const changed = above[column - 1] + Number(a[row - 1] !== b[column - 1]);
      current.push(Math.min(changed, above[column] + 1, current[column - 1] + 1));
    }
    above = current;
  }
  return above[b.length];
}

/**
 * Checks a `signal` option.
 *
 * @throws {TypeError} If it is no `AbortSignal`.
 */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.addEventListener === "function") return;
  throw new TypeError(`Cannot use signal: expected an AbortSignal, got ${kindOf(signal)}`);
}

/**
 * Checks an `onProgress` option.
 *
 * @throws {TypeError} If it is no function.
 */
export function checkOnProgress(onProgress: unknown): void {
  if (onProgress === undefined || typeof onProgress === "function") return;
  throw new TypeError(`Cannot use onProgress: expected a function, got ${kindOf(onProgress)}`);
}

/** Whether it is a `Uint8Array`, of this realm or of another one. */
export const isBytes: (value: unknown) => value is Uint8Array = isUint8Array;

/**
 * The bytes of a string, as UTF-8, or a copy of bytes.
 *
 * @throws {TypeError} If it is neither, or holds a lone surrogate.
 * @throws {RangeError} If it is longer than 1 MiB.
 */
export function inputBytes(value: string | Uint8Array, what: string): Bytes {
  if (typeof value !== "string" && !isBytes(value)) {
    throw new TypeError(
      `Cannot use ${what}: expected a string or a Uint8Array, got ${kindOf(value)}`,
    );
  }
  const length = typeof value === "string" ? value.length : byteLengthOf(value);
  if (length > MAX_INPUT) throw tooLong(what);
  const bytes = typeof value === "string" ? encodeUtf8(value, what) : new Uint8Array(value);
  if (bytes.length > MAX_INPUT) throw tooLong(what);
  return bytes;
}

function tooLong(what: string): RangeError {
  return new RangeError(`Cannot use ${what}: it has more than ${MAX_INPUT} bytes`);
}

/**
 * The bytes of a secret, which must be there.
 *
 * @throws {TypeError} If it is empty or missing, or as of {@linkcode inputBytes}.
 * @throws {RangeError} If it is longer than 1 MiB.
 */
export function secretBytes(secret: string | Uint8Array, what: string): Bytes {
  if (secret === undefined || secret === null || secret.length === 0) {
    throw new TypeError(
      `Cannot use ${what}: it is ${
        secret?.length === 0 ? "empty" : "missing"
      }, which often means that an environment variable is not set`,
    );
  }
  return inputBytes(secret, what);
}

/**
 * Checks a number of PBKDF2 iterations.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not an integer from 1 to 2^32-1.
 */
export function checkIterations(iterations: number): number {
  return checkInteger(iterations, "iterations", 1, MAX_ITERATIONS);
}

/**
 * Checks an option that is yes or no.
 *
 * @throws {TypeError} If it is not a boolean.
 */
export function checkBoolean(value: boolean, what: string): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`Cannot use ${what}: expected true or false, got ${kindOf(value)}`);
}

/**
 * Checks an integer and its bounds.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not an integer within the bounds.
 */
export function checkInteger(value: number, what: string, least: number, most: number): number {
  checkNumber(value, what);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot use ${what} ${value}: expected an integer from ${least} to ${most}`,
    );
  }
  return value;
}

/**
 * Checks a number of seconds.
 *
 * @throws {TypeError} If it is not a number.
 * @throws {RangeError} If it is not finite, or negative.
 */
export function checkSeconds(value: number, what: string): number {
  checkNumber(value, what);
  if (!Number.isFinite(value) || value < 0) {
    throw new RangeError(`Cannot use ${what} ${value}: expected a finite number of seconds >= 0`);
  }
  return value;
}

function checkNumber(value: number, what: string): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use ${what}: expected a number, got ${kindOf(value)}`);
  }
}

/**
 * A copy of an array: without holes, over which `map` and `forEach` would pass,
 * and safe from changes while a call lasts.
 *
 * @throws {TypeError} If it is not an array.
 */
export function checkArray<T>(value: readonly T[], what: string): T[] {
  if (Array.isArray(value)) return Array.from(value);
  throw new TypeError(`Cannot use ${what}: expected an array, got ${kindOf(value)}`);
}

/**
 * Checks that a value is a string.
 *
 * @throws {TypeError} If it is not.
 */
export function checkString(value: string, what: string): string {
  if (typeof value === "string") return value;
  throw new TypeError(`Cannot use ${what}: expected a string, got ${kindOf(value)}`);
}
