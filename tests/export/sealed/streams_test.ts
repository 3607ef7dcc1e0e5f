/**
 * Sealed exports as streams: any size, back pressure, abort and cancel, options.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  inspectExport,
  openExport,
  type OpenExportOptions,
  sealExport,
  type SealExportOptions,
  verifyExport,
} from "@ironfern/ironfern/export";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { pipeline } from "node:stream/promises";
import { Readable, Writable } from "node:stream";
import { testEach } from "../../support/backends.ts";
import {
  chunked,
  fromLines,
  FULL_LINE,
  KEY,
  linesOf,
  open,
  outcome,
  pause,
  seal,
  SLICE,
  someBytes,
} from "../../support/sealed.ts";

const REASON = new Error("the caller has had enough");
const SIZES = [0, 1, SLICE - 1, SLICE, SLICE + 1, 16 * SLICE, 16 * SLICE + 1, 3 * 2 ** 20 + 1];

testEach("Data of any size comes back, cut into any chunks", async (backend) => {
  for (const size of SIZES) {
    const data = someBytes(size);
    for (const lengths of [[1 << 24], [SLICE], [70_001, 0, 5]]) {
      const sealing = sealExport({ key: KEY, backend });
      const sealed = await new Response(chunked(data, lengths).pipeThrough(sealing)).bytes();
      const opening = openExport({ key: KEY, backend });
      const stream = chunked(sealed, lengths).pipeThrough(opening);
      assertEquals(Buffer.compare(await new Response(stream).bytes(), data), 0);
      const info = await sealing.result;
      assertEquals(await opening.result, info);
      const slices = Math.ceil(size / SLICE);
      assertEquals(info, { id: info.id, slices, bytes: size });
      assertMatch(new TextDecoder().decode(sealed), /^[\x20-\x7e\n]+\n$/);
      assertEquals(linesOf(sealed).length, slices + 2);
    }
  }
});

Deno.test("The header is as the format has it, and no two are alike", async () => {
  const id = "[A-Za-z0-9_-]{22}";
  const pattern = (kdf: string) =>
    new RegExp(`^\\{"format":"ironfern-export","version":1,"id":"${id}","kdf":\\{${kdf}\\}\\}$`);
  const passphrase = "correct horse";
  const [underKey] = linesOf(await seal(someBytes(1)));
  assertMatch(underKey, pattern('"name":"key"'));
  const options = { passphrase, iterations: 100_000 };
  const headers = await Promise.all(
    [1, 2].map(async () => linesOf(await seal(someBytes(1), options))[0]),
  );
  for (const header of headers) {
    assertMatch(header, pattern(`"name":"pbkdf2-sha256","iterations":100000,"salt":"${id}"`));
  }
  const [one, two] = headers.map((header) => JSON.parse(header));
  assertNotEquals(one.id, two.id);
  assertNotEquals(one.kdf.salt, two.kdf.salt);
  assertEquals(
    JSON.parse(linesOf(await seal(someBytes(1), { passphrase }))[0]).kdf.iterations,
    600_000,
  );
});

Deno.test("All tokens have one time and IVs of their own", async () => {
  const tokens = linesOf(await seal(someBytes(20 * SLICE))).slice(1)
    .map((line) => Uint8Array.fromBase64(line, { alphabet: "base64url" }));
  assertEquals(new Set(tokens.map((token) => token.slice(1, 9).toHex())).size, 1);
  assertEquals(new Set(tokens.map((token) => token.slice(9, 25).toHex())).size, 21);
});

Deno.test("A pinned id is opened, another one is refused before anything is derived", async () => {
  const sealing = sealExport({ key: KEY });
  const sealed = await new Response(chunked(someBytes(10)).pipeThrough(sealing)).bytes();
  const { id } = await sealing.result;
  assertEquals((await open(sealed, { key: KEY, expect: { id } })).length, 10);
  const other = { id: "A".repeat(22) };
  // Under another key it would be another error.
  for (const key of [KEY, Fernet.generateKey()]) {
    assertEquals(await outcome(open(sealed, { key, expect: other })), "unexpected-id at 1");
  }
});

Deno.test("The reader's bounds for iterations", async () => {
  const passphrase = "correct horse";
  const sealed = await seal(someBytes(1), { passphrase, iterations: 100_001 });
  const max = (maxIterations: number) => open(sealed, { passphrase, maxIterations });
  assertEquals((await max(100_001)).length, 1);
  assertEquals(await outcome(max(100_000)), "iterations-out-of-range at 1");
  const [header, ...tokens] = linesOf(sealed);
  const asking = (iterations: number) =>
    fromLines([header.replace("100001", String(iterations)), ...tokens]);
  // Derivations of that many iterations would take hours, on every backend.
  for (const options of [{}, { backend: "webcrypto" }, { backend: "node" }] as const) {
    for (const secret of [passphrase, "another one"]) {
      const opening = open(asking(2 ** 31), { passphrase: secret, ...options });
      assertEquals(await outcome(opening), "iterations-out-of-range at 1");
    }
  }
  const lowered = open(asking(100_000), { passphrase });
  assertEquals(await outcome(lowered), "wrong-secret-or-header at 2");
});

type AnyOptions = SealExportOptions & OpenExportOptions;

Deno.test("Options that are wrong are refused at once", () => {
  const passphrase = "correct horse";
  const cases: [object | undefined, typeof TypeError | typeof RangeError][] = [
    [undefined, TypeError],
    [{}, TypeError],
    [{ passphrase: "" }, TypeError],
    [{ passphrase: undefined }, TypeError],
    [{ passphrase: 5 }, TypeError],
    [{ passphrase: "\ud800" }, TypeError],
    [{ passphrase, key: KEY }, TypeError],
    [{ key: "no key" }, TypeError],
    [{ key: new Uint8Array(31) }, RangeError],
    [{ key: KEY, workers: -1 }, RangeError],
    [{ key: KEY, workers: 65 }, RangeError],
    [{ key: KEY, workers: 1.5 }, RangeError],
    [{ key: KEY, workers: "2" }, TypeError],
    [{ key: KEY, backend: "gpu" }, TypeError],
  ];
  const seals: typeof cases = [
    ...cases,
    [{ passphrase, iterations: 99_999 }, RangeError],
    [{ passphrase, iterations: 10_000_001 }, RangeError],
    [{ key: KEY, iterations: 600_000 }, TypeError],
  ];
  const opens: typeof cases = [
    ...cases,
    [{ passphrase, maxIterations: 99_999 }, RangeError],
    [{ passphrase, maxIterations: 2 ** 32 }, RangeError],
    [{ key: KEY, expect: { id: "short" } }, TypeError],
    [{ key: KEY, expect: null }, TypeError],
    [{ key: KEY, expect: {} }, TypeError],
  ];
  for (const [options, error] of seals) {
    assertThrows(() => sealExport(options as AnyOptions), error);
  }
  for (const [options, error] of opens) {
    assertThrows(() => openExport(options as AnyOptions), error);
  }
  assertThrows(() => sealExport({ passphrase: undefined } as never), TypeError, "environment");
  for (const workers of [0, 1, 64]) sealExport({ key: KEY, workers });
});

Deno.test("A chunk that is not bytes ends both ends", async () => {
  for (const streams of [sealExport({ key: KEY }), openExport({ key: KEY })]) {
    const text = new ReadableStream({ start: (controller) => controller.enqueue("text") });
    const piping = text.pipeTo(streams.writable);
    await assertRejects(() => new Response(streams.readable).bytes(), TypeError, "chunk");
    await assertRejects(() => piping, TypeError);
    await assertRejects(() => streams.result, TypeError);
  }
  const text = new ReadableStream({ start: (controller) => controller.enqueue("text") });
  await assertRejects(() => verifyExport(text, { key: KEY }), TypeError, "chunk");
  await assertRejects(() => verifyExport(5 as never, { key: KEY }), TypeError, "number");
});

Deno.test("A chunk's memory can be used again when it is written", async () => {
  const data = someBytes(300_000);
  const sealing = sealExport({ key: KEY });
  const output = new Response(sealing.readable).bytes();
  const writer = sealing.writable.getWriter();
  const chunk = new Uint8Array(1_000);
  for (let at = 0; at < data.length; at += chunk.length) {
    chunk.set(data.subarray(at, at + chunk.length));
    await writer.write(chunk);
    chunk.fill(0);
  }
  await writer.close();
  assertEquals(Buffer.compare(await open(await output), data), 0);
});

/** Counts what is taken of a source that never ends. */
function endless(chunk: Uint8Array) {
  const seen = { pulled: 0, cancelled: undefined as unknown };
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await pause();
      seen.pulled += chunk.length;
      controller.enqueue(chunk.slice());
    },
    cancel: (reason) => void (seen.cancelled = reason),
  }, { highWaterMark: 0 });
  return { seen, stream };
}

