/**
 * Parts of sealed exports.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { readExportAt, type ReadExportAtOptions } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { testEach } from "../../support/backends.ts";
import {
  fromLines,
  FULL_LINE,
  KEY,
  linesOf,
  outcome,
  seal,
  SLICE,
  someBytes,
} from "../../support/sealed.ts";

const DATA = someBytes(18 * SLICE + 1_000);
const GOOD = linesOf(await seal(DATA));
const OTHER = linesOf(await seal(DATA));
const FINAL = 20;

function blobOf(lines: readonly string[]): Blob {
  return new Blob([fromLines(lines) as BlobPart]);
}

function readAt(
  blob: Blob,
  position: number,
  length: number,
  options: Partial<ReadExportAtOptions> = {},
): Promise<Uint8Array> {
  return readExportAt(blob, position, length, { key: KEY, ...options } as ReadExportAtOptions);
}

/** A blob that counts the bytes that are read of it. */
class CountingBlob extends Blob {
  read = 0;
  override slice(start = 0, end = this.size): Blob {
    this.read += Math.min(end, this.size) - start;
    return super.slice(start, end);
  }
}

testEach("Any part of exports of all sizes is as in the data", async (backend) => {
  for (const size of [0, 1, SLICE - 1, SLICE, SLICE + 1, 16 * SLICE, DATA.length]) {
    const data = DATA.subarray(0, size);
    const blob = new Blob([await seal(data)]);
    const edges = [0, 1, SLICE - 1, SLICE, SLICE + 1, size - 1, size, size + 1, 40 * SLICE];
    for (const position of edges.filter((edge) => edge >= 0)) {
      for (const length of [0, 1, SLICE, SLICE + 2, 2_000_000]) {
        const expected = data.subarray(position, position + length);
        for (const checkEnd of [false, true]) {
          const part = await readAt(blob, position, length, { backend, checkEnd });
          assertEquals(Buffer.compare(part, expected), 0, `${position}, ${length} of ${size}`);
        }
      }
    }
  }
});

Deno.test("Only the slices that are needed are read", async () => {
  const blob = new CountingBlob([fromLines(GOOD) as BlobPart]);
  assertEquals((await readAt(blob, 5 * SLICE + 10, SLICE)).length, SLICE);
  assert(blob.read <= 4_097 + 2 * (FULL_LINE + 1), `${blob.read} bytes`);
});

Deno.test("What is read is authenticated, the rest only when asked", async () => {
  const read = (lines: readonly string[], checkEnd = false) =>
    outcome(readAt(blobOf(lines), 4 * SLICE + 1, SLICE, { checkEnd }));
  assertEquals(await read(GOOD), "opened");
  for (const place of [1, 2, 7, 18]) {
    assertEquals(await read(GOOD.with(place, OTHER[place])), "opened", `line ${place + 1}`);
  }
  for (const place of [5, 6]) {
    assertEquals(await read(GOOD.with(place, OTHER[place])), `bad-token at ${place + 1}`);
    const line = GOOD[place];
    assertEquals(
      await read(GOOD.with(place, `${line.slice(0, -1)}${line.endsWith("A") ? "B" : "A"}`)),
      `bad-token at ${place + 1}`,
    );
  }
  assertEquals(await read(GOOD.with(5, GOOD[6]).with(6, GOOD[5])), "out-of-order at 6");
  assertEquals(await read(GOOD.toSpliced(2, 1)), "out-of-order at 6");
  const joined = fromLines(GOOD);
  joined[fromLines(GOOD.slice(0, 6)).length - 1] = 0x20; // the line feed of line 6
  assertEquals(
    await outcome(readAt(new Blob([joined as BlobPart]), 4 * SLICE, 1)),
    "bad-token at 6",
  );

  assertEquals(await read(GOOD.with(FINAL, OTHER[FINAL]), true), `bad-token at ${FINAL + 1}`);
  assertEquals(await read(GOOD.toSpliced(FINAL, 1)), "opened");
  assertEquals(await read(GOOD.toSpliced(FINAL, 1), true), "truncated at 21");
  assertEquals(await read([...GOOD, "rows"], true), "truncated at 21");
  assertEquals(await read([...GOOD, GOOD[FINAL]], true), "trailing-data at 22");
  const cut = GOOD.with(3, GOOD[3].slice(4));
  assertEquals(await read(cut, true), "truncated at 20");
  assertEquals(await read(GOOD.with(0, OTHER[0])), "wrong-secret-or-header at 2");
  assertEquals(await read(GOOD.with(0, OTHER[0]), true), "wrong-secret-or-header at 2");
  const key = Fernet.generateKey();
  const under = (blob: Blob, checkEnd = false) => outcome(readAt(blob, 0, 1, { key, checkEnd }));
  for (const checkEnd of [false, true]) {
    assertEquals(await under(blobOf(GOOD), checkEnd), "wrong-secret-or-header at 2");
    const empty = new Blob([await seal(new Uint8Array())]);
    assertEquals(await under(empty, checkEnd), "wrong-secret-or-header at 2");
  }
});

Deno.test("An export that was cut is never read as a shorter one", async () => {
  const sealed = fromLines(GOOD);
  const ends = GOOD.map((_, line) => fromLines(GOOD.slice(0, line + 1)).length);
  const cuts = ends.flatMap((end) => [end - 1, end, end + 1, end + 500]);
  for (const end of cuts.filter((cut) => cut < sealed.length)) {
    const blob = new Blob([sealed.subarray(0, end) as BlobPart]);
    const all = await outcome(readAt(blob, 0, DATA.length));
    const last = await outcome(readAt(blob, 18 * SLICE, 10));
    const checked = await outcome(readAt(blob, 0, 1, { checkEnd: true }));
    for (const seen of [all, last, checked]) {
      assert(seen.startsWith("truncated at"), `${end}: ${seen}`);
    }
  }
});

Deno.test("Numbers out of their bounds, and what is no blob, are refused", async () => {
  const blob = blobOf(GOOD);
  for (const [position, length] of [[-1, 1], [0.5, 1], [0, -1], [0, 2 ** 28 + 1], [2 ** 53, 1]]) {
    await assertRejects(() => readAt(blob, position, length), RangeError);
  }
  await assertRejects(() => readAt("x" as never, 0, 1), TypeError, "Blob");
  await assertRejects(() => readAt(blob, 0, 1, { passphrase: "x" } as never), TypeError);
  const expect = { id: "A".repeat(22) };
  assertEquals(await outcome(readAt(blob, 0, 1, { expect })), "unexpected-id at 1");
  const reason = new Error("enough");
  const stopped = readAt(blob, 0, 1, { signal: AbortSignal.abort(reason) });
  assertEquals(await stopped.catch((error) => error), reason);
});
