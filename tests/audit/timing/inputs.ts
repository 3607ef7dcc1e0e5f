/**
 * Inputs of which one part is secret: the same in class 0, random in class 1.
 *
 * @module
 */

import type { Subject } from "./sample.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes one after the other, where the code that is timed expects them. */
export class Layout {
  /** Bytes given out so far. */
  length = 0;

  /** Gives out a place of `length` bytes, aligned to 8. */
  place(length: number): Place {
    const start = this.length;
    this.length += Math.ceil(length / 8) * 8;
    return { start, end: start + length };
  }
}

/** Where something is in an input. */
export interface Place {
  /** Its first byte. */
  readonly start: number;
  /** The byte after its last one. */
  readonly end: number;
}

/** Zeros, but for what `constant` writes, and for the secret of class 1, which stays random. */
export function fixedOrRandom(
  length: number,
  secret: Place,
  constant: (input: Bytes) => void = () => {},
): Pick<Subject, "inputLength" | "fill"> {
  return {
    inputLength: length,
    fill(input, label) {
      input.fill(0, 0, secret.start);
      input.fill(0, secret.end);
      if (label === 0) input.fill(0, secret.start, secret.end);
      constant(input);
    },
  };
}
