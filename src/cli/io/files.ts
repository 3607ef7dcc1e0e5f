/**
 * Files and the standard streams, as what commands read and write.
 *
 * @module
 */

import {
  fileChunks,
  type FileHandle,
  type FileStatus,
  isMissing,
  type NodeFiles,
  nodeFiles,
  withFile,
  writeAll,
} from "../../files/node_files.ts";
import { replaceFile } from "../../files/replace_file.ts";
import type { Args } from "../spec/args.ts";
import { ClosedOutput, UsageError } from "../failures.ts";
import type { NodeProcess } from "./process.ts";
import { writeTo } from "./report.ts";

type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** What a command reads. */
export interface Input {
  /** The file; `undefined` for the standard input. */
  readonly path: string | undefined;
  /** Its bytes, where they are known. */
  readonly size: number | undefined;
  /** Tells it from other files. */
  readonly status: FileStatus | undefined;
  /** Its content. */
  stream(): ByteStream;
}

/** Where a command writes. */
export interface Output {
  /** The file; `undefined` for the standard output. */
  readonly path: string | undefined;
  /** Writes all of it: into a file as a whole or not at all. */
  write(content: ReadableStream<Uint8Array>): Promise<void>;
}

/** Finds the input, before anybody is asked for a secret. */
export async function findInput(
  path: string,
  process: NodeProcess,
  signal: AbortSignal,
): Promise<Input> {
  if (path === "-") {
    return {
      path: undefined,
      size: undefined,
      status: undefined,
      stream: () => readableOf(process.stdin, signal, () => process.stdin.pause()),
    };
  }
  const { fs } = nodeFiles();
  const status = await withFile("read", path, () => fs.stat(path, { bigint: true }));
  if (isFolder(status)) throw new Error(`Cannot read ${path}: it is a folder, expected a file`);
  return {
    path,
    size: status.isFile() ? Number(status.size) : undefined,
    status,
    stream() {
      let handle: FileHandle | undefined;
      async function* chunks() {
        handle = await withFile("read", path, () => fs.open(path, "r"));
        yield* fileChunks(handle, path, signal);
      }
      return readableOf(chunks(), signal, () => void handle?.close().catch(() => {}));
    },
  };
}

/** As much of the status as {@linkcode FileStatus} leaves out. */
function isFolder(status: FileStatus): boolean {
  return (status as FileStatus & { isDirectory(): boolean }).isDirectory();
}

/** Each chunk is copied: its memory is its source's. */
function readableOf(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  end: () => unknown,
): ByteStream {
  const chunks = source[Symbol.asyncIterator]();
  let abort = () => {};
  const settle = () => {
    signal.removeEventListener("abort", abort);
    end();
  };
  return new ReadableStream({
    start(controller) {
      // A source that has nothing to give would keep an abort from being seen.
      abort = () => {
        settle();
        controller.error(signal.reason);
      };
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    },
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (signal.aborted) return;
        if (!done) {
          controller.enqueue(new Uint8Array(value));
          return;
        }
        settle();
        controller.close();
      } catch (error) {
        settle();
        throw error;
      }
    },
    cancel: settle,
  });
}

/** The options that name a file with a secret, which an output must not replace. */
const SECRET_FILES = ["key-file", "old-key-file", "passphrase-file"];

/** Names of what a shell has opened, whatever that is. */
const STDOUT_NAMES = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/**
 * Finds out whether the output may be written.
 *
 * @throws {UsageError} If it is the input or the standard output, or exists and is
 * not to be replaced.
 */
