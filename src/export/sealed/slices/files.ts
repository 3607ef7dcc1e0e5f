/**
 * Files of a worker, which it opens by their paths: a handle cannot change threads.
 *
 * @module
 */

import { builtinModule } from "../../../runtime/host.ts";
import type { KnownFile, PlacedFile } from "./job.ts";

interface Status {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** As much of node:fs as is used; a static import would not load elsewhere. */
interface NodeFs {
  openSync(path: string, flags: string): number;
  closeSync(file: number): void;
  statSync(path: string, options: { bigint: true }): Status;
  fstatSync(file: number, options: { bigint: true }): Status;
  readSync(
    file: number,
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
  writeSync(
    file: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): number;
}

/** An open file, to be closed. */
export interface OpenFile extends PlacedFile {
  /** Closes it. */
  close(): void;
}

/**
 * Opens a file, which is neither made nor cut.
 *
 * @throws {Error} If the system refuses it, or another file has the path by now, or
 * the file is not as it was.
 */
export function openKnown(file: KnownFile, flags: "r" | "r+"): OpenFile {
  const fs = builtinModule<NodeFs>("node:fs");
  if (!fs) throw new Error("Cannot use files: this runtime has no node:fs");
  // To open a pipe would take until somebody opens its other end.
  checkSame(file, fs.statSync(file.path, { bigint: true }));
  const descriptor = fs.openSync(file.path, flags);
  try {
    checkSame(file, fs.fstatSync(descriptor, { bigint: true }));
  } catch (error) {
    fs.closeSync(descriptor);
    throw error;
  }
  return {
    read(into, position) {
      let length = 0;
      while (length < into.length) {
        const left = into.length - length;
        const count = fs.readSync(descriptor, into, length, left, position + length);
        if (!count) break;
        length += count;
      }
      return length;
    },
    write(bytes, position) {
      for (let at = 0; at < bytes.length;) {
        at += fs.writeSync(descriptor, bytes, at, bytes.length - at, position + at);
      }
    },
    close: () => fs.closeSync(descriptor),
  };
}

function checkSame({ path, dev, ino, size, mtimeNs }: KnownFile, now: Status): void {
  const same = now.dev === dev && now.ino === ino && (size ?? now.size) === now.size &&
    (mtimeNs ?? now.mtimeNs) === now.mtimeNs;
  if (!same) throw new Error(`Cannot use ${path}: it is not the file that it was`);
}
