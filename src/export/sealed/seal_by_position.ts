/**
 * Seals a file into another one, each slice from its place to its place.
 *
 * @module
 */

import type { SliceEngineName } from "../../backends/slices.ts";
import { pickAsync } from "../../backends/select/fernet.ts";
import { type Batch, batchLoad, LINE_FEED } from "../../bytes/batch.ts";
import { type Bytes, concatBytes } from "../../bytes/bytes.ts";
import { makeHeads, unixTime } from "../../fernet/seal.ts";
import type { TemporaryFile } from "../../files/replace_file.ts";
import type { SourceFile } from "../../files/sources.ts";
import { Pacer } from "../../runtime/schedule.ts";
import { ordered } from "../../streams/ordered.ts";
import { fileKey } from "./file_key.ts";
import { FINAL_DATA, RECORD_HEAD, SLICE, TYPE } from "./format.ts";
import { newHeader } from "./header.ts";
import type { SealedExportInfo, SealWork } from "./options.ts";
import { changedError, checkUnchanged, knownOutput, knownSource, placedFile } from "./positions.ts";
import { RangeRunner, type RangeWork } from "./range_runner.ts";
import { LINE, lineLength, type SealSlicesWork, sliceLength } from "./slices/job.ts";
import { sealRange, ShortInputError } from "./slices/seal_range.ts";

/**
 * Seals a file that must not change meanwhile.
 *
 * @param source The data.
 * @param output The export in the making, which is empty.
 * @param engine The parts that seal.
 * @param work The checked options.
 * @throws {Error} With the code `"changed"`, if somebody wrote to the data.
 */
export async function sealByPosition(
  source: SourceFile,
  output: TemporaryFile,
  engine: SliceEngineName,
  work: SealWork,
): Promise<SealedExportInfo> {
  const { signal, onProgress } = work;
  const length = Number(source.status.size);
  const runner = new RangeRunner(work.workers, signal);
  let key: Bytes | undefined;
  try {
    // Line 1: the header, whose id and salt no other file has.
    const header = newHeader(work.iterations);
    const file = placedFile(output.handle, output.target);
    await file.write(concatBytes([header.line, Uint8Array.of(LINE_FEED)]), 0);
    // The key of this file, out of the secret and all of the header.
    key = await fileKey(header, work, signal);
    // Every further line: a Fernet token over a record, all of them with one time.
    const time = unixTime();
    const slices = Math.ceil(length / SLICE);
    const sealing = { engine, key, time, length, start: header.line.length + 1 };
    const ranges = await rangeWork(source, output, sealing);
    const sealed = ordered(runner.ranges(slices), () => runner.inFlight, async (range) => {
      await runner.run(range, ranges);
      return range;
    });
    const pacer = new Pacer();
    for await (const { first, count } of sealed) {
      if (first + count < slices) onProgress?.((first + count) * SLICE, length);
      await pacer.pause();
    }
    const end = (slices - 1) * LINE + lineLength(sliceLength(slices - 1, length));
    await file.write(await finalLine(sealing, slices, work), sealing.start + end);
    await checkUnchanged(source);
    onProgress?.(length, length);
    return { id: header.id, slices, bytes: length };
  } finally {
    await runner.close();
    key?.fill(0);
  }
}

async function rangeWork(
  source: SourceFile,
  output: TemporaryFile,
  work: SealSlicesWork,
): Promise<RangeWork> {
  const [from, to] = [knownSource(source), await knownOutput(output)];
  const input = placedFile(source.handle, source.path);
  const file = placedFile(output.handle, output.target);
  return {
    task: (range) => ({ type: "sealSlices", job: { input: from, output: to, work, range } }),
    async local(range, signal) {
      try {
        await sealRange(input, file, work, range, signal);
        return {};
      } catch (error) {
        throw error instanceof ShortInputError ? changedError(source.path) : error;
      }
    },
  };
}

async function finalLine(
  { key, time, length }: SealSlicesWork,
  slices: number,
  { backend, signal }: SealWork,
): Promise<Bytes> {
  const record = new Uint8Array(RECORD_HEAD + FINAL_DATA + 1);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(slices));
  view.setUint8(8, TYPE.final);
  view.setBigUint64(RECORD_HEAD, BigInt(slices));
  view.setBigUint64(RECORD_HEAD + 8, BigInt(length));
  record[record.length - 1] = LINE_FEED;
  const batch: Batch = {
    bytes: record,
    offsets: Uint32Array.of(0, record.length),
    lineFeeds: true,
  };
  const { async } = await pickAsync(backend, batchLoad(batch));
  return (await async.seal(key, batch, makeHeads(1, () => time), signal)).bytes;
}
