/**
 * The numbers of the format `ironfern-export`, version 1.
 *
 * @module
 */

import { tokenLength } from "../../backends/token.ts";

/** The format's name in the header. */
export const FORMAT = "ironfern-export";
/** Its version in the header. */
export const VERSION = 1;
/** Random bytes of an id, and of a salt. */
export const RANDOM = 16;
/** What HKDF derives the file's key for; the header's SHA-256 follows it. */
export const FILE_KEY_PURPOSE = `${FORMAT}/${VERSION}`;

/** PBKDF2 iterations: the fewest and the most that are written, and the default. */
export const ITERATIONS = { least: 100_000, usual: 600_000, most: 10_000_000 } as const;
/** The most iterations that are read, unless the reader says otherwise. */
export const USUAL_MAX_ITERATIONS = 2_000_000;

/** The header's line, as editors count it. */
export const HEADER_LINE = 1;
/** The line of the first token. */
export const FIRST_TOKEN_LINE = HEADER_LINE + 1;
/** Bytes of the header, without its line feed, at most. */
export const MAX_HEADER = 4_096;
/** Bytes of input in every slice but the last one. */
export const SLICE = 65_510;
/** Bytes before a record's data: the index (u64be) and the type (u8). */
export const RECORD_HEAD = 9;
/** Bytes of the final record's data: slices and input bytes (u64be each). */
export const FINAL_DATA = 16;
/** What a record's type says. */
export const TYPE = { slice: 0, final: 1 } as const;
/** Characters of a full slice's line, without its line feed; no line is longer. */
export const FULL_LINE = tokenLength(RECORD_HEAD + SLICE);
/** Characters of the final line, without its line feed. */
export const FINAL_LINE = tokenLength(RECORD_HEAD + FINAL_DATA);

/** Slices that are sealed or opened at once, about 1 MiB; no part of the format. */
export const BATCH_SLICES = 16;
