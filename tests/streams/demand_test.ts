/**
 * Streams are driven by demand: what nobody reads is not made, inside a chunk too.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  decryptFields,
  decryptLines,
  encryptFields,
  encryptLines,
  sealExport,
} from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ByteStream, FERNET, through } from "../support/fields.ts";

const ROWS = 1_000_000;
/** A piece has 8,192 rows, or a MiB of input; a token is up to four times as long. */
const MOST_QUEUED = 5 << 20;

const CSV = { format: "csv", fields: ["a"] } as const;
const JSONL = { format: "jsonl", fields: ["a"] } as const;

type MakeStream = (options: { workers?: number; signal?: AbortSignal }) => ByteStream;

/** For each kind a header, a row, and the stream there and back. */
const KINDS: Readonly<Record<string, [string, string, there: MakeStream, back: MakeStream]>> = {
  lines: [
    "",
    "twenty bytes of text\n",
    (options) => encryptLines(FERNET, options),
    (options) => decryptLines(FERNET, options),
  ],
  CSV: [
    "a,b\n",
    "some text,twenty bytes of text\n",
    (options) => encryptFields(FERNET, { ...CSV, ...options }),
    (options) => decryptFields(FERNET, { ...CSV, ...options }),
  ],
  "JSON lines": [
    "",
    '{"a":"some text","b":"twenty bytes of text"}\n',
    (options) => encryptFields(FERNET, { ...JSONL, ...options }),
    (options) => decryptFields(FERNET, { ...JSONL, ...options }),
  ],
};

/** One chunk of a header and a million rows. */
function millionRows(head: string, row: string): Uint8Array {
  const [start, bytes] = [head, row].map((text) => new TextEncoder().encode(text));
  const chunk = new Uint8Array(start.length + ROWS * bytes.length);
  chunk.set(start);
  for (let at = start.length; at < chunk.length; at += bytes.length) chunk.set(bytes, at);
  return chunk;
}

/** Counts the bytes that all streams are given to queue, while `work` lasts. */
async function bytesQueued(work: (count: () => number) => Promise<void>): Promise<number> {
  const prototypes = [
    ReadableStreamDefaultController.prototype,
    TransformStreamDefaultController.prototype,
  ];
  const originals = prototypes.map(({ enqueue }) => enqueue);
  let queued = 0;
  for (const prototype of prototypes) {
    const { enqueue } = prototype;
    prototype.enqueue = function (this: unknown, chunk: Uint8Array) {
      queued += chunk.length;
      enqueue.call(this as never, chunk as never);
    } as never;
  }
  try {
    await work(() => queued);
  } finally {
    prototypes.forEach((prototype, index) => prototype.enqueue = originals[index] as never);
  }
  return queued;
}

