/**
 * Prints help texts and the version, and loads no more than that takes.
 *
 * @module
 */

import { denoRuntime, nodeProcess } from "./process.ts";

/**
 * Prints a text to the standard output.
 *
 * @returns The exit code.
 */
export async function print(text: string): Promise<number> {
  try {
    await write(text);
    return 0;
  } catch (error) {
    const { complainOfStdout } = await import("../run.ts");
    return await complainOfStdout(error as Error);
  }
}

async function write(text: string): Promise<void> {
  const deno = denoRuntime();
  if (deno) {
    // In Deno process.stdout takes as long to load as all the rest of the start.
    let bytes = new TextEncoder().encode(text);
    while (bytes.length) bytes = bytes.subarray(deno.stdout.writeSync(bytes));
    return;
  }
  const { stdout } = nodeProcess();
  stdout.on("error", () => {}); // the write reports it
  await new Promise<void>((resolve, reject) => {
    stdout.write(text, (error) => error ? reject(error) : resolve());
  });
}
