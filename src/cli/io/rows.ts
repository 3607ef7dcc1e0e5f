/**
 * Rows that go through a transform, from input to output.
 *
 * @module
 */

import type { Fernet } from "../../fernet/fernet.ts";
import type { Context } from "../context.ts";
import { oneLine } from "./escape.ts";
import type { OnProgress } from "./report.ts";
import { where } from "./texts.ts";

/** What the library makes of rows, and what it has counted in the end. */
interface Rows extends TransformStream<Uint8Array, Uint8Array> {
  readonly result?: Promise<{ readonly values: Readonly<Record<string, number>> }>;
}

/** How a command transforms rows. */
interface RowsTransform {
  /** The word for the progress. */
  readonly doing: string;
  /** The word for the result. */
  readonly done: string;
  /** What is counted. */
  readonly unit: string;
  /** Makes the transform. */
  make(fernet: Fernet, onProgress: OnProgress): Promise<Rows>;
}

/** The words for what encrypts. */
export const ENCRYPT = { doing: "Encrypting", done: "Encrypted" } as const;
/** The same for the way back. */
export const DECRYPT = { doing: "Decrypting", done: "Decrypted" } as const;

/** Pipes the input through a transform under the key into the output. */
export async function pipeRows(
  context: Context,
  { doing, done, unit, make }: RowsTransform,
): Promise<void> {
  const input = await context.input();
  const output = await context.output(input);
  const fernet = await context.fernet();
  let count = 0;
  let values: Readonly<Record<string, number>> | undefined;
  try {
    await context.report.progress(doing, unit, async (onProgress) => {
      const rows = await make(fernet, (rows) => {
        count = rows;
        onProgress?.(rows, undefined);
      });
      await output.write(input.stream().pipeThrough(rows));
      values = (await rows.result)?.values;
    });
  } finally {
    fernet.destroy();
  }
  const text = `${done} ${count} ${unit}${where(context)}${values ? valuesText(values) : ""}`;
  await context.result(text, { [unit]: count, ...values ? { values } : {} }, output);
}

function valuesText(values: Readonly<Record<string, number>>): string {
  const counts = Object.entries(values).map(([name, count]) => `${oneLine(name)} ${count}`);
  return `; values: ${counts.join(", ")}`;
}

/** How tokens are judged. */
export function tokenOptions({ args }: Context): { ttl: number | undefined; lenient: boolean } {
  return { ttl: args.integer("ttl"), lenient: args.has("lenient") };
}
