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
import { replaceFile, type TemporaryFile } from "../../files/replace_file.ts";
import type { SourceFile } from "../../files/sources.ts";
import { openByPosition, openingPlan } from "./open_by_position.ts";
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
import { checkUnchanged, engineByPosition } from "./positions.ts";
import { openBytes } from "./reader.ts";
import { sealByPosition } from "./seal_by_position.ts";
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
 * Seals a file into a sealed export, in constant memory. Files from 4 MiB on are read
 * and written by the workers themselves, each slice from its place to its place.
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
 * `EEXIST` if the output exists and is not to be overwritten. With the code
 * `changed` if somebody wrote to the input while it was sealed.
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
  return await transformFile(input, output, {
    work,
    overwrite,
    run: sealBytes,
    discard: release,
    async byPosition(source) {
      const engine = await engineByPosition(source, work);
      return engine && ((temporary) => sealByPosition(source, temporary, engine, work));
    },
    atEnd: checkUnchanged,
  });
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
  return await transformFile(input, output, {
    work,
    overwrite,
    run: openBytes,
    discard: wipe,
    async byPosition(source) {
      const plan = await openingPlan(source, work);
      const total = Number(source.status.size);
      return plan &&
        ((temporary) => openByPosition(source, temporary, plan, { ...work, total }));
    },
  });
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
  /** What makes the output where the places of its parts are known. */
  readonly byPosition: (source: SourceFile) => Promise<ByPosition | undefined>;
  /** Called with the input of a stream before the output is published. */
  readonly atEnd?: (source: SourceFile) => Promise<void>;
}

type ByPosition = (temporary: TemporaryFile) => Promise<SealedExportInfo>;

async function transformFile<W extends ExportWork>(
  input: FilePath,
  output: FilePath,
  { work, overwrite, run, discard, byPosition, atEnd }: Transformation<W>,
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
    const settings = { input: status, overwrite };
    const sourceFile = { handle: source, path: from, status };
    const positions = await byPosition(sourceFile);
    if (positions) {
      return await replaceFile(files, to, (_, temporary) => positions(temporary), settings);
    }
    const [total, start] = status.isFile() ? [Number(status.size), 0] : [];
    const chunks = run(fileChunks(source, from, signal, start), { ...work, total }, signal);
    return await replaceFile(
      files,
      to,
      async (write) => {
        const info = await writeChunks(chunks, write, discard);
        if (total) await atEnd?.(sourceFile);
        return info;
      },
      settings,
    );
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
