/**
 * Sealed exports of several slices that were tampered with: each way has its code
 * and its line, whatever the chunks, the batches and the backend.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { openExport, readExportAt, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
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

/** 19 slices: a batch, and three more, the last of them short. */
const DATA = someBytes(18 * SLICE + 1_000);
const GOOD = linesOf(await seal(DATA));
const OTHER = linesOf(await seal(DATA));
const FINAL = 20;
const CHUNKS = [[1 << 24], [65_536], [FULL_LINE + 1], [99_991, 1, 0, 3]];

assertEquals(GOOD.length, FINAL + 1);
assertEquals(GOOD[1].length, FULL_LINE);

async function assertRefused(
  lines: readonly string[] | Uint8Array,
  expected: string,
  what: string,
): Promise<void> {
  const sealed = lines instanceof Uint8Array ? lines : fromLines(lines);
  for (const lengths of CHUNKS) {
    const stream = chunked(sealed, lengths);
    assertEquals(await outcome(verifyExport(stream, { key: KEY })), expected, what);
  }
}

/** What a bad token at a place of {@linkcode GOOD} is called. */
function badToken(place: number): string {
  return place === 1 ? "wrong-secret-or-header at 2" : `bad-token at ${place + 1}`;
}

const PLACES = [1, 2, 15, 16, 17, 18, 19, FINAL];

Deno.test("The export itself is opened", async () => {
  for (const lengths of CHUNKS) {
    assertEquals(Buffer.compare(await open(fromLines(GOOD), { key: KEY }, lengths), DATA), 0);
  }
});

Deno.test("A line that was removed", async () => {
  for (const place of PLACES) {
    const expected = place === FINAL ? `truncated at ${FINAL + 1}` : `out-of-order at ${place + 1}`;
    await assertRefused(GOOD.toSpliced(place, 1), expected, `line ${place + 1}`);
  }
  await assertRefused(GOOD.slice(1), "line-too-long at 1", "the header");
});

Deno.test("A line that was repeated", async () => {
  for (const place of PLACES) {
    const expected = `${place === FINAL ? "trailing-data" : "out-of-order"} at ${place + 2}`;
    await assertRefused(GOOD.toSpliced(place, 0, GOOD[place]), expected, `line ${place + 1}`);
  }
  await assertRefused(GOOD.toSpliced(0, 0, GOOD[0]), "wrong-secret-or-header at 2", "the header");
});

Deno.test("Two lines that were swapped", async () => {
  for (const one of PLACES) {
    for (const two of PLACES.filter((place) => place > one)) {
      const lines = GOOD.with(one, GOOD[two]).with(two, GOOD[one]);
      await assertRefused(lines, `out-of-order at ${one + 1}`, `lines ${one + 1} and ${two + 1}`);
    }
  }
});

Deno.test("A line of another file under the same key", async () => {
  for (const place of PLACES) {
    await assertRefused(GOOD.with(place, OTHER[place]), badToken(place), `line ${place + 1}`);
  }
  await assertRefused(GOOD.with(0, OTHER[0]), "wrong-secret-or-header at 2", "the header");
});

Deno.test("A line that was cut, at either end", async () => {
  for (const place of PLACES) {
    for (const cut of [1, 4, 100]) {
      const line = GOOD[place];
      for (const changed of [line.slice(0, -cut), line.slice(cut), ""]) {
        await assertRefused(GOOD.with(place, changed), badToken(place), `line ${place + 1}`);
      }
    }
  }
});

Deno.test("A line that is longer by a character", async () => {
  for (const place of PLACES) {
    const full = GOOD[place].length === FULL_LINE;
    const expected = full ? `line-too-long at ${place + 1}` : badToken(place);
    await assertRefused(GOOD.with(place, `${GOOD[place]}A`), expected, `line ${place + 1}`);
  }
});

Deno.test("A character that was changed, into a line feed too", async () => {
  for (const place of PLACES) {
    const line = GOOD[place];
    for (const index of [0, 50, line.length - 1]) {
      for (const character of [line[index] === "A" ? "B" : "A", "\n", "\r", "=", "é"]) {
        if (line[index] === character) continue;
        const changed = line.slice(0, index) + character + line.slice(index + 1);
        const long = new TextEncoder().encode(changed).length > FULL_LINE;
        const expected = long ? `line-too-long at ${place + 1}` : badToken(place);
        await assertRefused(GOOD.with(place, changed), expected, `line ${place + 1}, ${index}`);
      }
    }
  }
});

