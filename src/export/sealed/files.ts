/**
 * Sealed exports from file to file.
 *
 * @module
 */

import { checkOptions, kindOf } from "../../checks.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import { release } from "../../runtime/memory.ts";
import {
  absolutePath,
  fileChunks,
  fileFault,
  type FileHandle,
  type FilePath,
  type FileStatus,
  isMissing,
  type NodeFiles,
  nodeFiles,
  openFor,
  withFile,
} from "../../files/node_files.ts";
import { replaceFile } from "../../files/replace_file.ts";
import {
  type ExportWork,
  OPEN_OPTIONS,
  type OpenExportOptions,
  openWork,
  SEAL_OPTIONS,
  type SealedExportInfo,
  type SealExportOptions,
  sealWork,
} from "./options.ts";
import { openBytes } from "./reader.ts";
import { wipeSecret } from "./secret.ts";
import { sealBytes } from "./writer.ts";

/** How the output of {@linkcode sealFile} and {@linkcode openFile} is written. */
export interface OutputFileSettings {
  /**
   * Whether a file that is there already is replaced. If not, the call fails at
   * once where there is one, and at its end where one has appeared, which then
   * stays as it is. (On a file system without hard links, as FAT, that is looked at
   * right before the end.)
   *
   * @default {true}
   */
  overwrite?: boolean;
}

/** Options of {@linkcode sealFile}. */
export type SealFileOptions = SealExportOptions & OutputFileSettings;

/** Options of {@linkcode openFile}. */
export type OpenFileOptions = OpenExportOptions & OutputFileSettings;

/**
 * Seals a file into a sealed export, in constant memory.
 *
 * The output appears, or replaces the old one, as a whole and on the disk: it is
 * written in its folder as `.ironfern-HASH-RANDOM.tmp` and renamed. A call that
 * fails leaves what was there. A process that is killed leaves that temporary
 * file, which the next call for the same output removes. Of two processes that
 * write one output at once, the one that came later wins and the other one fails.
 * The output can be read by its owner only (mode 0600). In Deno it needs
 * `--allow-read` and `--allow-write` for the folders of both.
 *
 * @param input The path or the file URL of the data.
 * @param output The path or the file URL of the export.
 * @param options The passphrase or the key, exactly one; iterations, a backend,
 * workers, a signal, progress in bytes of the data, and whether to overwrite.
 * @returns The export's id, slices and bytes.
 * @throws {TypeError} As `sealExport`; if a path is of the wrong type; where the
 * runtime has no files, as in browsers.
 * @throws {RangeError} As `sealExport`.
 * @throws {Error} If input and output are the same file, or the system refuses to
 * read or write one; `code` is then the system's, as `ENOENT` or `ENOSPC`, and
 * `EEXIST` if the output exists and is not to be overwritten.
 *
 * @example Seal a file, and open it again
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { openFile, sealFile } from "@ironfern/ironfern/export";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/dump.sql`, "insert into t values (1);\n");
 * const key = Fernet.generateKey();
 * const { id } = await sealFile(`${folder}/dump.sql`, `${folder}/dump.sealed`, { key });
 * await openFile(`${folder}/dump.sealed`, `${folder}/copy.sql`, { key, expect: { id } });
 * assertEquals(await Deno.readTextFile(`${folder}/copy.sql`), "insert into t values (1);\n");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function sealFile(
  input: FilePath,
  output: FilePath,
  options: SealFileOptions,
): Promise<SealedExportInfo> {
  const { overwrite, ...sealing } = checkOptions(options, [...SEAL_OPTIONS, "overwrite"]);
  checkOverwrite(overwrite);
  const work = sealWork(sealing);
  return await transformFile(input, output, { work, overwrite, run: sealBytes, discard: release });
}

/**
 * Opens a sealed export into a file, in constant memory.
 *
 * The output appears, or replaces the old one, only when the export was opened to
 * its end: not a byte of one that was cut or patched gets there. How it is
 * written is told at `sealFile`.
 *
 * @param input The path or the file URL of the export.
 * @param output The path or the file URL of the data.
 * @param options The passphrase or the key, exactly one; the most iterations,
 * the id that is expected, a backend, workers, a signal, progress in bytes of the
 * export, and whether to overwrite.
 * @returns The export's id, slices and bytes.
 * @throws {SealedExportError} If the export is not as it was sealed.
 * @throws {TypeError} As `openExport`, and as `sealFile`.
 * @throws {RangeError} As `openExport`.
 * @throws {Error} As `sealFile`.
 *
 * @example A file that was cut leaves nothing behind
 * ```ts
 * import { Fernet, SealedExportError } from "@ironfern/ironfern";
 * import { openFile, sealFile } from "@ironfern/ironfern/export";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${folder}/dump.sql`, "insert into t values (1);\n");
 * const key = Fernet.generateKey();
 * await sealFile(`${folder}/dump.sql`, `${folder}/dump.sealed`, { key });
 * await Deno.truncate(`${folder}/dump.sealed`, 200);
 * const opening = openFile(`${folder}/dump.sealed`, `${folder}/copy.sql`, { key });
 * assertEquals((await assertRejects(() => opening, SealedExportError)).code, "truncated");
 * await assertRejects(() => Deno.stat(`${folder}/copy.sql`), Deno.errors.NotFound);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function openFile(
  input: FilePath,
  output: FilePath,
  options: OpenFileOptions,
): Promise<SealedExportInfo> {
  const { overwrite, ...opening } = checkOptions(options, [...OPEN_OPTIONS, "overwrite"]);
  checkOverwrite(overwrite);
  const work = openWork(opening);
  return await transformFile(input, output, { work, overwrite, run: openBytes, discard: wipe });
}

/** What becomes of a file. */
interface Transformation<W extends ExportWork> {
  /** The checked options. */
  readonly work: W;
  /** Whether an output that exists is replaced. */
  readonly overwrite: boolean | undefined;
  /** Makes the output out of the input. */
  readonly run: (
    source: AsyncIterable<Uint8Array>,
    work: W,
    signal: AbortSignal,
  ) => AsyncGenerator<Bytes, SealedExportInfo, void>;
  /** Called with each piece of the output when it is written, or will not be. */
  readonly discard: (bytes: Bytes) => void;
}

