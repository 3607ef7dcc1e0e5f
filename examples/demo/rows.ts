/**
 * Every row of a table becomes a token, and comes back.
 *
 * @module
 */

import { availableBackends, Fernet } from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
import type { Table } from "./data.ts";
import { came, measured, THREADS } from "./measured.ts";

const CHUNK = 64 * 1_024;

type Transform = ReadableWritablePair<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>;

/** Bytes as a stream of chunks, as a file gives them. */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start < bytes.length) controller.enqueue(bytes.slice(start, start += CHUNK));
      else controller.close();
    },
  });
}

/** What a transform makes of bytes. */
export async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: unknown,
): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(streamOf(bytes).pipeThrough(transform as Transform)).bytes();
}

/** On each backend on one core, and on the fastest on all. */
export async function rows(key: Uint8Array, { name, bytes, rows: count }: Table): Promise<boolean> {
  const megabytes = (bytes.length / 1e6).toFixed(1);
  console.log(`${name}: ${count.toLocaleString("en")} rows, ${megabytes} MB of JSON lines`);
  const amount = { count, unit: "rows" } as const;
  const ways = [
    ...availableBackends().map((backend) => ({ backend, cores: "one core" }) as const),
    { backend: "auto", cores: "all cores" } as const,
  ];
  let same = true;
  for (const { backend, cores } of ways) {
    const fernet = new Fernet(key, { backend });
    const workers = THREADS[cores];
    const label = `  ${backend.padEnd(9)} ${cores.padEnd(9)}`;
    const tokens = await measured(
      `${label} encryptLines`,
      amount,
      (onProgress) => through(bytes, encryptLines(fernet, { workers, onProgress })),
    );
    const back = await measured(
      `${label} decryptLines`,
      amount,
      (onProgress) => through(tokens, decryptLines(fernet, { workers, onProgress })),
    );
    same = came(label, back, bytes) && same;
  }
  return same;
}
