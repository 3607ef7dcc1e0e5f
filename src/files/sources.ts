/**
 * What an export can be read from.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { streamChunks } from "../streams/chunks.ts";
import {
  absolutePath,
  fileChunks,
  type FileHandle,
  type FilePath,
  type FileStatus,
  nodeFiles,
  openFor,
  withFile,
} from "./node_files.ts";

/** A blob (or a `File`), a stream of bytes, or a file's path or URL. */
export type ExportSource = Blob | ReadableStream<Uint8Array> | FilePath;

/**
 * Works on the chunks of a source, and closes or cancels the source in the end.
 *
 * @param source The source.
 * @param signal Stops the reading.
 * @param work Gets the chunks, each valid until the next one, the number of all their
 * bytes where that is known, and the file if it is one.
 * @throws {TypeError} If the value is none of these.
 */
export async function withSource<T>(
  source: ExportSource,
  signal: AbortSignal,
  work: SourceWork<T>,
): Promise<T> {
  signal.throwIfAborted();
  if (source instanceof Blob) return await withStream(source.stream(), signal, work, source.size);
  if (source instanceof ReadableStream) return await withStream(source, signal, work);
  if (typeof source === "string" || source instanceof URL) {
    return await withPath(source, signal, work);
  }
  throw new TypeError(
    `Cannot read the export: expected a Blob, a ReadableStream, a path or a file URL, got ${
      kindOf(source)
    }`,
  );
}

/** A file that is read. */
export interface SourceFile {
  /** The file. */
  readonly handle: FileHandle;
  /** Its absolute path. */
  readonly path: string;
  /** What it was when it was opened. */
  readonly status: FileStatus;
}

type SourceWork<T> = (
  chunks: AsyncIterable<Uint8Array>,
  total: number | undefined,
  file?: SourceFile,
) => Promise<T>;

async function withStream<T>(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  work: SourceWork<T>,
  total?: number,
): Promise<T> {
  const reader = stream.getReader();
  try {
    return await work(streamChunks(reader, signal), total);
  } finally {
    // After an abort a cancel may never settle, so nothing waits for it.
    reader.cancel(signal.reason).catch(() => {});
  }
}

async function withPath<T>(
  file: FilePath,
  signal: AbortSignal,
  work: SourceWork<T>,
): Promise<T> {
  const files = nodeFiles();
  const path = absolutePath(files, file, "the export");
  const handle = await openFor(files, "read", path, signal);
  try {
    const status = await withFile("read", path, () => handle.stat({ bigint: true }));
    const total = status.isFile() ? Number(status.size) : undefined;
    const start = status.isFile() ? 0 : undefined;
    const chunks = fileChunks(handle, path, signal, start);
    return await work(chunks, total, { handle, path, status });
  } finally {
    const closing = handle.close();
    if (signal.aborted) closing.catch(() => {});
    else await closing;
  }
}
