/**
 * Opens a range of full slices, in whichever thread.
 *
 * @module
 */

import { makeSliceEngine, type OpenedSlice, type SliceLane } from "../../../backends/slices.ts";
import { LINE_FEED } from "../../../bytes/batch.ts";
import type { Bytes } from "../../../bytes/bytes.ts";
import { Pacer } from "../../../runtime/schedule.ts";
import { RECORD_HEAD, SLICE, TYPE } from "../format.ts";
import { LINE, type OpenedRange, type PlacedFile, type SliceRange, type SliceWork } from "./job.ts";

/**
 * Reads lines, authenticates each and only then decrypts it, and writes its data
 * where it belongs. It stops at the first slice that is not as it must be: the
 * caller finds out what is wrong with that one.
 *
 * @param output Where the data goes, if it is kept.
 * @throws The signal's reason, within a slice.
 */
export async function openRange(
  input: PlacedFile,
  output: PlacedFile | undefined,
  work: SliceWork,
  { first, count }: SliceRange,
  signal: AbortSignal,
): Promise<OpenedRange> {
  const engine = await makeSliceEngine(work.engine, work.key);
  const pacer = new Pacer();
  const times = new Map<number, bigint>();
  let next = first;
  let end = first + count;
  const loop = async () => {
    const lane = engine.lane();
    const lines = new Uint8Array(engine.together * LINE);
    try {
      while (next < end) {
        signal.throwIfAborted();
        const some = { first: next, count: Math.min(engine.together, end - next) };
        next += some.count;
        const bad = await openSome(lane, lines, input, output, work.start, some, times);
        end = Math.min(end, bad ?? end);
        await pacer.pause();
      }
    } finally {
      lane.free();
    }
  };
  const loops = await Promise.allSettled(Array.from({ length: engine.lanes }, loop));
  for (const ended of loops) if (ended.status === "rejected") throw ended.reason;
  const time = times.get(first);
  for (let index = first; index < end; index++) {
    if (times.get(index) !== time) end = index;
  }
  return { time, bad: end < first + count ? end : undefined };
}

/** Says which slice is the first bad one, if one is. */
async function openSome(
  lane: SliceLane,
  room: Bytes,
  input: PlacedFile,
  output: PlacedFile | undefined,
  start: number,
  { first, count }: SliceRange,
  times: Map<number, bigint>,
): Promise<number | undefined> {
  const lines = room.subarray(0, count * LINE);
  if (await input.read(lines, start + first * LINE) < lines.length) return first;
  const offsets = Uint32Array.from({ length: count + 1 }, (_, nth) => nth * LINE);
  const opened = await lane.open({ bytes: lines, offsets, lineFeeds: true });
  try {
    for (let nth = 0; nth < count; nth++) {
      const index = first + nth;
      const slice = lines[(nth + 1) * LINE - 1] === LINE_FEED ? opened[nth] : undefined;
      if (!slice || !isFullSlice(slice, index)) return index;
      times.set(index, slice.time);
      await output?.write(slice.plaintext.subarray(RECORD_HEAD), index * SLICE);
    }
  } finally {
    lane.drop(opened);
  }
}

function isFullSlice({ plaintext }: OpenedSlice, index: number): boolean {
  if (plaintext.length !== RECORD_HEAD + SLICE) return false;
  const view = new DataView(plaintext.buffer, plaintext.byteOffset);
  return view.getBigUint64(0) === BigInt(index) && view.getUint8(8) === TYPE.slice;
}
