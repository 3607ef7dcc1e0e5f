/**
 * Writes a long line to encryptLines, a byte at a time, and prints how many bytes
 * are alive for each byte of it: to be run with `--v8-flags=--expose-gc`.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { encryptLines } from "@ironfern/ironfern/export";
import { assertEquals } from "@std/assert";

declare const gc: () => void;

const BYTES = 300_000;

function alive(): number {
  gc();
  // The engine frees array buffers on another thread, which the next collection waits for.
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

const { readable, writable } = encryptLines(new Fernet(Fernet.generateKey()), { workers: 0 });
const output = new Response(readable).bytes();
const writer = writable.getWriter();
const write = async (count: number) => {
  for (let byte = 0; byte < count; byte++) await writer.write(Uint8Array.of(0x61));
};
// The engine compiles what it runs often, which takes memory too.
await write(BYTES / 10);
const before = alive();
await write(BYTES);
console.log((alive() - before) / BYTES);
await writer.close();
const padded = Math.ceil((1.1 * BYTES + 1) / 16) * 16;
assertEquals((await output).length, 4 * Math.ceil((1 + 8 + 16 + padded + 32) / 3));
