/**
 * Streams rows through encryptFields and decryptFields and prints, as JSON, how
 * many bytes were alive early in the stream and late in it, and how many bytes of
 * rows passed in between: to be run with `--v8-flags=--expose-gc`. Its argument is
 * the format.
 *
 * @module
 */

import { decryptFields, encryptFields } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { FERNET } from "./fields.ts";

declare const gc: () => void;

const CHUNKS = 64;
/** The chunks in which the memory is measured. */
const EARLY = { from: 8, to: 16 };
const LATE = { from: CHUNKS - 8, to: CHUNKS };

const [format] = Deno.args;
assert(format === "csv" || format === "jsonl");
// How many pieces workers have in hand depends on when they start.
const options = { format, fields: ["b"], rowId: "a", workers: 0 } as const;
const row = format === "csv" ? '1,"some text",x\n' : '{"a":1,"b":"some text"}\n';
const head = new TextEncoder().encode(format === "csv" ? "a,b,c\n" : "\n");
const chunk = new TextEncoder().encode(row.repeat(8_000));

/** Bytes alive, by the number of chunks made so far. */
const alive = new Map<number, number>();

function measure(chunks: number): void {
  const wanted = [EARLY, LATE].some(({ from, to }) => from <= chunks && chunks <= to);
  if (!wanted || alive.has(chunks)) return;
  gc();
  // The engine frees array buffers on another thread, which the next collection waits for.
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  alive.set(chunks, heapUsed + external);
}

/** What is kept is in every measurement; what is on its way is not in the least one. */
function leastWithin({ from, to }: { from: number; to: number }): number {
  const within = [...alive].filter(([chunks]) => from <= chunks && chunks <= to);
  assert(within.length > 1);
  return Math.min(...within.map(([, bytes]) => bytes));
}

let made = 0;
let written = 0;
const source = new ReadableStream<Uint8Array>({
  pull(controller) {
    if (made > CHUNKS) return controller.close();
    controller.enqueue(made++ ? chunk.slice() : head);
  },
});
await source.pipeThrough(encryptFields(FERNET, options))
  .pipeThrough(decryptFields(FERNET, options))
  .pipeTo(
    new WritableStream({
      write(bytes) {
        written += bytes.length;
        measure(made);
      },
    }),
  );
assertEquals(written, head.length + CHUNKS * chunk.length);
const passed = (LATE.from - EARLY.to) * chunk.length;
console.log(JSON.stringify({ early: leastWithin(EARLY), late: leastWithin(LATE), passed }));
