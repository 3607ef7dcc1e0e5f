/**
 * Rows that go through a transform, from input to output.
 *
 * @module
 */

import type { Fernet } from "../../fernet/fernet.ts";
import type { Context } from "../context.ts";
import type { OnProgress } from "./report.ts";
import { where } from "./texts.ts";

type Rows = TransformStream<Uint8Array, Uint8Array>;

/**
 * Pipes the input through a transform under the key into the output.
 *
 * @param context What the command is run with.
 * @param doing What is shown beside the progress.
 * @param unit What is counted.
 * @param make Makes the transform.
 */
export async function pipeRows(
  context: Context,
  doing: string,
  unit: string,
  make: (fernet: Fernet, onProgress: OnProgress) => Promise<Rows>,
): Promise<void> {
  const input = await context.input();
  const output = await context.output(input);
  const fernet = await context.fernet();
  let count = 0;
  try {
    await context.report.progress(doing, unit, async (onProgress) => {
      const transform = await make(fernet, (done) => {
        count = done;
        onProgress?.(done, undefined);
      });
      await output.write(input.stream().pipeThrough(transform));
    });
  } finally {
    fernet.destroy();
  }
  const done = doing === "Encrypting" ? "Encrypted" : "Decrypted";
  await context.result(`${done} ${count} ${unit}${where(context)}`, { [unit]: count }, output);
}

/** How tokens are judged. */
export function tokenOptions({ args }: Context): { ttl: number | undefined; lenient: boolean } {
  return { ttl: args.integer("ttl"), lenient: args.has("lenient") };
}