Deno.test("Who takes nothing stops the reading", async () => {
  for (const taken of [0, 1, 4]) {
    const { seen, stream } = endless(new Uint8Array(100_000));
    const reader = stream.pipeThrough(sealExport({ key: KEY })).getReader();
    for (let count = 0; count < taken; count++) assert(!(await reader.read()).done);
    await pause(300); // it would go on for a hundred times as much
    assert(seen.pulled < (taken + 3) * 2 ** 20 + 500_000, `${seen.pulled} bytes`);
    await reader.cancel(REASON);
    await pause(20);
    assertEquals(seen.cancelled, REASON);
  }
});

Deno.test("Who takes nothing stops the opening", async () => {
  const sealed = await seal(new Uint8Array(12_000_000));
  let pulled = 0;
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      pulled += chunk.length;
      controller.enqueue(chunk);
    },
  });
  const opening = openExport({ key: KEY });
  const reader = chunked(sealed).pipeThrough(counting).pipeThrough(opening).getReader();
  let { done, value } = await reader.read();
  await pause(50);
  assert(pulled < 6_000_000, `${pulled} bytes`);
  let length = 0;
  for (; !done; ({ done, value } = await reader.read())) length += value?.length ?? 0;
  assertEquals(length, 12_000_000);
});

Deno.test("A line of any length without an end is refused unread", async () => {
  const [header] = linesOf(await seal(new Uint8Array()));
  const cases: [start: Uint8Array, expected: string, most: number][] = [
    [new Uint8Array(), "line-too-long at 1", 200_000],
    [fromLines([header]), "line-too-long at 2", 3_000_000],
  ];
  for (const [start, expected, most] of cases) {
    const { seen, stream } = endless(new Uint8Array(65_536).fill(65));
    const joined = new ReadableStream({
      async start(controller) {
        if (start.length) controller.enqueue(start);
        for await (const chunk of stream) {
          while ((controller.desiredSize ?? 0) <= 0) await pause();
          controller.enqueue(chunk);
        }
      },
    });
    const opening = openExport({ key: KEY });
    void joined.pipeTo(opening.writable).catch(() => {});
    assertEquals(await outcome(new Response(opening.readable).bytes()), expected);
    await pause(20);
    assert(seen.pulled < most, `${seen.pulled} bytes`);
  }
});