/** Waits until there is a count, and it has not changed for a while. */
async function settled(count: () => number): Promise<void> {
  for (let before = 0; !count() || before !== count();) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

for (const [name, [head, row, there, back]] of Object.entries(KINDS)) {
  for (const workers of [0, 2]) {
    Deno.test(`A million rows in a chunk are not made before they are read [${name}, ${workers} workers]`, async () => {
      const sealed = await through(head + row, there({ workers: 0 }));
      for (
        const [stream, chunk] of [
          [there, millionRows(head, row)],
          [back, millionRows(head, sealed.slice(head.length))],
        ] as const
      ) {
        const { readable, writable } = stream({ workers });
        const writer = writable.getWriter();
        let taken = false;
        const queued = await bytesQueued(async (count) => {
          writer.write(chunk).then(() => taken = true, () => {});
          await settled(count);
        });
        assert(queued > 0 && queued < MOST_QUEUED, `${queued} bytes are queued`);
        assert(!taken, "the chunk was taken though nobody reads");
        await readable.cancel();
      }
    });
  }

  Deno.test(`A chunk that waits for a reader comes out whole, or is dropped [${name}]`, async () => {
    const text = head + row.repeat(100_000);
    const input = new TextEncoder().encode(text);
    const write = (writable: WritableStream<Uint8Array>) => {
      const writer = writable.getWriter();
      const written = writer.write(input).then(() => writer.close());
      written.catch(() => {});
      return { writer, written };
    };
    const whole = there({ workers: 0 });
    const { written } = write(whole.writable);
    const sealed = new Uint8Array(await new Response(whole.readable as never).arrayBuffer());
    await written;
    assertEquals(await through(sealed, back({ workers: 0 })), text);

    const reason = new Error("enough");
    const cancelled = there({ workers: 0 });
    const first = write(cancelled.writable);
    await cancelled.readable.cancel(reason);
    assertEquals(await first.written.catch((error) => error), reason);

    const aborted = there({ workers: 0 });
    const second = write(aborted.writable);
    const reading = assertRejects(async () => {
      for await (const _ of aborted.readable) await second.writer.abort(reason);
    });
    assertEquals(await reading, reason);

    const controller = new AbortController();
    const signalled = there({ workers: 0, signal: controller.signal });
    const third = write(signalled.writable);
    controller.abort(reason);
    assertEquals(await third.written.catch((error) => error), reason);
    assertEquals(await signalled.readable.getReader().read().catch((error) => error), reason);
  });
}

Deno.test("A chunk over memory that may change is copied when it comes", async () => {
  const text = new TextEncoder().encode("a row\nanother\n");
  const fernet = new Fernet(Fernet.generateKey());
  const buffers = [
    new ArrayBuffer(text.length, { maxByteLength: 64 }),
    new SharedArrayBuffer(text.length),
  ];
  for (const buffer of buffers) {
    const chunk = new Uint8Array(buffer);
    chunk.set(text);
    const { readable, writable } = encryptLines(fernet, { workers: 0 });
    const writer = writable.getWriter();
    // The first one fills the output, the second one waits in it, the third one before it.
    const row = new TextEncoder().encode("x\n");
    const written = Promise.all([row, row, chunk].map((each) => writer.write(each)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (buffer instanceof ArrayBuffer) buffer.resize(1);
    else chunk.fill(0);
    const tokens = new Response(readable).text();
    await written;
    await writer.close();
    const lines = (await tokens).trimEnd().split("\n");
    const texts = lines.map((token) => fernet.decryptText(token));
    assertEquals(texts, ["x", "x", "a row", "another"]);
  }
});

Deno.test("The key is taken after the chunk, whose owner may destroy it", async () => {
  const fernet = new Fernet(Fernet.generateKey());
  class Sly extends Uint8Array {
    override get length(): number {
      fernet.destroy();
      return super.length;
    }
  }
  const { readable, writable } = encryptLines(fernet, { workers: 0 });
  const writer = writable.getWriter();
  writer.write(new Sly(new TextEncoder().encode("a row\n"))).catch(() => {});
  writer.close().catch(() => {});
  await assertRejects(() => new Response(readable).bytes(), TypeError, "destroyed");
});

Deno.test("A chunk whose buffer is transferred during its write is refused, not lost", async () => {
  const seal = () => sealExport({ key: Fernet.generateKey(), workers: 0 });
  const streams: (() => ByteStream)[] = [
    () => encryptLines(FERNET, { workers: 0 }),
    () => encryptFields(FERNET, { ...JSONL, workers: 0 }),
    seal,
  ];
  for (const make of streams) {
    for (const readFirst of [false, true]) {
      const { readable, writable } = make();
      const writer = writable.getWriter();
      const chunk = new TextEncoder().encode('{"a":"twenty bytes of text"}\n'.repeat(100_000));
      writer.write(chunk).catch(() => {});
      writer.close().catch(() => {});
      const reader = readable.getReader();
      // A sealed export begins with its header, before any chunk was looked at.
      if (readFirst && make !== seal) assert((await reader.read()).value);
      await new Promise((resolve) => setTimeout(resolve)); // until the streams have it
      structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
      const rest = async () => {
        while (!(await reader.read()).done);
      };
      await assertRejects(rest, TypeError, "its buffer was transferred");
    }
  }
});
