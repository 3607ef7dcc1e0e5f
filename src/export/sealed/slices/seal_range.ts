/**
 * Seals a range of slices, in whichever thread.
 *
 * @module
 */

import { makeSliceEngine, type SliceLane } from "../../../backends/slices.ts";
import { HEAD, tokenLength } from "../../../backends/token.ts";
import { LINE_FEED, mappedOffsets } from "../../../bytes/batch.ts";
import { Pacer } from "../../../runtime/schedule.ts";
import { RECORD_HEAD, SLICE, TYPE } from "../format.ts";
import { LINE, type PlacedFile, type SealSlicesWork, sliceLength, type SliceRange } from "./job.ts";

const RECORD = RECORD_HEAD + SLICE + 1;

/** The data has not as many bytes any more as it had. */
export class ShortInputError extends Error {}

/**
 * Reads slices, seals them and writes their lines where they belong.
 *
 * @throws {ShortInputError} If the data ends before the range does.
 * @throws The signal's reason, within a slice.
 */
export async function sealRange(
  input: PlacedFile,
  output: PlacedFile,
  work: SealSlicesWork,
  { first, count }: SliceRange,
  signal: AbortSignal,
): Promise<void> {
  const engine = await makeSliceEngine(work.engine, work.key);
  const pacer = new Pacer();
  let next = first;
  const loop = async () => {
    const lane = engine.lane();
    const buffers = new SealBuffers(engine.together);
    try {
      while (next < first + count) {
        signal.throwIfAborted();
        const range = { first: next, count: Math.min(engine.together, first + count - next) };
        next += range.count;
        await sealSome(lane, buffers, input, output, work, range);
        await pacer.pause();
      }
    } finally {
      lane.free();
      buffers.wipe();
    }
  };
  // All of them end before this does: nothing may be written after it.
  const loops = await Promise.allSettled(Array.from({ length: engine.lanes }, loop));
  for (const ended of loops) if (ended.status === "rejected") throw ended.reason;
}

async function sealSome(
  lane: SliceLane,
  { records, heads, tokens }: SealBuffers,
  input: PlacedFile,
  output: PlacedFile,
  { start, time, length }: SealSlicesWork,
  { first, count }: SliceRange,
): Promise<void> {
  const view = new DataView(records.buffer);
  const headView = new DataView(heads.buffer);
  const offsets = new Uint32Array(count + 1);
  crypto.getRandomValues(heads);
  for (let nth = 0; nth < count; nth++) {
    const index = first + nth;
    const at = nth * RECORD;
    const size = sliceLength(index, length);
    const data = records.subarray(at + RECORD_HEAD, at + RECORD_HEAD + size);
    if (await input.read(data, index * SLICE) < size) throw new ShortInputError();
    view.setBigUint64(at, BigInt(index));
    view.setUint8(at + 8, TYPE.slice);
    headView.setBigUint64(nth * HEAD, time);
    records[at + RECORD_HEAD + size] = LINE_FEED;
    offsets[nth + 1] = at + RECORD_HEAD + size + 1;
  }
  const batch = { bytes: records.subarray(0, offsets[count]), offsets, lineFeeds: true };
  const out = tokens.subarray(0, mappedOffsets(batch, tokenLength)[count]);
  await lane.seal(batch, heads, out);
  await output.write(out, start + first * LINE);
}

/** The memory of a lane, used again and again. */
class SealBuffers {
  readonly records: Uint8Array<ArrayBuffer>;
  readonly heads: Uint8Array<ArrayBuffer>;
  readonly tokens: Uint8Array<ArrayBuffer>;

  constructor(together: number) {
    this.records = new Uint8Array(together * RECORD);
    this.heads = new Uint8Array(together * HEAD);
    this.tokens = new Uint8Array(together * LINE);
  }

  wipe(): void {
    this.records.fill(0);
  }
}
