/**
 * The fewest iterations that are published as enough.
 *
 * @module
 */

import type { Hash } from "../backends/backend.ts";

/** Where a figure was published. */
export interface Source {
  /** Its title. */
  readonly title: string;
  /** Its address. */
  readonly url: string;
  /** When it was published, as a year, with the month where it is known. */
  readonly date: string;
}

/** Where the {@linkcode ITERATION_FLOORS} were published. */
export const FLOOR_SOURCE: Source = {
  title: "OWASP Password Storage Cheat Sheet",
  url: "https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#pbkdf2",
  date: "2026-03",
};

/** The fewest iterations to use with each hash; {@linkcode FLOOR_NOTES} qualify them. */
export const ITERATION_FLOORS: Readonly<Record<Hash, number>> = {
  "SHA-1": 1_400_000,
  "SHA-256": 600_000,
  "SHA-384": 220_000,
  "SHA-512": 220_000,
};

/** Notes on a floor, a sentence each. */
export const FLOOR_NOTES: Readonly<Partial<Record<Hash, string>>> = {
  "SHA-1": "The source of the floor lists SHA-1 for what exists already, not for new systems",
  "SHA-384": "The source lists no floor for SHA-384: it has that of SHA-512, from which it " +
    "differs only in its first state and the length of its output",
};