export async function findOutput(
  args: Args,
  input: Input | undefined,
  process: NodeProcess,
): Promise<Output> {
  const path = args.text("output") ?? "-";
  if (path === "-") {
    if (args.has("force")) {
      throw new UsageError("Cannot use --force: the output is the standard output, so add -o FILE");
    }
    return { path: undefined, write: (content) => writeStdout(content, process) };
  }
  if (STDOUT_NAMES.includes(path)) throw stdoutNamed(path);
  const files = nodeFiles();
  const status = await withFile("write", path, () => files.fs.stat(path, { bigint: true }))
    .catch((error) => {
      if (!isMissing(error)) throw error;
    });
  if (status && isFolder(status)) {
    throw new UsageError(`Cannot write ${path}: it is a folder, so name a file in it`);
  }
  if (status && isSame(status, input?.status)) {
    throw new UsageError(`Cannot write ${path}: it is the input, so name another file`);
  }
  if (status && isSame(status, stdoutStatus(files))) throw stdoutNamed(path);
  for (const option of status ? SECRET_FILES : []) {
    for (const secret of args.list(option) ?? []) {
      const other = await files.fs.stat(secret, { bigint: true }).catch(() => undefined);
      if (status && isSame(status, other)) {
        throw new UsageError(`Cannot write ${path}: it is the file of --${option}`);
      }
    }
  }
  if (status && !args.has("force")) {
    throw new UsageError(`Cannot write ${path}: it exists, so add --force to replace it`);
  }
  return {
    path,
    write: (content) =>
      replaceFile(
        files,
        files.path.resolve(path),
        (write) => eachChunk(content, write),
        { input: input?.status, overwrite: args.has("force") },
      ),
  };
}

function isSame(status: FileStatus, other: FileStatus | undefined): boolean {
  return status.dev === other?.dev && status.ino === other.ino;
}

function stdoutNamed(path: string): UsageError {
  return new UsageError(`Cannot write ${path}: it is the standard output, so use -o -`);
}

/** What the standard output is. */
function stdoutStatus({ fsSync }: NodeFiles): FileStatus | undefined {
  try {
    return fsSync.fstatSync(1, { bigint: true });
  } catch {
    return undefined; // it is closed
  }
}

/** Writes to the standard output. */
async function writeStdout(
  content: ReadableStream<Uint8Array>,
  { stdout }: NodeProcess,
): Promise<void> {
  await eachChunk(content, (chunk) => writeTo(stdout, chunk).catch(stdoutFailed));
}

/** Tells apart why the standard output cannot be written. */
export function stdoutFailed(cause: Error & { code?: string }): never {
  if (cause.code === "EPIPE") throw new ClosedOutput("Nobody reads the standard output", { cause });
  throw new Error(`Cannot write the standard output: ${cause.message}`, { cause });
}

async function eachChunk(
  content: ReadableStream<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const reader = content.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await write(value);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

/**
 * Reads all of an input.
 *
 * @param most Bytes that it may have.
 * @param advice What to do with more, as the end of a sentence.
 */
export async function readAll(
  content: ReadableStream<Uint8Array>,
  most: number,
  advice: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  await eachChunk(content, (chunk) => {
    length += chunk.length;
    if (length > most) {
      throw new RangeError(`Cannot read the input: it has more than ${most} bytes, so ${advice}`);
    }
    chunks.push(chunk);
    return Promise.resolve();
  });
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Bytes of the one line end that a text may have after it. */
export function lineEnd(text: Uint8Array): number {
  if (text.at(-1) !== 0x0a) return 0;
  return text.at(-2) === 0x0d ? 2 : 1;
}

/**
 * Creates a file that only its owner can read.
 *
 * @throws {UsageError} If there is one already.
 */
export async function createSecretFile(path: string, content: string): Promise<void> {
  const { fs } = nodeFiles();
  const handle = await withFile("write", path, () => fs.open(path, "wx", 0o600)).catch((error) => {
    if (error.code !== "EEXIST") throw error;
    throw new UsageError(`Cannot write ${path}: it exists, and a key is never replaced`);
  });
  try {
    await withFile("write", path, () => writeAll(handle, new TextEncoder().encode(content)));
    await withFile("write", path, () => handle.sync());
  } catch (error) {
    await fs.unlink(path).catch(() => {});
    throw error;
  } finally {
    await handle.close();
  }
}
