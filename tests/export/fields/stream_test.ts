/**
 * The streams of fields as streams: memory, backpressure, aborts, progress; and
 * what their options refuse.
 *
 * @module
 */

import { Fernet, MultiFernet } from "@ironfern/ironfern";
import {
  decryptFields,
  type DecryptFieldsOptions,
  encryptFields,
  type FieldsOptions,
} from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ByteStream, encrypted, FERNET, through } from "../../support/fields.ts";
import { run } from "../../support/tools.ts";

const CSV = { format: "csv", fields: ["b"] } as const;
const JSONL = { format: "jsonl", fields: ["b"] } as const;
const STREAMS = [encryptFields, decryptFields];
const REASON = new Error("the caller has had enough");

const encode = (text: string) => new TextEncoder().encode(text);

/** Chunks of rows, made as they are asked for. */
function rowsSource(count: number, chunk: Uint8Array, head = new Uint8Array()) {
  const taken = { chunks: 0 };
  const readable = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (taken.chunks === 0 && head.length) controller.enqueue(head);
      if (taken.chunks++ < count) controller.enqueue(chunk.slice());
      else controller.close();
    },
  }, { highWaterMark: 0 });
  return { taken, readable };
}

for (const options of [CSV, JSONL]) {
  const row = options.format === "csv" ? '1,"some text",x\n' : '{"a":1,"b":"some text"}\n';
  const head = options.format === "csv" ? encode("a,b,c\n") : new Uint8Array();

  Deno.test(`A long stream keeps no more alive than a short one [${options.format}]`, async () => {
    const flags = ["--v8-flags=--expose-gc", "--cached-only", "--config", "deno.json"];
    const args = ["run", ...flags, "tests/support/fields_memory.ts", options.format];
    const { success, stdout, stderr } = await run(Deno.execPath(), args);
    assert(success, stderr);
    const { early, late, passed } = JSON.parse(stdout);
    // Rows that were kept would be alive whole; 4 bytes for each would be a quarter of them.
    assert(late - early < passed / 4, stdout);
  });

  Deno.test(`Nothing is read that nobody asked for [${options.format}]`, async () => {
    const { taken, readable } = rowsSource(1_000, encode(row.repeat(100)), head);
    const stream = readable.pipeThrough(encryptFields(FERNET, options));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert(taken.chunks <= 3, `${taken.chunks} chunks`);
    const reader = stream.getReader();
    for (let turn = 0; turn < 5; turn++) await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert(taken.chunks >= 4 && taken.chunks <= 9, `${taken.chunks} chunks`);
    await reader.cancel();
  });

  Deno.test(`Progress is told in rows [${options.format}]`, async () => {
    const told: [number, number | undefined][] = [];
    const onProgress = (done: number, total: number | undefined) => void told.push([done, total]);
    const text = new TextDecoder().decode(head) + row.repeat(20_000);
    await through(text, encryptFields(FERNET, { ...options, onProgress }));
    assert(told.length > 1, `told ${told.length} times`);
    assertEquals(told.at(-1), [20_000, undefined]);
    told.reduce(([before], [after, total]) => {
      assert(after >= before && total === undefined);
      return [after, total];
    }, [0, undefined]);
  });

  Deno.test(`A signal errors the stream with its reason [${options.format}]`, async () => {
    for (const stream of STREAMS) {
      // Before it begins, while there is nothing to read, and while there is much.
      const aborted = stream(FERNET, { ...options, signal: AbortSignal.abort(REASON) });
      assertEquals(await through("", aborted).catch((error) => error), REASON);

      const idle = new AbortController();
      const waiting = new ReadableStream<Uint8Array>()
        .pipeThrough(stream(FERNET, { ...options, signal: idle.signal }))
        .pipeTo(new WritableStream());
      idle.abort(REASON);
      assertEquals(await waiting.catch((error) => error), REASON);
    }
    const controller = new AbortController();
    const { taken, readable } = rowsSource(Infinity, encode(row.repeat(100)), head);
    let chunks = 0;
    const busy = readable
      .pipeThrough(encryptFields(FERNET, { ...options, signal: controller.signal }))
      .pipeTo(
        new WritableStream({ write: () => void (++chunks === 5 && controller.abort(REASON)) }),
      );
    assertEquals(await busy.catch((error) => error), REASON);
    assert(taken.chunks < 20, `${taken.chunks} chunks`);
  });

  Deno.test(`A signal is let go of at the end, however it comes [${options.format}]`, async () => {
    let listeners = 0;
    class Counted extends EventTarget {
      readonly aborted = false;
      throwIfAborted() {}
      override addEventListener() {
        listeners++;
      }
      override removeEventListener() {
        listeners--;
      }
    }
    const signal = new Counted() as unknown as AbortSignal;
    const text = new TextDecoder().decode(head) + row;
    const good = await through(text, encryptFields(FERNET, { ...options, signal }));
    await through(good, decryptFields(FERNET, { ...options, signal }));
    await assertRejects(() => through(text, decryptFields(FERNET, { ...options, signal })));
    await assertRejects(() => through("{", encryptFields(FERNET, { ...options, signal })));
    const stream = new Blob([text]).stream()
      .pipeThrough(encryptFields(FERNET, { ...options, signal }));
    await stream.cancel();
    assertEquals(listeners, 0);
  });

  Deno.test(`A key that is destroyed meanwhile ends the stream [${options.format}]`, async () => {
    const fernet = new Fernet(Fernet.generateKey());
    const { readable } = rowsSource(10, encode(row), head);
    const reader = readable.pipeThrough(encryptFields(fernet, options)).getReader();
    await reader.read();
    if (head.length) await reader.read();
    fernet.destroy();
    await assertRejects(async () => {
      for (;;) if ((await reader.read()).done) return;
    }, TypeError);
  });
}

