/**
 * Where commands write: a file, a pipe or device, or the standard output.
 *
 * @module
 */

import {
  type FileErrorData,
  type FileHandle,
  type FileStatus,
  isMissing,
  kindOfFile,
  type NodeFiles,
  nodeFiles,
  openFor,
  withFile,
  writeAll,
} from "../../files/node_files.ts";
import { replaceFile } from "../../files/replace_file.ts";
import { abortable } from "../../runtime/schedule.ts";
import { AccessError, ClosedOutput, UsageError } from "../failures.ts";
import type { Args } from "../spec/args.ts";
import { forTerminal } from "./escape.ts";
import { eachChunk, type Input } from "./input.ts";
import type { NodeProcess } from "./process.ts";
import { writeTo } from "./report.ts";

/** Where a command writes. */
export interface Output {
  /** The path; `undefined` for the standard output. */
  readonly path: string | undefined;
  /** Whether it is a file, which appears as a whole or not at all. */
  readonly isFile: boolean;
  /** Writes all of it. */
  write(content: ReadableStream<Uint8Array>): Promise<void>;
}

/** The options that name a file with a secret, which an output must not replace. */
const SECRET_FILES = ["key-file", "old-key-file", "passphrase-file"];

/** Names of what a shell has opened as the standard output, whatever that is. */
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
  signal: AbortSignal,
): Promise<Output> {
  const path = args.text("output") ?? "-";
  if (path === "-") {
    if (args.has("force")) {
      throw new UsageError("Cannot use --force: the output is the standard output, so add -o FILE");
    }
    return {
      path: undefined,
      isFile: false,
      write: (content) => writeStdout(content, process, signal),
    };
  }
  if (STDOUT_NAMES.includes(path)) throw stdoutNamed(path);
  const files = nodeFiles();
  const status = await withFile("write", path, () => files.fs.stat(path, { bigint: true }))
    .catch((error) => {
      if (!isMissing(error)) throw error;
    });
  if (status) await checkExisting(files, args, path, status, input);
  if (status && !status.isFile()) {
    return { path, isFile: false, write: (content) => writeThrough(files, path, content, signal) };
  }
  return {
    path,
    isFile: true,
    write: (content) =>
      replaceFile(
        files,
        files.path.resolve(path),
        (write) => eachChunk(content, write),
        { input: input?.status, overwrite: args.has("force") },
      ),
  };
}

async function checkExisting(
  files: NodeFiles,
  args: Args,
  path: string,
  status: FileStatus,
  input: Input | undefined,
): Promise<void> {
  const refuse = (reason: string) => new UsageError(`Cannot write ${path}: ${reason}`);
  if (status.isDirectory()) throw refuse("it is a folder, so name a file in it");
  if (isSame(status, input?.status)) throw refuse("it is the input, so name another file");
  if (!status.isFile()) {
    if (canWriteThrough(status)) return;
    const kind = status.isBlockDevice() ? "a disk" : kindOfFile(status);
    throw refuse(`it is ${kind}, expected a file, a pipe or a device such as /dev/null`);
  }
  if (isSame(status, stdoutStatus(files))) throw stdoutNamed(path);
  for (const option of SECRET_FILES) {
    for (const secret of args.list(option) ?? []) {
      const other = await files.fs.stat(secret, { bigint: true }).catch(() => undefined);
      if (isSame(status, other)) throw refuse(`it is the file of --${option}`);
    }
  }
  if (!args.has("force")) throw refuse("it exists, so add --force to replace it");
}

function isSame(status: FileStatus, other: FileStatus | undefined): boolean {
  return status.dev === other?.dev && status.ino === other.ino;
}

function stdoutNamed(path: string): UsageError {
  return new UsageError(`Cannot write ${path}: it is the standard output, so use -o -`);
}

/** Whether what is written there goes on to somebody, and is not kept. */
function canWriteThrough(status: FileStatus): boolean {
  return status.isFIFO() || status.isCharacterDevice();
}

/** What is known of the standard output. */
function stdoutStatus({ fsSync }: NodeFiles): FileStatus | undefined {
  try {
    return fsSync.fstatSync(1, { bigint: true });
  } catch {
    return undefined; // it is closed
  }
}

/** Writes to the standard output, as text where that is a terminal. */
async function writeStdout(
  content: ReadableStream<Uint8Array>,
  { stdout }: NodeProcess,
  signal: AbortSignal,
): Promise<void> {
  const shown = stdout.isTTY ? content.pipeThrough(forTerminal()) : content;
  await eachChunk(
    shown,
    (chunk) => abortable(() => writeTo(stdout, chunk).catch(stdoutFailed), signal),
  );
}

/** Says why the standard output cannot be written. */
export function stdoutFailed(cause: Error & { code?: string }): never {
  if (cause.code === "EPIPE") throw new ClosedOutput("Nobody reads the standard output", { cause });
  throw new AccessError("write", "the standard output", cause);
}

/** Writes to a pipe or a device; a pipe that nobody reads does not hold up an abort. */
async function writeThrough(
  files: NodeFiles,
  path: string,
  content: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const handle = await openFor(files, "write", path, signal);
  try {
    await eachChunk(content, (chunk) =>
      abortable(async () => {
        try {
          await withFile("write", path, () => writeAll(handle, chunk));
        } catch (cause) {
          if ((cause as { code?: unknown }).code !== "EPIPE") throw cause;
          throw new ClosedOutput(`Nobody reads ${path}`, { cause });
        }
      }, signal));
  } finally {
    const closing = handle.close();
    if (signal.aborted) closing.catch(() => {});
    else await closing;
  }
}

/**
 * Creates a file that only its owner can read, or writes to a pipe or a device.
 *
 * @throws {UsageError} If there is a file already.
 */
export async function createSecretFile(
  path: string,
  content: string,
  signal: AbortSignal,
): Promise<void> {
  const files = nodeFiles();
  const { fs } = files;
  let handle: FileHandle;
  try {
    handle = await withFile("write", path, () => fs.open(path, "wx", 0o600));
  } catch (error) {
    if ((error as Partial<FileErrorData>).code !== "EEXIST") throw error;
    const status = await fs.stat(path, { bigint: true }).catch(() => undefined);
    if (status && canWriteThrough(status)) {
      return await writeThrough(files, path, new Blob([content]).stream(), signal);
    }
    throw new UsageError(`Cannot write ${path}: it exists, and a key is never replaced`);
  }
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
