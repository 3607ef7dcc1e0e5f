/**
 * Row streams: each line of the input is one independent Fernet token on a line
 * of the output, and back.
 *
 * @module
 */

import { type Load, pickSync } from "../backends/select/fernet.ts";
import { tokenLength } from "../backends/token.ts";
import { type Batch, BATCH_RECORDS, batchLength, joinBytes, recordView } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { canonicalBase64Url } from "../bytes/base64.ts";
import { kindOf } from "../checks.ts";
import { InvalidTokenError } from "../errors.ts";
import { Fernet, keyedBackendOf } from "../fernet/fernet.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { makeHeads, unixTime } from "../fernet/seal.ts";
import { type FernetDecryptOptions, tokenReader } from "../fernet/read_options.ts";
import { release } from "../runtime/memory.ts";
import { LineSplitter } from "../streams/line_splitter.ts";
import { rowStream } from "../streams/row_stream.ts";
import { type TokenWork, tokenWork } from "../streams/batch_runner.ts";

const LONGEST_LINE = 16 << 20;

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
   * Is told how many lines are done; how many there are is not known.
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
 * @throws {TypeError} If the key is not a `Fernet`, or `workers` not a number.
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
  return lineStream(fernet, LONGEST_LINE, options, async (tokens, lines) => {
    const now = unixTime();
    const heads = makeHeads(batchLength(lines), () => now);
    try {
      return await tokens.seal(lines, heads);
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
 * errored with an `InvalidTokenError` by a bad token, its `index` being the
 * line's number from 0; with a `RangeError` by a line that is longer than any
 * token of `encryptLines`; with a `TypeError` by a chunk that is not bytes; and
 * with the signal's reason. Lines before that may have been given out.
 * @throws {TypeError} If the key is not a `Fernet`, or an option of the wrong type.
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
 * assertEquals(error.index, 1);
 * ```
 */
export function decryptLines(
  fernet: Fernet,
  options: DecryptLinesOptions = {},
): TransformStream<Uint8Array, Bytes> {
  checkFernet(fernet);
  const { inTime } = tokenReader(options);
  const { lenient } = options;
  const longest = tokenLength(LONGEST_LINE);
  return lineStream(fernet, longest, options, async (tokens, lines, firstLine) => {
    const batch = lenient ? canonicalLines(lines) : lines;
    const { plaintexts, valid, times } = await tokens.open(batch);
    const bad = inTime
      ? valid.findIndex((ok, index) => !ok || !inTime(times[index]))
      : valid.indexOf(0);
    if (bad >= 0) throw new InvalidTokenError({ index: firstLine + bad });
    return plaintexts;
  });
}

function checkFernet(fernet: Fernet): void {
  if (fernet instanceof Fernet) return;
  throw new TypeError(`Cannot read the key: expected a Fernet, got ${kindOf(fernet)}`);
}

type LineWork = (tokens: TokenWork, lines: Batch, firstLine: number) => Promise<Batch>;

/** Lines of some hundred bytes, whatever they are. */
const ROWS: Load = { count: BATCH_RECORDS, length: 100 };

function lineFinder({ backend }: KeyedBackend) {
  return backend === "webcrypto" ? undefined : pickSync(backend, ROWS).takeLines;
}

function lineStream(
  fernet: Fernet,
  longest: number,
  { signal, workers, onProgress }: LinesOptions,
  work: LineWork,
): TransformStream<Uint8Array, Bytes> {
  const splitter = new LineSplitter(longest, lineFinder(keyedBackendOf(fernet)));
  const tokens = tokenWork(() => keyedBackendOf(fernet), { workers, signal });
  let begun = 0;
  let done = 0;
  return rowStream<Batch>(signal, {
    split: (chunk) => splitter.push(chunk),
    finish: () => splitter.finish(),
    async write(lines) {
      const firstLine = begun;
      begun += batchLength(lines);
      return (await work(tokens, lines, firstLine)).bytes;
    },
    written: (lines) => onProgress?.(done += batchLength(lines), undefined),
    shared: {
      inFlight: () => tokens.inFlight,
      held: () => splitter.held,
      hold: (chunk, room) => splitter.hold(chunk, room),
      take() {
        const { batches, memory } = splitter.take();
        return { pieces: batches, spent: () => release(memory) };
      },
    },
  });
}

function canonicalLines(lines: Batch): Batch {
  const canonical = Array.from(
    { length: batchLength(lines) },
    (_, index) => canonicalBase64Url(recordView(lines, index)),
  );
  return joinBytes(canonical, lines.lineFeeds);
}