Deno.test("A stray quote is found where it stands, not at the end", async () => {
  const head = encode('a,b,c\n1,5" of pipe,x\n');
  const { taken, readable } = rowsSource(1_000, encode("1,2,3\n"), head);
  const rows = readable.pipeThrough(encryptFields(FERNET, CSV));
  await assertRejects(() => new Response(rows).text(), SyntaxError, "Cannot read line 2: a quote");
  assert(taken.chunks < 5, `${taken.chunks} chunks`);
});

Deno.test("Chunks that are no bytes are refused", async () => {
  for (const options of [CSV, JSONL]) {
    for (const stream of STREAMS) {
      const chunks = ReadableStream.from(["text"]) as unknown as ReadableStream<Uint8Array>;
      const rows = chunks.pipeThrough(stream(FERNET, options));
      await assertRejects(() => new Response(rows).text(), TypeError, "TextEncoderStream");
    }
  }
});

/** A value of a type that TypeScript would refuse, as JavaScript passes it. */
// deno-lint-ignore no-explicit-any
function wrong(value: unknown): any {
  return value;
}

const TOO_LONG = "é".repeat(2_049);
const MISUSE: readonly [
  key: unknown,
  options: unknown,
  typeof TypeError | typeof RangeError,
  message: string,
][] = [
  [undefined, CSV, TypeError, "expected a Fernet, got undefined"],
  ["key", CSV, TypeError, "expected a Fernet, got string"],
  [new MultiFernet([FERNET]), CSV, TypeError, "expected a Fernet, got MultiFernet"],
  [FERNET, undefined, TypeError, "Cannot use fields: expected an array, got undefined"],
  [FERNET, null, TypeError, "Cannot use the options: expected an object of format"],
  [FERNET, {}, TypeError, "Cannot use fields: expected an array, got undefined"],
  [FERNET, { fields: ["a"] }, TypeError, 'of type undefined: expected "csv" or "jsonl"'],
  [FERNET, { ...CSV, format: "json" }, TypeError, 'format "json": expected "csv" or "jsonl"'],
  [FERNET, { ...CSV, fields: "a" }, TypeError, "expected an array, got string"],
  [FERNET, { ...CSV, fields: [] }, TypeError, "Cannot use fields: it is empty"],
  [
    FERNET,
    { ...CSV, fields: [1] },
    TypeError,
    "the name of a field: expected a string, got number",
  ],
  [FERNET, { ...CSV, fields: Array(1) }, TypeError, "expected a string, got undefined"],
  [FERNET, { ...CSV, fields: ["\ud800"] }, TypeError, "lone surrogate"],
  [FERNET, { ...CSV, fields: [TOO_LONG] }, RangeError, "more than 4096 bytes"],
  [FERNET, { ...CSV, rowId: TOO_LONG }, RangeError, "more than 4096 bytes"],
  [FERNET, { ...CSV, rowId: 1 }, TypeError, "expected a string, got number"],
  [FERNET, { ...CSV, fields: ["a", "b", "a"] }, TypeError, 'field "a": it is named twice'],
  [FERNET, { ...CSV, rowId: "b" }, TypeError, 'rowId "b": it is within what is encrypted'],
  [FERNET, { ...CSV, optional: ["b"] }, TypeError, "Cannot use optional with CSV"],
  ...["", ",,", '"', "\r", "\n", "A", "z", "0", "-", "_", "=", "é", 1, null].map((
    delimiter,
  ): typeof MISUSE[number] => [
    FERNET,
    { ...CSV, delimiter },
    TypeError,
    "Cannot use the delimiter",
  ]),
  [FERNET, { ...JSONL, delimiter: "," }, TypeError, "Cannot use delimiter with JSON lines"],
  [FERNET, { ...JSONL, fields: [""] }, TypeError, 'field "": expected a JSON Pointer'],
  [FERNET, { ...JSONL, rowId: "" }, TypeError, 'field "": expected a JSON Pointer'],
  [FERNET, { ...JSONL, fields: ["/a~"] }, TypeError, 'field "/a~": expected a JSON Pointer'],
  [FERNET, { ...JSONL, fields: ["/~2"] }, TypeError, 'field "/~2": expected a JSON Pointer'],
  [FERNET, { ...JSONL, fields: ["a", "/a"] }, TypeError, 'field "/a": it is named twice'],
  [FERNET, { ...JSONL, fields: ["/a", "/a/b"] }, TypeError, 'field "/a/b": it is named twice'],
  [FERNET, { ...JSONL, fields: ["/a/b", "a"] }, TypeError, 'field "/a": it is named twice'],
  [FERNET, { ...JSONL, rowId: "/b" }, TypeError, 'rowId "/b": it is within what is encrypted'],
  [FERNET, { ...JSONL, rowId: "/b/c" }, TypeError, 'rowId "/b/c": it is within'],
  [FERNET, { ...JSONL, fields: ["/b/c"], rowId: "b" }, TypeError, 'rowId "/b": it is within'],
  [FERNET, { ...JSONL, optional: ["c"] }, TypeError, 'optional "/c": it is not among the fields'],
  [FERNET, { ...JSONL, optional: "b" }, TypeError, "expected an array, got string"],
  [FERNET, { ...JSONL, optional: true }, TypeError, "expected an array, got boolean"],
];