Deno.test("A file that was cut anywhere", async () => {
  const sealed = fromLines(GOOD);
  const header = GOOD[0].length + 1;
  const ends = GOOD.map((_, line) => fromLines(GOOD.slice(0, line + 1)).length);
  const lengths = [1, 10, header - 1, ...ends.flatMap((end) => [end - 1, end, end + 1])];
  for (const length of lengths.filter((length) => length < sealed.length)) {
    const line = 1 + ends.filter((end) => end <= length).length;
    await assertRefused(sealed.subarray(0, length), `truncated at ${line}`, `${length} bytes`);
  }
});

Deno.test("Anything after the final line, of any length", async () => {
  // With these, what ends with the junk looks as long as a full line.
  const end = GOOD.slice(-2).join("\n").length + 1;
  const lengths = [1, 119, FULL_LINE - 121, FULL_LINE - end, FULL_LINE, FULL_LINE + 1, 2_000_000];
  for (const length of lengths) {
    for (const lineFeed of ["", "\n"]) {
      const junk = new TextEncoder().encode("A".repeat(length) + lineFeed);
      const sealed = Uint8Array.from(Buffer.concat([fromLines(GOOD), junk]));
      await assertRefused(sealed, `trailing-data at ${FINAL + 2}`, `${length} characters`);
    }
  }
  await assertRefused([...GOOD, ""], `trailing-data at ${FINAL + 2}`, "an empty line");
  await assertRefused([...GOOD, ...GOOD], `trailing-data at ${FINAL + 2}`, "the export again");
  const many = [...GOOD, ...Array<string>(500_000).fill("")];
  await assertRefused(many, `trailing-data at ${FINAL + 2}`, "many empty lines");
});

Deno.test("Half a million empty lines instead of tokens", async () => {
  const lines = [GOOD[0], ...Array<string>(500_000).fill("")];
  await assertRefused(lines, "wrong-secret-or-header at 2", "after the header");
});

testEach("Any byte of the header that was changed", async (backend) => {
  const passphrase = "correct horse";
  for (const options of [{ key: KEY }, { passphrase, iterations: 100_000 }] as const) {
    const [header, ...tokens] = linesOf(await seal(someBytes(10), options));
    const secret = "key" in options ? { key: KEY } : { passphrase };
    const seen = new Set<string>();
    for (let index = 0; index < header.length; index++) {
      // A derivation for every change would take too long.
      const characters = options.key ? 'A3"\n' : index % 7 ? '"' : 'A"';
      for (const character of characters) {
        if (header[index] === character) continue;
        const changed = header.slice(0, index) + character + header.slice(index + 1);
        const sealed = fromLines([changed, ...tokens]);
        const code = await outcome(open(sealed, { ...secret, backend }));
        assert(
          ["bad-header at 1", "wrong-secret-or-header at 2"].includes(code),
          `${changed}: ${code}`,
        );
        seen.add(code);
      }
    }
    assertEquals(seen.size, 2);
  }
});

/** A file under KEY whose writer holds the key and breaks the format. */
function sealedByHand(records: readonly Uint8Array[], time = 1_000): Uint8Array {
  const [header] = GOOD;
  const info = Buffer.concat([
    Buffer.from("ironfern-export/1"),
    createHash("sha256").update(header).digest(),
  ]);
  const fernet = new Fernet(hkdfSync(info));
  return fromLines([header, ...records.map((record) => fernet.encryptAtTime(record, time))]);
}

function hkdfSync(info: Uint8Array): Uint8Array {
  const { hkdfSync } = process.getBuiltinModule("node:crypto");
  return new Uint8Array(hkdfSync("sha256", KEY, new Uint8Array(), info, 32));
}

function record(index: number, type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(index));
  bytes[8] = type;
  bytes.set(data, 9);
  return bytes;
}

function final(slices: number, bytes: number): Uint8Array {
  const data = new Uint8Array(16);
  new DataView(data.buffer).setBigUint64(0, BigInt(slices));
  new DataView(data.buffer).setBigUint64(8, BigInt(bytes));
  return record(slices, 1, data);
}

