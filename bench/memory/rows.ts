/**
 * Rows of JSON of any number, each of them distinct, a chunk at a time.
 *
 * @module
 */

const CHUNK = 65_536;

/** Rows that are repeated, each time with a number of its own. */
export interface RowSource {
  /** The rows, without their numbers: JSON objects, each on a line. */
  readonly lines: readonly string[];
  /** Bytes at which it ends, after the row that reaches them. */
  readonly length: number;
}

/** The rows' bytes in chunks. */
export function* rowChunks({ lines, length }: RowSource): Generator<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let text = "";
  let written = 0;
  for (let row = 0; written + text.length < length; row++) {
    text += `{"n":${row},${lines[row % lines.length].slice(1)}\n`;
    if (text.length < CHUNK) continue;
    const chunk = encoder.encode(text);
    written += chunk.length;
    text = "";
    yield chunk;
  }
  yield encoder.encode(text);
}

/** Rows of about 100 bytes that nobody's data is in. */
export const GENERATED: readonly string[] = Array.from(
  { length: 1_000 },
  (_, index) =>
    `{"name":"name ${index * 7919 % 1_000}","mail":"user${index}@example.org",` +
    `"amount":${(index * 37 % 9_973) / 100},"note":"${"abcdefghij".slice(index % 10)}"}`,
);
