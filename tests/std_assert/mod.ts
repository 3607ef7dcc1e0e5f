/**
 * The functions of `@std/assert` that the tests and the examples use, over
 * `node:assert/strict`: JSR is not reachable from every build machine.
 *
 * @module
 */

import strict from "node:assert/strict";

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** Asserts that a value is truthy. */
export function assert(value: unknown, message?: string): asserts value {
  strict.ok(value, message as string);
}

/** Asserts that two values are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  strict.deepEqual(actual, expected, message as string);
}

/** Asserts that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  strict.notDeepEqual(actual, expected, message as string);
}

/** Asserts that a text matches a pattern. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  strict.match(actual, expected, message as string);
}

/** Asserts that a text holds another. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  strict.ok(actual.includes(expected), message ?? `"${actual}" does not hold "${expected}"`);
}

/** Asserts that a value is an instance of a class. */
export function assertInstanceOf<E extends Error>(
  actual: unknown,
  expected: ErrorClass<E>,
  message?: string,
): asserts actual is E {
  strict.ok(
    actual instanceof expected,
    message ?? `expected ${expected.name}, got ${String(actual)}`,
  );
}

/** Asserts that a function throws an instance of a class, and returns it. */
export function assertThrows<E extends Error = Error>(
  run: () => unknown,
  expected: ErrorClass<E> = Error as unknown as ErrorClass<E>,
  messageIncludes = "",
): E {
  try {
    run();
  } catch (error) {
    return checkError(error, expected, messageIncludes);
  }
  strict.fail(`expected ${expected.name}, nothing was thrown`);
}

/** Asserts that a promise is rejected with an instance of a class, and returns it. */
export async function assertRejects<E extends Error = Error>(
  run: () => PromiseLike<unknown>,
  expected: ErrorClass<E> = Error as unknown as ErrorClass<E>,
  messageIncludes = "",
): Promise<E> {
  try {
    await run();
  } catch (error) {
    return checkError(error, expected, messageIncludes);
  }
  strict.fail(`expected ${expected.name}, nothing was thrown`);
}

function checkError<E extends Error>(
  error: unknown,
  expected: ErrorClass<E>,
  messageIncludes: string,
): E {
  assertInstanceOf(error, expected);
  assertStringIncludes(error.message, messageIncludes);
  return error;
}
