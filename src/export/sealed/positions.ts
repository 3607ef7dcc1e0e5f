/**
 * Files whose slices are worked on by their positions.
 *
 * @module
 */

import type { SliceEngineName } from "../../backends/slices.ts";
import { hasSlices, pickSlices } from "../../backends/select/slices.ts";
import {
  fileFault,
  type FileHandle,
  readAt,
  wasWritten,
  withFile,
  writeAll,
} from "../../files/node_files.ts";
import type { TemporaryFile } from "../../files/replace_file.ts";
import type { SourceFile } from "../../files/sources.ts";
import type { ExportWork } from "./options.ts";
import type { KnownFile, PlacedFile } from "./slices/job.ts";

/** Bytes of a file from which its slices are worked on by their positions. */
const WORTH_POSITIONS = 4 << 20;
/** Places up to here are exact numbers, also those in the export of such a file. */
const MOST_BYTES = 2 ** 52;

/** The engine for a file by positions; `undefined` where it is read as a stream. */
export async function engineByPosition(
  { status }: SourceFile,
  { backend }: ExportWork,
): Promise<SliceEngineName | undefined> {
  if (!status.isFile() || status.size < WORTH_POSITIONS || status.size > MOST_BYTES) return;
  return hasSlices(backend) ? await pickSlices(backend) : undefined;
}

/** A file for workers, which must not change. */
export function knownSource({ path, status: { dev, ino, size, mtimeNs } }: SourceFile): KnownFile {
  return { path, dev, ino, size, mtimeNs };
}

/** A file for workers, which is written. */
export async function knownOutput({ handle, path, target }: TemporaryFile): Promise<KnownFile> {
  const { dev, ino } = await withFile("write", target, () => handle.stat({ bigint: true }));
  return { path, dev, ino };
}

/**
 * A file for the calling thread, which takes one call at a time.
 *
 * @param name The path that errors tell.
 */
export function placedFile(handle: FileHandle, name: string): PlacedFile {
  return {
    read: (into, position) => withFile("read", name, () => readAt(handle, into, position)),
    write: (bytes, position) => withFile("write", name, () => writeAll(handle, bytes, position)),
  };
}

/**
 * Checks that nobody wrote to the file since it was opened.
 *
 * @throws {Error} With the code `"changed"`, if somebody did.
 */
export async function checkUnchanged({ handle, path, status }: SourceFile): Promise<void> {
  const now = await withFile("read", path, () => handle.stat({ bigint: true }));
  if (wasWritten(status, now)) throw changedError(path);
}

/** The error of a file that was written to while it was read. */
export function changedError(path: string): Error {
  return fileFault("read", path, "it was written to meanwhile", { code: "changed" });
}
