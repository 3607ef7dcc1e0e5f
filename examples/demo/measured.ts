/**
 * A piece of the demo with a progress bar and a line of figures.
 *
 * @module
 */

// @ts-types="@types/cli-progress"
import { SingleBar } from "cli-progress";

/** What is done so often. */
export interface Amount {
  /** How many of them. */
  readonly count: number;
  /** What they are. */
  readonly unit: "rows" | "bytes" | "values";
}

/** Does a job, shows how far it is, and prints how fast it was. */
export async function measured<T>(
  label: string,
  { count, unit }: Amount,
  job: (onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}% {value}/{total} ${unit}, {eta}s left`,
    clearOnComplete: true,
  });
  bar.start(count, 0);
  const start = performance.now();
  try {
    const result = await job((done) => bar.update(done));
    const seconds = (performance.now() - start) / 1_000;
    bar.stop();
    const [rate, per] = unit === "bytes"
      ? [count / seconds / 1e6, "MB/s"]
      : [count / seconds, `${unit}/s`];
    const digits = rate < 100 ? 1 : 0;
    const text = rate.toLocaleString("en", { maximumFractionDigits: digits }).padStart(9);
    console.log(`${label}  ${text} ${per.padEnd(8)}  ${seconds.toFixed(2)} s`);
    return result;
  } finally {
    bar.stop();
  }
}

/** Whether the bytes are the same; says so where they are not. */
export function came(label: string, back: Uint8Array, original: Uint8Array): boolean {
  const same = back.length === original.length &&
    back.every((byte, index) => byte === original[index]);
  if (!same) console.error(`${label} FAILED: what came back differs`);
  return same;
}

/** How the demo calls one thread, and as many as there are processors. */
export const THREADS = { "one core": 0, "all cores": undefined } as const;
