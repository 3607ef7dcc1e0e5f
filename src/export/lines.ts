/**
 * Row streams: each line of the input is one independent Fernet token on a line
 * of the output, and back.
 *
 * @module
 */

import { tokenLength } from "../backends/token.ts";
import { type Batch, batchLength, joinBytes, recordView } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { canonicalBase64Url } from "../bytes/base64.ts";
import { checkOptions, kindOf } from "../checks.ts";
import { InvalidTokenError } from "../errors.ts";
import { Fernet, keyedBackendOf } from "../fernet/fernet.ts";
import { makeHeads, unixTime } from "../fernet/seal.ts";
import { type FernetDecryptOptions, tokenReader } from "../fernet/read_options.ts";
import { release } from "../runtime/memory.ts";
import type { BatchRunner } from "../streams/batch_runner.ts";
import { rowStream } from "../streams/row_stream.ts";

const LONGEST_LINE = 16 << 20;

const LINES_OPTIONS = ["signal", "workers", "onProgress"] as const;
const DECRYPT_OPTIONS = [...LINES_OPTIONS, "ttl", "currentTime", "lenient"] as const;

/** Options of {@linkcode encryptLines}. */
export interface LinesOptions {
  /** Errors the stream with its reason when it is aborted. */
  signal?: AbortSignal;
  /**
   * How many workers may help, from 0 (none) to 64. By default as many as there
   * are processors, once the stream has proved to be long.
   */
  workers?: number;
  /**
   * Called with how many lines are done; how many there are is not known.
   *
   * @param done Lines.
   * @param total Always `undefined`.
   */
  onProgress?: (done: number, total: number | undefined) => void;
}

/** Options of {@linkcode decryptLines}. */
export interface DecryptLinesOptions extends LinesOptions, FernetDecryptOptions {}

/**
 * Encrypts every line of a stream into a Fernet token on a line of its own.
 *
 * Lines end with a line feed, which the last one may lack: the output is alike.
 * A carriage return belongs to the line. The tokens are independent: **lines can
 * be removed, repeated and reordered unseen**, and each token tells its time and
 * its line's length.
 *
 * @param fernet The key.
 * @param options A signal, and progress in lines.
 * @returns A transform of bytes into bytes, for `pipeThrough`. The stream is
 * errored with a `RangeError` by a line of more than 16 MiB, with a `TypeError`
 * by a chunk that is not bytes, and with the signal's reason.
 * @throws {TypeError} If the key is not a `Fernet`, or an option is unknown or of the
 * wrong type.
 * @throws {RangeError} If `workers` is not an integer from 0 to 64.
 * @throws {BackendUnavailableError} If the backend that the key names is not here.
 *
 * @example JSON lines
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const rows = '{"id":1}\n{"id":2}\n';
 * const decrypted = new Blob([rows]).stream()
 *   .pipeThrough(encryptLines(fernet))
 *   .pipeThrough(decryptLines(fernet));
 * assertEquals(await new Response(decrypted).text(), rows);
 * ```
 */
export function encryptLines(
  fernet: Fernet,
  options: LinesOptions = {},
): TransformStream<Uint8Array, Bytes> {
  checkFernet(fernet);
  const checked = checkOptions(options, LINES_OPTIONS);
  return lineStream(fernet, LONGEST_LINE, checked, async (runner, lines) => {
    const now = unixTime();
    const heads = makeHeads(batchLength(lines), () => now);
    try {
      return await runner.seal(lines, heads);
    } finally {
      release(heads);
    }
  });
}

/**
 * Decrypts every line of a stream, each a Fernet token, into a line of its own.
 *
 * @param fernet The key.
 * @param options How old the tokens may be and how strictly they are read; a
 * signal, and progress in lines.
 * @returns A transform of bytes into bytes, for `pipeThrough`. The stream is
 * errored with an `InvalidTokenError` by a bad token, its `line` being the line's
 * number from 1 and its `index` the same from 0; with a `RangeError` by a line that is longer than any
 * token of `encryptLines`; with a `TypeError` by a chunk that is not bytes; and
 * with the signal's reason. Lines before that may have been given out.
 * @throws {TypeError} If the key is not a `Fernet`, or an option is unknown or of the
 * wrong type.
 * @throws {RangeError} If a time is negative or not finite, or `workers` not an
 * integer from 0 to 64.
 *
 * @example Which line is bad
 * ```ts
 * import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
 * import { decryptLines } from "@ironfern/ironfern/export";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const text = `${fernet.encrypt("a")}\nno token\n`;
 * const rows = new Blob([text]).stream().pipeThrough(decryptLines(fernet));
 * const error = await assertRejects(() => new Response(rows).text(), InvalidTokenError);
 * assertEquals(error.line, 2);
 * ```
 */
export function decryptLines(
  fernet: Fernet,
  options: DecryptLinesOptions = {},
): TransformStream<Uint8Array, Bytes> {
  checkFernet(fernet);
  const checked = checkOptions(options, DECRYPT_OPTIONS);
  const { ttl, currentTime, lenient } = checked;
  const { inTime } = tokenReader({ ttl, currentTime, lenient });
  const longest = tokenLength(LONGEST_LINE);
  return lineStream(fernet, longest, checked, async (runner, lines, firstLine) => {
    const batch = lenient ? canonicalLines(lines) : lines;
    const { plaintexts, valid, times } = await runner.open(batch);
    const bad = inTime
      ? valid.findIndex((ok, index) => !ok || !inTime(times[index]))
      : valid.indexOf(0);
    if (bad >= 0) {
      const index = firstLine + bad;
      throw new InvalidTokenError({ index, line: index + 1 });
    }
    return plaintexts;
  });
}

function checkFernet(fernet: Fernet): void {
  if (fernet instanceof Fernet) return;
  throw new TypeError(`Cannot read the key: expected a Fernet, got ${kindOf(fernet)}`);
}

/** What is done with lines, of which the first has that number, from 0. */
type LineWork = (runner: BatchRunner, lines: Batch, firstLine: number) => Promise<Batch>;

function lineStream(
  fernet: Fernet,
  longest: number,
  options: LinesOptions,
  work: LineWork,
): TransformStream<Uint8Array, Bytes> {
  let begun = 0;
  let done = 0;
  const { readable, writable } = rowStream<Batch, void>(options, keyedBackendOf(fernet).backend, {
    longest,
    keys() {
      const { key, backend } = keyedBackendOf(fernet);
      return { key: key.slice(), backend };
    },
    split: (lines) => [lines],
    finish: (last) => last,
    async write(lines, runner) {
      const firstLine = begun;
      begun += batchLength(lines);
      return (await work(runner, lines, firstLine)).bytes;
    },
    written: (lines) => done += batchLength(lines),
    result() {},
  });
  return { readable, writable };
}

function canonicalLines(lines: Batch): Batch {
  const canonical = Array.from(
    { length: batchLength(lines) },
    (_, index) => canonicalBase64Url(recordView(lines, index)),
  );
  return joinBytes(canonical, lines.lineFeeds);
}
