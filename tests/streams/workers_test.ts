/**
 * Row streams and sealed exports on the worker pool: the same as in the calling
 * thread, whatever happens to the workers.
 *
 * @module
 */

import { encryptMany, Fernet, InvalidTokenError, SealedExportError } from "@ironfern/ironfern";
import { decryptLines, encryptLines, openExport, sealExport } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { crew } from "../../src/workers/pool.ts";
import { run } from "../support/tools.ts";

const REASON = new Error("enough");
const COUNTS = [0, 1, 2, 3];
const key = Fernet.generateKey();
const fernet = new Fernet(key);

type Stream = ReadableWritablePair<Uint8Array, Uint8Array>;

const MAKE: Readonly<
  Record<string, [there: (workers: number) => Stream, back: (workers: number) => Stream]>
> = {
  lines: [
    (workers) => encryptLines(fernet, { workers }),
    (workers) => decryptLines(fernet, { workers }),
  ],
  "a sealed export": [
    (workers) => sealExport({ key, workers }),
    (workers) => openExport({ key, workers }),
  ],
};

/** Lines of random lengths, several batches of them. */
function makeRows(length: number): Uint8Array<ArrayBuffer> {
  const rows = new Uint8Array(length);
  for (let start = 0; start < length; start += 65_536) {
    crypto.getRandomValues(rows.subarray(start, start + 65_536));
  }
  return rows.map((byte) => byte < 3 ? 0x0a : byte | 0x20);
}