const CALLS = {
  sealExport: (signal?: AbortSignal) => sealExport({ key: KEY, signal }),
  openExport: (signal?: AbortSignal) => openExport({ key: KEY, signal }),
  "sealExport with a passphrase": (signal?: AbortSignal) =>
    sealExport({ passphrase: "secret", iterations: 10_000_000, signal }),
};

Deno.test("A signal ends both streams and the result, with its reason", async () => {
  for (const call of Object.values(CALLS)) {
    for (const wait of [undefined, 0, 20]) {
      const controller = new AbortController();
      if (wait === undefined) controller.abort(REASON);
      const { readable, writable, result } = call(controller.signal);
      const idle = new ReadableStream<Uint8Array>().pipeTo(writable);
      const reading = new Response(readable).bytes();
      if (wait !== undefined) {
        setTimeout(() => controller.abort(REASON), wait);
      }
      for (const promise of [reading, result, idle]) {
        assertEquals(await promise.then(() => "succeeded", (error) => error), REASON);
      }
    }
  }
});

Deno.test("A cancel of the output ends the input, an abort of the input the output", async () => {
  for (const call of Object.values(CALLS)) {
    const cancelled = call();
    const { seen, stream } = endless(new Uint8Array(1_000));
    const piping = stream.pipeTo(cancelled.writable);
    await cancelled.readable.cancel(REASON);
    assertEquals(await piping.catch((error) => error), REASON);
    assertEquals(await cancelled.result.catch((error) => error), REASON);
    assertEquals(seen.cancelled, REASON);

    const aborted = call();
    const reading = new Response(aborted.readable).bytes();
    await pause(5);
    await aborted.writable.abort(REASON);
    assertEquals(await reading.catch((error) => error), REASON);
    assertEquals(await aborted.result.catch((error) => error), REASON);
  }
});

Deno.test("An abort of the input is seen while a key is derived", async () => {
  const passphrase = "secret";
  const options = { passphrase, maxIterations: 2 ** 32 - 1, backend: "wasm" } as const;
  const [header] = linesOf(await seal(someBytes(1), { passphrase, iterations: 100_000 }));
  const hours = header.replace("100000", String(2 ** 32 - 1));
  const lines = Array<string>(20).fill("A".repeat(FULL_LINE));
  const { readable, writable, result } = openExport(options);
  const reading = new Response(readable).bytes();
  const writer = writable.getWriter();
  await writer.write(fromLines([hours, ...lines]));
  await pause(20);
  await writer.abort(REASON);
  for (const promise of [reading, result]) {
    assertEquals(await promise.then(() => "succeeded", (error) => error), REASON);
  }
});