Deno.test("Slices of wrong sizes, sealed with the right key", async () => {
  const slice = (index: number, length: number) => record(index, 0, someBytes(length));
  const two = [slice(0, SLICE), slice(1, SLICE), final(2, 2 * SLICE)];
  await verifyExport(new Blob([sealedByHand(two) as BlobPart]), { key: KEY });
  // Its line has as many characters as that of a full slice.
  const short = SLICE - 6;
  assertEquals(linesOf(sealedByHand([slice(0, short)]))[1].length, FULL_LINE);
  const cases: [name: string, records: Uint8Array[], expected: string][] = [
    [
      "a short one before another",
      [slice(0, short), slice(1, SLICE), final(2, short + SLICE)],
      "bad-token at 2",
    ],
    [
      "a short one before the last",
      [slice(0, SLICE), slice(1, short), slice(2, 1), final(3, SLICE + short + 1)],
      "bad-token at 3",
    ],
    ["no byte", [slice(0, SLICE), slice(1, 0), final(2, SLICE)], "bad-token at 3"],
    ["a byte too many", [slice(0, SLICE + 1), final(1, SLICE + 1)], "line-too-long at 2"],
    ["less than told", [slice(0, SLICE), final(1, SLICE + 1)], "bad-token at 3"],
    ["nothing after a short one", [slice(0, short)], "truncated at 3"],
  ];
  for (const [name, records, expected] of cases) {
    await assertRefused(sealedByHand(records), expected, name);
  }
  // A short last slice is right, whatever the length of its line.
  for (const length of [1, 6, 7, 22, 23, short - 1, short, SLICE - 1]) {
    const data = someBytes(SLICE + length);
    const sealed = sealedByHand([
      record(0, 0, data.subarray(0, SLICE)),
      record(1, 0, data.subarray(SLICE)),
      final(2, data.length),
    ]);
    for (const lengths of CHUNKS) {
      assertEquals(Buffer.compare(await open(sealed, { key: KEY }, lengths), data), 0);
    }
  }
});

Deno.test("Two attempts at one file, under one header, do not mix", async () => {
  const slices = [0, 1, 2].map((index) => DATA.subarray(index * SLICE, (index + 1) * SLICE));
  const records = [...slices.map((data, index) => record(index, 0, data)), final(3, 3 * SLICE)];
  const [first, second] = [1_000, 1_001].map((time) => linesOf(sealedByHand(records, time)));
  await assertRefused(first, "opened", "the first attempt");
  await assertRefused(second, "opened", "the second attempt");
  // The first token says which time is right.
  for (const place of [1, 2, 3, 4]) {
    const mixed = first.with(place, second[place]);
    const expected = `bad-token at ${place === 1 ? 3 : place + 1}`;
    await assertRefused(mixed, expected, `line ${place + 1}`);
    const blob = new Blob([fromLines(mixed) as BlobPart]);
    const part = await outcome(readExportAt(blob, 0, 3 * SLICE, { key: KEY }));
    // It begins with the final line.
    assertEquals(part, `bad-token at ${place === 4 ? 2 : place + 1}`);
    // Where the other attempt's line is not among what is read, it is not seen.
    const apart = await outcome(readExportAt(blob, 0, SLICE, { key: KEY }));
    assertEquals(apart, "opened");
  }
});

Deno.test("What is given out before a bad line is a prefix, without the bad slice", async () => {
  for (const place of [3, 17, FINAL]) {
    const sealed = fromLines(GOOD.with(place, OTHER[place]));
    const { readable, result } = ((pair) => {
      void chunked(sealed).pipeTo(pair.writable).catch(() => {});
      return pair;
    })(openExport({ key: KEY }));
    const parts: Uint8Array[] = [];
    const reading = (async () => {
      for await (const part of readable) parts.push(part);
    })();
    assertEquals(await outcome(reading), badToken(place));
    assertEquals(await outcome(result), badToken(place));
    const given = Buffer.concat(parts);
    assert(given.length <= (place - 1) * SLICE);
    assertEquals(Buffer.compare(given, DATA.subarray(0, given.length)), 0);
  }
  await pause();
});
