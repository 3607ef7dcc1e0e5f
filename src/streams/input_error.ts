/**
 * Errors of built-in classes that tell where in an input they are, in their message
 * and as properties.
 *
 * @module
 */

import type { InputPosition } from "../errors.ts";

/** What cannot be read, and where: an error of a built-in class with its position. */
export type InputError<E extends Error> = E & InputPosition;

/**
 * An error in a line. The message tells the line and never what is in it.
 *
 * @param type The class.
 * @param position Where; it becomes properties of the error.
 * @param reason What is wrong, as the end of a sentence.
 */
export function lineError<E extends Error>(
  type: new (message: string) => E,
  position: InputPosition & { readonly line: number },
  reason: string,
): InputError<E> {
  return positioned(new type(`Cannot read line ${position.line}: ${reason}`), position);
}

/** Gives an error its position. */
export function positioned<E extends Error>(error: E, position: InputPosition): InputError<E> {
  return Object.assign(error, position);
}