Deno.test("A cancel without a reason rejects the result all the same", async () => {
  const { readable, result } = sealExport({ key: KEY });
  await readable.cancel();
  assertEquals((await assertRejects(() => result)).name, "AbortError");
});

Deno.test("A result that nobody looks at is no unhandled rejection", async () => {
  let unhandled = 0;
  const count = (event: Event) => {
    event.preventDefault();
    unhandled++;
  };
  addEventListener("unhandledrejection", count);
  const broken = await seal(someBytes(4 * 2 ** 20));
  broken[1_000_000] ^= 1;
  await outcome(open(broken));
  await outcome(open(broken, { key: Fernet.generateKey() }));
  for (const call of Object.values(CALLS)) {
    await call().readable.cancel(REASON);
    await call().writable.abort(REASON);
    call(AbortSignal.abort(REASON));
    call();
  }
  await pause(50);
  removeEventListener("unhandledrejection", count);
  assertEquals(unhandled, 0);
});

Deno.test("Progress counts bytes up to the end", async () => {
  const seen: [number, number | undefined][] = [];
  const onProgress = (done: number, total: number | undefined) => void seen.push([done, total]);
  const size = 3 * 2 ** 20;
  const sealed = await seal(someBytes(size), { key: KEY, onProgress });
  assertEquals(
    seen.map(([done]) => done),
    [16, 32, 48].map((slices) => slices * SLICE).concat(size),
  );
  assert(seen.every(([, total]) => total === undefined));
  seen.length = 0;
  await verifyExport(new Blob([sealed]), { key: KEY, onProgress });
  assertEquals(seen.at(-1), [sealed.length, sealed.length]);
  assert(seen.length > 3);

  const failing = () => {
    throw REASON;
  };
  assertEquals(
    await outcome(seal(someBytes(1), { key: KEY, onProgress: failing })),
    String(REASON),
  );
});

Deno.test("node:stream's pipeline takes them", async () => {
  const data = someBytes(2_000_000);
  const sealing = sealExport({ key: KEY });
  const opening = openExport({ key: KEY });
  const parts: Uint8Array[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      parts.push(chunk);
      done();
    },
  });
  // deno-lint-ignore no-explicit-any
  const pair = (streams: unknown) => streams as any;
  await pipeline(Readable.from(chunked(data)), pair(sealing), pair(opening), sink);
  assertEquals(Buffer.compare(Buffer.concat(parts), data), 0);
  const rows = chunked(await seal(data)).pipeThrough(openExport({ key: KEY }));
  const read = await Readable.fromWeb(pair(rows)).toArray();
  assertEquals(Buffer.compare(Buffer.concat(read), data), 0);
});

Deno.test("An inspection tells what is there, and that nobody has checked it", async () => {
  const passphrase = "correct horse";
  const before = Math.floor(Date.now() / 1_000);
  const sealing = sealExport({ passphrase, iterations: 100_000 });
  const sealed = await new Response(chunked(someBytes(10)).pipeThrough(sealing)).bytes();
  const { id } = await sealing.result;
  const blob = new Blob([sealed]);
  const seen = await inspectExport(blob);
  assert(seen.kdf.name === "pbkdf2-sha256");
  const { salt } = seen.kdf;
  assert(seen.time !== undefined && seen.time >= before && seen.time <= Date.now() / 1_000);
  assertEquals(seen, {
    verified: false,
    version: 1,
    id,
    kdf: { name: "pbkdf2-sha256", iterations: 100_000, salt },
    time: seen.time,
    size: sealed.length,
  });
  const [header] = linesOf(await seal(someBytes(1)));
  const alone = await inspectExport(new Blob([`${header}\n`]));
  assertEquals([alone.kdf, alone.time], [{ name: "key" }, undefined]);
  const { seen: counted, stream } = endless(sealed);
  assertEquals((await inspectExport(stream)).id, id);
  assertEquals(counted.pulled, sealed.length);
  const expected = { "": "truncated at 1", "rows\n": "bad-header at 1", rows: "bad-header at 1" };
  for (const [text, code] of Object.entries(expected)) {
    assertEquals(await outcome(inspectExport(new Blob([text]))), code);
  }
  assertEquals(
    await outcome(inspectExport(new Blob(["A".repeat(FULL_LINE)]))),
    "line-too-long at 1",
  );
});