async function transformFile<W extends ExportWork>(
  input: FilePath,
  output: FilePath,
  { work, overwrite, run, discard }: Transformation<W>,
): Promise<SealedExportInfo> {
  const { signal } = work;
  let source: FileHandle | undefined;
  try {
    signal.throwIfAborted();
    const files = nodeFiles();
    const from = absolutePath(files, input, "the input");
    const to = absolutePath(files, output, "the output");
    source = await openFor(files, "read", from, signal);
    const status = await checkDifferent(files, source, from, to);
    const total = status.isFile() ? Number(status.size) : undefined;
    const chunks = run(fileChunks(source, from, signal), { ...work, total }, signal);
    return await replaceFile(files, to, (write) => writeChunks(chunks, write, discard), {
      input: status,
      overwrite,
    });
  } finally {
    wipeSecret(work.secret);
    const closing = source?.close();
    // A pipe that has nothing to give would keep an abort from being seen.
    if (signal.aborted) closing?.catch(() => {});
    else await closing;
  }
}

function wipe(data: Bytes): void {
  data.fill(0);
  release(data);
}

function checkOverwrite(overwrite: unknown): void {
  if (overwrite === undefined || typeof overwrite === "boolean") return;
  throw new TypeError(`Cannot use overwrite: expected a boolean, got ${kindOf(overwrite)}`);
}

/** Refuses two names of one file, and says what the input is. */
async function checkDifferent(
  { fs }: NodeFiles,
  source: FileHandle,
  from: string,
  to: string,
): Promise<FileStatus> {
  const bigint = { bigint: true } as const;
  const input = await withFile("read", from, () => source.stat(bigint));
  const output = await fs.stat(to, bigint).catch((error) => {
    if (isMissing(error)) return undefined;
    return withFile("write", to, () => Promise.reject(error));
  });
  if (output && output.dev === input.dev && output.ino === input.ino) {
    throw fileFault("write", to, "it is the same file as the input");
  }
  return input;
}

/** Writes chunks while the next one is in the making. */
async function writeChunks(
  chunks: AsyncGenerator<Bytes, SealedExportInfo, void>,
  write: (bytes: Uint8Array) => Promise<void>,
  discard: (bytes: Bytes) => void,
): Promise<SealedExportInfo> {
  let next = chunks.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return value;
      next = chunks.next();
      next.catch(() => {}); // it is awaited after the write, which may fail before it
      try {
        await write(value);
      } finally {
        discard(value);
      }
    }
  } finally {
    // What was begun ends before the files are closed.
    const last = await next.catch(() => undefined);
    if (last && !last.done) discard(last.value);
    await chunks.return(undefined as never);
  }
}