Deno.test(`Misuse is an error at once: ${MISUSE.length} errors`, () => {
  for (const stream of STREAMS) {
    for (const [key, options, type, message] of MISUSE) {
      const error = assertThrows(() => stream(wrong(key), wrong(options)), type, message);
      assertEquals(error.constructor, type, message);
    }
  }
});

Deno.test("Misuse of the options of decryption is an error at once", () => {
  const bad: [options: object, typeof TypeError | typeof RangeError, message: string][] = [
    [{ ttl: "1" }, TypeError, "ttl"],
    [{ ttl: -1 }, RangeError, "ttl"],
    [{ ttl: NaN }, RangeError, "ttl"],
    [{ currentTime: 1 }, TypeError, "currentTime"],
    [{ ttl: 1, currentTime: Infinity }, RangeError, "currentTime"],
  ];
  for (const [options, type, message] of bad) {
    assertThrows(() => decryptFields(FERNET, { ...CSV, ...options }), type, message);
  }
});

Deno.test("Options that change afterwards change nothing", async () => {
  const fields = ["b"];
  const options: FieldsOptions & DecryptFieldsOptions = { format: "csv", fields, rowId: "a" };
  const text = "a,b,c\n1,2,3\n";
  const sealed = await encrypted(text, options);
  const stream: ByteStream = decryptFields(FERNET, options);
  fields[0] = "c";
  options.rowId = "c";
  assertEquals(await through(sealed, stream), text);
});
