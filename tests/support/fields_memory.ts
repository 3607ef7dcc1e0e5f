/**
 * Streams rows through encryptFields and decryptFields, and prints how many bytes
 * were alive at most, after a collection: to be run with `--v8-flags=--expose-gc`.
 * Its arguments are the format and the number of chunks.
 *
 * @module
 */

import { decryptFields, encryptFields } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { FERNET } from "./fields.ts";

declare const gc: () => void;

const [format, chunks] = Deno.args;
assert(format === "csv" || format === "jsonl");
const count = Number(chunks);
const options = { format, fields: ["b"], rowId: "a" } as const;
const row = format === "csv" ? '1,"some text",x\n' : '{"a":1,"b":"some text"}\n';
const head = new TextEncoder().encode(format === "csv" ? "a,b,c\n" : "\n");
const chunk = new TextEncoder().encode(row.repeat(8_000));

let made = 0;
let written = 0;
let most = 0;
const source = new ReadableStream<Uint8Array>({
  pull(controller) {
    if (made === count) controller.close();
    else controller.enqueue(made++ ? chunk.slice() : head);
  },
});
await source.pipeThrough(encryptFields(FERNET, options))
  .pipeThrough(decryptFields(FERNET, options))
  .pipeTo(
    new WritableStream({
      write(bytes) {
        written += bytes.length;
        if (made % 16) return;
        gc();
        const { heapUsed, external } = Deno.memoryUsage();
        most = Math.max(most, heapUsed + external);
      },
    }),
  );
assertEquals(written, head.length + (count - 1) * chunk.length);
console.log(most);
