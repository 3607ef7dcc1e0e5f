/**
 * Opens a sealed export, each slice from its place to its place.
 *
 * @module
 */

import type { SliceEngineName } from "../../backends/slices.ts";
import { LINE_FEED } from "../../bytes/batch.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import { fileChunks, readAt, withFile } from "../../files/node_files.ts";
import type { TemporaryFile } from "../../files/replace_file.ts";
import type { SourceFile } from "../../files/sources.ts";
import { release } from "../../runtime/memory.ts";
import { Pacer } from "../../runtime/schedule.ts";
import { ordered } from "../../streams/ordered.ts";
import { fileKey } from "./file_key.ts";
import { FINAL_LINE, FIRST_TOKEN_LINE, FULL_LINE, MAX_HEADER, SLICE } from "./format.ts";
import { readHeader } from "./header.ts";
import { checkHeader } from "./header_checks.ts";
import { ExportLines } from "./lines.ts";
import type { OpenWork, SealedExportInfo } from "./options.ts";
import { engineByPosition, knownOutput, knownSource, placedFile } from "./positions.ts";
import { RangeRunner, type RangeWork } from "./range_runner.ts";
import { openRuns } from "./reader.ts";
import { type CheckedSlices, RecordChecker } from "./records.ts";
import { LINE, type SliceWork } from "./slices/job.ts";
import { openRange } from "./slices/open_range.ts";

/** How a file is opened in which slices have places. */
export interface OpeningPlan {
  /** The parts that open. */
  readonly engine: SliceEngineName;
  /** Its first line, without its line feed. */
  readonly header: Bytes;
  /** How many full slices it has room for before its end. */
  readonly slices: number;
}

/**
 * Looks at a file; `undefined` of one that is opened as a stream, as is a file whose
 * first lines are not as long as they must be.
 */
export async function openingPlan(
  source: SourceFile,
  work: OpenWork,
): Promise<OpeningPlan | undefined> {
  const engine = await engineByPosition(source, work);
  if (!engine) return undefined;
  const { handle, path, status } = source;
  const start = new Uint8Array(MAX_HEADER + 1 + LINE);
  const length = await withFile("read", path, () => readAt(handle, start, 0));
  const header = start.subarray(0, start.subarray(0, MAX_HEADER + 1).indexOf(LINE_FEED));
  if (start[header.length] !== LINE_FEED || length < start.length) return undefined;
  if (start[header.length + 1 + FULL_LINE] !== LINE_FEED) return undefined;
  const lines = Number(status.size) - (header.length + 1) - (FINAL_LINE + 1);
  return { engine, header: header.slice(), slices: Math.floor(lines / LINE) };
}

/**
 * Opens a file. Workers check the full slices; from the first one on that is not as
 * it must be, which is the last or final one of a good export, lines are opened one
 * after the other, as those of a stream.
 *
 * @param source The export.
 * @param output Where the data goes, if it is kept: an empty file.
 * @param plan What was seen of it.
 * @param work The checked options.
 * @throws {SealedExportError} At the first bad line.
 */
export async function openByPosition(
  source: SourceFile,
  output: TemporaryFile | undefined,
  plan: OpeningPlan,
  work: OpenWork,
): Promise<SealedExportInfo> {
  const { signal } = work;
  const header = readHeader(plan.header);
  checkHeader(header, work);
  const start = header.line.length + 1;
  const runner = new RangeRunner(work.workers, signal);
  let key: Bytes | undefined;
  let checked: CheckedSlices;
  try {
    key = await fileKey(header, work, signal);
    const ranges = await rangeWork(source, output, { engine: plan.engine, key, start });
    checked = await openFullSlices(runner, ranges, plan.slices, (slices) => {
      work.onProgress?.(start + slices * LINE, work.total);
    });
    await runner.close();
    const place = start + checked.slices * LINE;
    const lines = new ExportLines(fileChunks(source.handle, source.path, signal, place), place);
    const runs = lines.runs(FIRST_TOKEN_LINE + checked.slices);
    const records = new RecordChecker(work.secret.kind, checked);
    const rest = openRuns({ id: header.id, key, runs, records }, work, signal);
    return await writeRest(rest, output, checked.slices * SLICE);
  } finally {
    await runner.close();
    key?.fill(0);
  }
}

/** Opens full slices, up to the first that is not as it must be. */
async function openFullSlices(
  runner: RangeRunner,
  ranges: RangeWork,
  slices: number,
  onSlices: (slices: number) => void,
): Promise<CheckedSlices> {
  let checked: CheckedSlices = { slices: 0 };
  const opened = ordered(runner.ranges(slices), () => runner.inFlight, async (range) => ({
    range,
    result: await runner.run(range, ranges),
  }));
  const pacer = new Pacer();
  for await (const { range: { first, count }, result: { bad, time } } of opened) {
    const { time: before = time } = checked;
    if (time !== before) break;
    checked = { slices: bad ?? first + count, time: before };
    if (bad !== undefined) break;
    onSlices(checked.slices);
    await pacer.pause();
  }
  return checked;
}

async function rangeWork(
  source: SourceFile,
  output: TemporaryFile | undefined,
  work: SliceWork,
): Promise<RangeWork> {
  const from = knownSource(source);
  const to = output && await knownOutput(output);
  const input = placedFile(source.handle, source.path);
  const file = output && placedFile(output.handle, output.target);
  return {
    task: (range) => ({ type: "openSlices", job: { input: from, output: to, work, range } }),
    local: (range, signal) => openRange(input, file, work, range, signal),
  };
}

/** Writes what the last lines hold, from that place on. */
async function writeRest(
  rest: AsyncGenerator<Bytes, SealedExportInfo, void>,
  output: TemporaryFile | undefined,
  start: number,
): Promise<SealedExportInfo> {
  const file = output && placedFile(output.handle, output.target);
  let position = start;
  try {
    for (;;) {
      const { done, value } = await rest.next();
      if (done) return value;
      try {
        await file?.write(value, position);
        position += value.length;
      } finally {
        value.fill(0);
        release(value);
      }
    }
  } finally {
    await rest.return(undefined as never);
  }
}
