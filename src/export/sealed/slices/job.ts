/**
 * Ranges of a sealed export's slices, which any thread can seal or open by
 * themselves: the place of a slice and of its line follow from its number.
 *
 * @module
 */

import type { SliceEngineName } from "../../../backends/slices.ts";
import type { Bytes } from "../../../bytes/bytes.ts";
import { tokenLength } from "../../../backends/token.ts";
import { FULL_LINE, RECORD_HEAD, SLICE } from "../format.ts";

/** Bytes of a full slice's line, with its line feed. */
export const LINE: number = FULL_LINE + 1;

/** A file, and what tells it from another one under the same name. */
export interface KnownFile {
  /** Its absolute path. */
  readonly path: string;
  /** The number of its device. */
  readonly dev: bigint;
  /** Its number on the device. */
  readonly ino: bigint;
  /** Bytes, of a file that must not change. */
  readonly size?: bigint;
  /** When it was written last, in nanoseconds, of a file that must not change. */
  readonly mtimeNs?: bigint;
}

/** Slices one after the other. */
export interface SliceRange {
  /** The first one's number. */
  readonly first: number;
  /** How many there are. */
  readonly count: number;
}

/** What is the same of all ranges of a file. */
export interface SliceWork {
  /** The parts that seal or open. */
  readonly engine: SliceEngineName;
  /** 32 bytes. */
  readonly key: Bytes;
  /** Where the line of slice 0 begins in the export. */
  readonly start: number;
}

/** What is the same of all ranges of a file that is sealed. */
export interface SealSlicesWork extends SliceWork {
  /** The time of all tokens. */
  readonly time: bigint;
  /** Bytes of the data. */
  readonly length: number;
}

/** What came of opening a range. */
export interface OpenedRange {
  /** The first slice that is not as it must be; those before it are in place. */
  readonly bad?: number;
  /** The time of all tokens before that one. */
  readonly time?: bigint;
}

/** A range for a worker to seal, from file to file. */
export interface SealSlicesTask {
  /** The data. */
  readonly input: KnownFile;
  /** The export in the making. */
  readonly output: KnownFile;
  /** How. */
  readonly work: SealSlicesWork;
  /** Which slices. */
  readonly range: SliceRange;
}

/** A range for a worker to open. */
export interface OpenSlicesTask {
  /** The export. */
  readonly input: KnownFile;
  /** The data in the making, if it is kept. */
  readonly output?: KnownFile;
  /** How. */
  readonly work: SliceWork;
  /** Which slices. */
  readonly range: SliceRange;
}

/** A file that is read or written at given places, by promises or not. */
export interface PlacedFile {
  /** Reads until the buffer is full or the file ends, and says how many bytes that were. */
  read(into: Bytes, position: number): number | Promise<number>;
  /** Writes all of the bytes. */
  write(bytes: Uint8Array, position: number): void | Promise<void>;
}

/** Bytes of the line of a slice of so many bytes, with its line feed. */
export function lineLength(length: number): number {
  return tokenLength(RECORD_HEAD + length) + 1;
}

/** Bytes of data in a slice, when there are so many in all. */
export function sliceLength(index: number, length: number): number {
  return Math.min(SLICE, length - index * SLICE);
}
