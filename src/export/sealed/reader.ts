/**
 * Opens the lines of a sealed export.
 *
 * @module
 */

import { batchLength, type Opened, recordView } from "../../bytes/batch.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import { SealedExportError } from "../../errors.ts";
import { release } from "../../runtime/memory.ts";
import { Pacer } from "../../runtime/schedule.ts";
import { ordered } from "../../streams/ordered.ts";
import { fileKey } from "./file_key.ts";
import { FIRST_TOKEN_LINE } from "./format.ts";
import { readHeader } from "./header.ts";
import { checkHeader } from "./header_checks.ts";
import { ExportLines, type LineRun, linesWithin } from "./lines.ts";
import type { OpenWork, SealedExportInfo } from "./options.ts";
import { RecordChecker } from "./records.ts";
import { BatchRunner } from "../../streams/batch_runner.ts";

/**
 * Opens an export, a batch at a time; what it yields is authenticated, and a
 * prefix of the data.
 *
 * @param source The export, in chunks of any size; they are copied.
 * @param work The checked options.
 * @param signal Stops it, at any await.
 * @returns What was opened, when the final line was.
 * @throws {SealedExportError} At the first bad line.
 */
export async function* openBytes(
  source: AsyncIterable<Uint8Array>,
  work: OpenWork,
  signal: AbortSignal,
): AsyncGenerator<Bytes, SealedExportInfo, void> {
  const lines = new ExportLines(source);
  const header = readHeader(await lines.header());
  checkHeader(header, work);
  // A file whose first token is missing or too long is not worth a derivation.
  const runs = lines.runs();
  const first = await runs.next();
  if (first.done) throw new SealedExportError("truncated", FIRST_TOKEN_LINE);
  if (first.value.failure?.line === FIRST_TOKEN_LINE) throw first.value.failure;

  const key = await fileKey(header, work, signal);
  try {
    const records = new RecordChecker(work.secret.kind);
    const input = { id: header.id, key, runs: prepended(first.value, runs), records };
    return yield* openRuns(input, work, signal);
  } finally {
    key.fill(0);
  }
}

/** Lines of an export to open, from some line on. */
export interface RunsToOpen {
  /** The export's id. */
  readonly id: string;
  /** The file's key. */
  readonly key: Bytes;
  /** The lines. */
  readonly runs: AsyncGenerator<LineRun, void>;
  /** Checks their records, after those of the lines before. */
  readonly records: RecordChecker;
}

/** Opens lines to the export's end, as {@linkcode openBytes}. */
export async function* openRuns(
  { id, key, runs, records }: RunsToOpen,
  work: OpenWork,
  signal: AbortSignal,
): AsyncGenerator<Bytes, SealedExportInfo, void> {
  const { backend, workers } = work;
  const runner = new BatchRunner(() => ({ key: key.slice(), backend }), { workers, signal });
  /** What was opened ahead of its turn. */
  const ahead = new Set<Opened>();
  const pacer = new Pacer();
  let nextLine = FIRST_TOKEN_LINE + records.slices;
  try {
    const opened = ordered(
      runs,
      () => runner.inFlight,
      async (run) => {
        const opened = await runner.open(run.tokens);
        ahead.add(opened);
        return { run, opened };
      },
    );
    for await (const { run, opened: values } of opened) {
      ahead.delete(values);
      const { chunks, failure } = records.read(values, run.firstLine);
      yield* chunks;
      if (failure) throw await trueFailure(failure, run, records, runner);
      nextLine = run.firstLine + batchLength(run.tokens);
      release(run.tokens.bytes);
      if (run.failure) {
        throw records.ended ? new SealedExportError("trailing-data", nextLine) : run.failure;
      }
      work.onProgress?.(run.end, work.total);
      await pacer.pause();
    }
    if (!records.ended) throw new SealedExportError("truncated", nextLine);
    return { id, slices: records.slices, bytes: records.bytes };
  } finally {
    runner.close();
    records.wipe();
    for (const { plaintexts } of ahead) plaintexts.bytes.fill(0);
  }
}

async function* prepended<T>(first: T, rest: AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  yield first;
  yield* rest;
}

/** The failure as a search for line feeds would have found it. */
async function trueFailure(
  failure: SealedExportError,
  { firstLine, tokens }: LineRun,
  records: RecordChecker,
  runner: BatchRunner,
): Promise<SealedExportError> {
  // A short slice at the end of the run before is found by what follows it.
  if (failure.line < firstLine) return failure;
  const line = recordView(tokens, failure.line - firstLine);
  const within = linesWithin(line);
  if (batchLength(within) === 1) return failure;
  const { chunks, failure: found } = records.read(await runner.open(within), failure.line);
  for (const data of chunks) data.fill(0);
  return found ?? failure;
}