/** Chunks in one buffer, which is written over as soon as a chunk was taken. */
async function through(
  bytes: Uint8Array,
  { readable, writable }: Stream,
): Promise<Uint8Array<ArrayBuffer>> {
  const output = new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
  const writer = writable.getWriter();
  const buffer = new Uint8Array(50_000);
  const write = async () => {
    for (let start = 0; start < bytes.length; start += buffer.length) {
      const chunk = bytes.subarray(start, start + buffer.length);
      buffer.set(chunk);
      await writer.write(buffer.subarray(0, chunk.length));
      buffer.fill(0);
    }
    await writer.close();
  };
  const [result] = await Promise.all([output, write().catch(() => {})]);
  return result;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

for (const [name, [there, back]] of Object.entries(MAKE)) {
  Deno.test(`Workers make and read ${name} as the calling thread does`, async () => {
    const rows = makeRows(3_000_000);
    for (const workers of COUNTS) {
      const tokens = await through(rows, there(workers));
      for (const reading of COUNTS) assert(same(await through(tokens, back(reading)), rows));
    }
  });
}

Deno.test("Rows that come while all workers are busy are put together, in order", async () => {
  const rows = Array.from({ length: 5_000 }, (_, index) => `row ${index}\n`);
  const source = ReadableStream.from(rows).pipeThrough(new TextEncoderStream());
  const encrypted = await Array.fromAsync(source.pipeThrough(encryptLines(fernet, { workers: 2 })));
  assert(encrypted.length < rows.length / 2, `${encrypted.length} chunks`);
  const decrypted = new Blob(encrypted).stream().pipeThrough(decryptLines(fernet, { workers: 2 }));
  assertEquals(await new Response(decrypted).text(), rows.join(""));
});

Deno.test("Rows come out though no others follow, with workers too", async () => {
  for (const workers of COUNTS) {
    const { readable, writable } = encryptLines(fernet, { workers });
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    // More than may be worked on at once.
    for (const count of [1, 12]) {
      const row = new TextEncoder().encode("a row\n");
      const written = Array.from({ length: count }, () => writer.write(row));
      let tokens = "";
      while (tokens.split("\n").length <= count) {
        tokens += new TextDecoder().decode((await reader.read()).value);
      }
      await Promise.all(written);
    }
    const end = reader.read();
    await writer.close();
    assert((await end).done);
  }
});

Deno.test("A bad line is named as in the calling thread, and lines before it come out", async () => {
  const rows = "a row\n".repeat(50_000);
  const tokens = await new Response(
    new Blob([rows]).stream().pipeThrough(encryptLines(fernet, { workers: 2 })),
  ).text();
  const lines = tokens.split("\n");
  lines[40_000] = lines[40_000].replace("gAAAA", "gAAAB");
  for (const workers of COUNTS) {
    const opened = new Blob([lines.join("\n")]).stream()
      .pipeThrough(decryptLines(fernet, { workers }));
    let length = 0;
    const error = await assertRejects(async () => {
      for await (const chunk of opened) length += chunk.length;
    }, InvalidTokenError);
    assertEquals(error.index, 40_000);
    assert(length % 6 === 0 && length > 0 && length <= 6 * 40_000, `${length}`);
  }
});

Deno.test("A sealed export that was changed is refused alike, with any number of workers", async () => {
  const sealing = sealExport({ key, workers: 2 });
  const rows = new Blob([makeRows(4_000_000)]).stream();
  const lines = (await new Response(rows.pipeThrough(sealing)).text()).split("\n");
  const changes: Record<string, [string[], code: string, line: number]> = {
    removed: [lines.toSpliced(40, 1), "out-of-order", 41],
    swapped: [lines.toSpliced(20, 2, lines[21], lines[20]), "out-of-order", 21],
    bad: [lines.with(50, lines[50].replace("gAAAA", "gAAAB")), "bad-token", 51],
    "two of them": [lines.toSpliced(60, 1).toSpliced(30, 1), "out-of-order", 31],
    cut: [[...lines.slice(0, 55), ""], "truncated", 56],
  };
  for (const [name, [changed, code, line]] of Object.entries(changes)) {
    for (const workers of COUNTS) {
      const opened = new Blob([changed.join("\n")]).stream()
        .pipeThrough(openExport({ key, workers }));
      const error = await assertRejects(() => new Response(opened).bytes(), SealedExportError);
      assertEquals([name, error.code, error.line], [name, code, line]);
    }
  }
});

Deno.test("An abort ends streams on workers with its reason, and the next ones go on", async () => {
  for (const [there] of Object.values(MAKE)) {
    const controller = new AbortController();
    const endless = new ReadableStream<Uint8Array>({
      pull: (stream) => stream.enqueue(makeRows(100_000)),
    });
    const sink = new WritableStream();
    const piping = endless.pipeThrough(there(2)).pipeTo(sink, { signal: controller.signal });
    const ended = assertRejects(() => piping);
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort(REASON);
    assertEquals(await ended, REASON);
    assert((await through(makeRows(100_000), there(2))).length > 100_000);
  }
});

Deno.test("A slow consumer stops the reading, with workers too", async () => {
  for (const [there] of Object.values(MAKE)) {
    let taken = 0;
    const chunk = makeRows(100_000);
    const endless = new ReadableStream<Uint8Array>({
      pull(stream) {
        taken += chunk.length;
        stream.enqueue(chunk.slice());
      },
    });
    const reader = endless.pipeThrough(there(2)).getReader();
    await reader.read();
    const settled = async () => {
      for (let before = -1; before !== taken;) {
        before = taken;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return taken;
    };
    const waiting = await settled();
    assert(waiting < 10_000_000, `${waiting} bytes were read ahead`);
    await reader.read();
    assert(await settled() < waiting + 10_000_000);
    await reader.cancel();
  }
});

Deno.test("A caller's Buffer stays whole, however many workers there are", async () => {
  for (const [there] of Object.values(MAKE)) {
    for (const workers of [0, 1, undefined]) {
      const buffer = new ArrayBuffer(6_000_000);
      const chunk = Buffer.from(buffer);
      chunk.fill(`${"x".repeat(63)}\n`);
      const rows = ReadableStream.from<Uint8Array>([chunk]);
      const stream = there(workers as number);
      assert(
        (await new Response(rows.pipeThrough(stream) as ReadableStream<Uint8Array<ArrayBuffer>>)
          .bytes()).length > chunk.length,
      );
      assertEquals(buffer.byteLength, 6_000_000);
      assert(chunk.every((byte) => byte === 0x78 || byte === 0x0a));
    }
  }
});

Deno.test("A signal gets one listener, however many workers there are", async () => {
  // Node warns of a leak when there are more than ten.
  const { signal } = new AbortController();
  let most = 0;
  let attached = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    most = Math.max(most, ++attached);
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    attached--;
    removeEventListener.apply(signal, args);
  };
  const rows = new Blob([makeRows(10_000_000)]).stream();
  await new Response(rows.pipeThrough(encryptLines(fernet, { workers: 16, signal }))).bytes();
  const options = { iterations: 100, signal };
  for (const backend of ["wasm", "node", "webcrypto"] as const) {
    await encryptMany(Array(60).fill("a"), "a secret", { ...options, backend, workers: 16 });
  }
  assertEquals([most, attached], [1, 0]);
});

Deno.test("A line that comes a byte at a time takes no more memory than it has bytes", async () => {
  // In a process of its own, which has no other tests' memory.
  const flags = ["--v8-flags=--expose-gc", "--cached-only", "--config", "deno.json"];
  const program = "tests/support/line_memory.ts";
  const { success, stdout, stderr } = await run(Deno.execPath(), ["run", ...flags, program]);
  assert(success, stderr);
  // A memory that doubles when it is full has room for twice as many bytes at most.
  assert(Number(stdout) < 4, `${stdout} bytes for each`);
});

// The last ones: where workers were killed at their start, none are started for a while.
for (const [name, [there, back]] of Object.entries(MAKE)) {
  Deno.test(`Workers that die in the middle of ${name} are replaced`, async () => {
    const rows = makeRows(8_000_000);
    const killer = setInterval(() => [...crew.workers].forEach((worker) => worker.terminate()), 40);
    try {
      const tokens = await through(rows, there(2));
      assert(same(await through(tokens, back(2)), rows));
    } finally {
      clearInterval(killer);
    }
  });
}
