/**
 * What a worker does with a range: opens the files, and works on the range.
 *
 * @module
 */

import { openKnown } from "./files.ts";
import type { OpenedRange, OpenSlicesTask, SealSlicesTask } from "./job.ts";
import { openRange } from "./open_range.ts";
import { sealRange } from "./seal_range.ts";

/** Seals a range of slices. */
export async function sealSlices(task: SealSlicesTask, signal: AbortSignal): Promise<OpenedRange> {
  const input = openKnown(task.input, "r");
  try {
    const output = openKnown(task.output, "r+");
    try {
      await sealRange(input, output, task.work, task.range, signal);
      return {};
    } finally {
      output.close();
    }
  } finally {
    input.close();
  }
}

/** Opens a range of slices. */
export async function openSlices(task: OpenSlicesTask, signal: AbortSignal): Promise<OpenedRange> {
  const input = openKnown(task.input, "r");
  try {
    const output = task.output && openKnown(task.output, "r+");
    try {
      return await openRange(input, output, task.work, task.range, signal);
    } finally {
      output?.close();
    }
  } finally {
    input.close();
  }
}
