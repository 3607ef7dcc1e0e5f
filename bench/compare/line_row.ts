/**
 * The row of a stream of JSON lines.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { encryptLines } from "@ironfern/ironfern/export";
import { Buffer } from "node:buffer";
import { type Contestant, interleave } from "../measure.ts";
import { textRows } from "./messages.ts";
import { nodeTokens } from "./platform.ts";
import type { Python } from "./python.ts";
import { OURS, type RowResult, type Settings, THEIRS } from "./rows.ts";

const ROW = 100;
/** Distinct rows; the stream repeats them, so that no gigabyte is in memory. */
const BLOCK_ROWS = 10_000;
const CHUNK = 65_536;
const LINE_FEED = 10;
/** Version, time, IV, the padded row and the MAC, in base64, and the line feed. */
const TOKEN_LINE = 4 * Math.ceil((1 + 8 + 16 + 112 + 32) / 3) + 1;

type Bytes = Uint8Array<ArrayBuffer>;
type Transform = () => ReadableWritablePair<Uint8Array, Bytes>;

function rowStream(block: Bytes, length: number): ReadableStream<Bytes> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start >= length) return controller.close();
      const at = start % block.length;
      const chunk = block.slice(at, at + Math.min(CHUNK, length - start));
      start += chunk.length;
      controller.enqueue(chunk);
    },
  });
}

/** The same with node:crypto: a token for each line of a chunk. */
function nodeLines(key: string): ReadableWritablePair<Uint8Array, Bytes> {
  const { seal } = nodeTokens(key);
  let rest: Bytes = new Uint8Array();
  return new TransformStream<Bytes, Bytes>({
    transform(chunk, controller) {
      const bytes = Buffer.concat([rest, chunk]);
      let start = 0;
      let text = "";
      for (;;) {
        const end = bytes.indexOf(LINE_FEED, start);
        if (end < 0) break;
        text += `${seal(bytes.subarray(start, end))}\n`;
        start = end + 1;
      }
      rest = bytes.subarray(start);
      if (text) controller.enqueue(Buffer.from(text));
    },
  });
}

async function drain(
  stream: ReadableStream<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = stream.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onChunk(value);
  }
}

async function crossCheck(
  key: string,
  block: Bytes,
  ways: Readonly<Record<string, Transform>>,
): Promise<void> {
  const { open } = nodeTokens(key);
  const fernet = new Fernet(key);
  const rows = Buffer.from(block).toString().split("\n");
  for (const [name, transform] of Object.entries(ways)) {
    const chunks: Uint8Array[] = [];
    await drain(
      rowStream(block, block.length).pipeThrough(transform()),
      (chunk) => chunks.push(chunk),
    );
    const lines = Buffer.concat(chunks).toString().split("\n");
    const same = lines.length === rows.length && lines.every((line, index) =>
      // The last one is what follows the last line feed: nothing.
      index === rows.length - 1
        ? line === rows[index]
        : open(line).toString() === rows[index] && fernet.decryptText(line) === rows[index]
    );
    if (!same) throw new Error(`The lines of ${name} do not give the rows back`);
  }
}

/** Measures the row once. */
export async function measureLines(
  key: string,
  python: Python,
  settings: Settings,
): Promise<RowResult> {
  const texts = textRows(BLOCK_ROWS, () => ROW);
  const block: Bytes = new TextEncoder().encode(texts.map((row) => `${row}\n`).join(""));
  const fernet = new Fernet(key);
  const ways: Record<string, Transform> = {
    [OURS.oneThread]: () => encryptLines(fernet, { workers: 0 }),
    [OURS.auto]: () => encryptLines(fernet),
    [THEIRS.nodeLines]: () => nodeLines(key),
  };
  await crossCheck(key, block, ways);
  const items = Math.ceil(settings.linesMegabytes * 1e6 / ROW);
  const run = async (transform: Transform, rows: number) => {
    let written = 0;
    const stream = rowStream(block, rows * (ROW + 1)).pipeThrough(transform());
    await drain(stream, ({ length }) => written += length);
    if (written !== rows * TOKEN_LINE) throw new Error(`Expected ${rows} tokens, each on a line`);
  };
  const contestants = Object.entries(ways).map(([name, transform]): Contestant => ({
    name,
    run: () => run(transform, items),
    warmUp: () => run(transform, Math.min(items, 2 * BLOCK_ROWS)),
  }));
  const pyca = await python.rows(key, texts);
  if (pyca) {
    const part = async (share: number) => await pyca(1) * share;
    const time = (repeats: number) => part(repeats * items / BLOCK_ROWS);
    contestants.push({ name: THEIRS.pyca, run: () => pyca(1), time, warmUp: () => pyca(1) });
  }
  const absent = pyca
    ? []
    : [{ name: THEIRS.pyca, reason: "no Python with the `cryptography` pinned" }];
  return { row: "lines", items, timings: await interleave(contestants, 1), absent };
}
