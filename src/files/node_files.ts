/**
 * Files by node:fs, in Node, Deno and Bun.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { builtinModule } from "../runtime/host.ts";
import { abortable } from "../runtime/schedule.ts";

/** A file's path, or its URL with the scheme `file:`. */
export type FilePath = string | URL;

/** What is known of a file; two names of one file have the same `dev` and `ino`. */
export interface FileStatus {
  /** The number of its device. */
  readonly dev: bigint;
  /** Its number on the device. */
  readonly ino: bigint;
  /** Bytes. */
  readonly size: bigint;
  /** Its kind, and who may read and write it. */
  readonly mode: bigint;
  /** When it was written last, in nanoseconds. */
  readonly mtimeNs: bigint;
  /** Whether it is neither a folder nor a device nor a pipe. */
  isFile(): boolean;
  isDirectory(): boolean;
  isFIFO(): boolean;
  isCharacterDevice(): boolean;
  isBlockDevice(): boolean;
}

/** What an error of a file says to programs. */
export interface FileErrorData {
  /** What was tried. */
  readonly doing: "read" | "write";
  /** The file. */
  readonly path: string;
  /** The system's code, as `ENOENT`, where it gave one. */
  readonly code?: string;
}

/** An open file. */
export interface FileHandle {
  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position?: number,
  ): Promise<{ bytesWritten: number }>;
  stat(options: { bigint: true }): Promise<FileStatus>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** As much of node:fs/promises as is used; a static import would not load elsewhere. */
export interface NodeFs {
  open(path: string, flags: string, mode?: number): Promise<FileHandle>;
  stat(path: string, options: { bigint: true }): Promise<FileStatus>;
  readdir(path: string): Promise<string[]>;
  realpath(path: string): Promise<string>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  lstat(path: string): Promise<unknown>;
  readlink(path: string): Promise<string>;
}

interface NodeFsSync {
  openSync(path: string, flags: string): number;
  writeSync(descriptor: number, text: string): number;
  fstatSync(descriptor: number, options: { bigint: true }): FileStatus;
  unlinkSync(path: string): void;
}

interface NodePath {
  basename(path: string): string;
  dirname(path: string): string;
  isAbsolute(path: string): boolean;
  join(...parts: string[]): string;
  resolve(path: string): string;
}

interface NodeUrl {
  fileURLToPath(url: URL): string;
}

/** The modules for files. */
export interface NodeFiles {
  /** node:fs/promises */
  readonly fs: NodeFs;
  /** node:fs */
  readonly fsSync: NodeFsSync;
  /** node:path */
  readonly path: NodePath;
  /** node:url */
  readonly url: NodeUrl;
}

/**
 * The modules for files.
 *
 * @throws {TypeError} If this runtime has no files.
 */
export function nodeFiles(): NodeFiles {
  const [fs, fsSync, path, url] = ["node:fs/promises", "node:fs", "node:path", "node:url"]
    .map(builtinModule);
  if (fs && fsSync && path && url) return { fs, fsSync, path, url } as NodeFiles;
  throw new TypeError(
    "Cannot use files: this runtime has no node:fs, so use sealExport and openExport with streams",
  );
}

/**
 * The absolute path of a file.
 *
 * @throws {TypeError} If it is neither a string nor the URL of a file. What was
 * given instead is not told: it may be the content of the file.
 */
export function absolutePath({ path, url }: NodeFiles, file: FilePath, what: string): string {
  if (typeof file === "string" && file) {
    try {
      return path.resolve(file);
    } catch (cause) {
      // In Deno a relative path needs the permission to read the current folder.
      throw fileError("read", file, cause);
    }
  }
  if (file instanceof URL && file.protocol === "file:") return url.fileURLToPath(file);
  const given = file === "" ? '""' : file instanceof URL ? `a ${file.protocol} URL` : kindOf(file);
  throw new TypeError(`Cannot use ${what}: expected a path or a file URL, got ${given}`);
}

/** An error with what was tried and with which file, for people and for programs. */
export function fileFault(
  doing: FileErrorData["doing"],
  path: string,
  reason: string,
  { cause, code }: { cause?: unknown; code?: unknown } = {},
): Error & FileErrorData {
  const message = `Cannot ${doing} ${path}: ${reason}`;
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  return Object.assign(error, { doing, path, ...typeof code === "string" ? { code } : {} });
}

/** Adds what was tried, with which file, to an error of the system's; it keeps its `code`. */
export function fileError(
  doing: FileErrorData["doing"],
  path: string,
  cause: unknown,
): Error & FileErrorData {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return fileFault(doing, path, reason, { cause, code: (cause as { code?: unknown }).code });
}

/** Does something with a file, with an error that says what and which. */
export async function withFile<T>(
  doing: FileErrorData["doing"],
  path: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw fileError(doing, path, cause);
  }
}

/** What a path leads to, as the middle of a sentence. */
export function kindOfFile(status: FileStatus): string {
  if (status.isFile()) return "a file";
  if (status.isDirectory()) return "a folder";
  if (status.isFIFO()) return "a pipe";
  return status.isCharacterDevice() || status.isBlockDevice() ? "a device" : "a socket";
}

/**
 * Opens a file or a pipe.
 *
 * A pipe waits until its other end is opened too. After an abort that is no longer
 * waited for: a handle that comes later is closed.
 */
export async function openFor(
  { fs }: NodeFiles,
  doing: FileErrorData["doing"],
  path: string,
  signal: AbortSignal | undefined,
): Promise<FileHandle> {
  return await abortable(async () => {
    const handle = await withFile(doing, path, () => fs.open(path, doing === "read" ? "r" : "w"));
    if (signal?.aborted) await handle.close();
    return handle;
  }, signal);
}

/** Whether it is the system's error that there is no such file. */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "ENOENT";
}

const CHUNK = 1 << 20;

/**
 * A file's bytes; every chunk is valid until the next one.
 *
 * @param start The first byte's place; without it the file's current position.
 */
export async function* fileChunks(
  handle: FileHandle,
  path: string,
  signal: AbortSignal | undefined,
  start?: number,
): AsyncGenerator<Uint8Array, void> {
  const buffer = new Uint8Array(CHUNK);
  let position = start ?? null;
  try {
    for (;;) {
      const { bytesRead } = await abortable(
        () => withFile("read", path, () => handle.read(buffer, 0, CHUNK, position)),
        signal,
      );
      if (!bytesRead) return;
      if (position !== null) position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    buffer.fill(0);
  }
}

/** Writes all of the bytes, at the file's current position or at that place. */
export async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  position?: number,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const left = bytes.length - written;
    const at = position === undefined ? undefined : position + written;
    written += (await handle.write(bytes, written, left, at)).bytesWritten;
  }
}

/** Reads until the buffer is full or the file ends, and says how many bytes that were. */
export async function readAt(
  handle: FileHandle,
  into: Uint8Array,
  position: number,
): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const left = into.length - length;
    const { bytesRead } = await handle.read(into, length, left, position + length);
    if (!bytesRead) break;
    length += bytesRead;
  }
  return length;
}

/** Whether a file was written to between the two. */
export function wasWritten(before: FileStatus, after: FileStatus): boolean {
  return before.size !== after.size || before.mtimeNs !== after.mtimeNs;
}
