/**
 * A part of a sealed export's data, without the rest.
 *
 * @module
 */

import { tokenLength } from "../../backends/token.ts";
import { type Batch, LINE_FEED, type Opened, recordView, singleBatch } from "../../bytes/batch.ts";
import { checkInteger, checkOptions, kindOf } from "../../checks.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import { SealedExportError } from "../../errors.ts";
import { ordered } from "../../streams/ordered.ts";
import { withSource } from "../../files/sources.ts";
import { fileKey } from "./file_key.ts";
import {
  BATCH_SLICES,
  FINAL_LINE,
  FIRST_TOKEN_LINE,
  FULL_LINE,
  MAX_HEADER,
  RECORD_HEAD,
  SLICE,
  TYPE,
} from "./format.ts";
import { type ExportHeader, readHeader } from "./header.ts";
import { checkHeader } from "./header_checks.ts";
import { ExportLines } from "./lines.ts";
import {
  type ExportHeaderSettings,
  type ExportWorkSettings,
  openWork,
  READ_OPTIONS,
} from "./options.ts";
import { readFinal, readRecord } from "./records.ts";
import { type ExportSecret, type RootSecret, wipeSecret, wrongSecret } from "./secret.ts";
import { BatchRunner } from "../../streams/batch_runner.ts";

const MAX_LENGTH = 2 ** 28;

/** Options of {@linkcode readExportAt}. */
export type ReadExportAtOptions = ExportSecret & ReadExportAtSettings;

/** Options of {@linkcode readExportAt}, but for the secret. */
export interface ReadExportAtSettings
  extends Omit<ExportWorkSettings, "onProgress">, ExportHeaderSettings {
  /**
   * Whether to refuse an export that has not its final line at its end, even when
   * the part that is read is far from there.
   *
   * @default {false}
   */
  checkEnd?: boolean;
}

/**
 * Reads a part of a sealed export's data: the header, the slices that hold the
 * part, and the final line where the part touches the last slice or what is
 * beyond it. What it reads it authenticates; of the rest it says nothing.
 *
 * Every call with a passphrase derives the key anew.
 *
 * @param blob The export, as a `Blob`; for files `fs.openAsBlob` of Node and Bun,
 * or a `File` in browsers.
 * @param position Where the part begins in the data, in bytes.
 * @param length Bytes of the part, 256 MiB at most.
 * @param options The passphrase or the key, exactly one; the most iterations, the
 * id that is expected, `checkEnd`, a backend, workers and a signal.
 * @returns The part: fewer bytes only where the data ends before.
 * @throws {SealedExportError} If what it reads is not as it was sealed.
 * @throws {TypeError} As `openExport`; if it is no `Blob`.
 * @throws {RangeError} As `openExport`; if the position or the length is out of
 * its bounds.
 *
 * @example Bytes 4 to 7
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { readExportAt, sealExport } from "@ironfern/ironfern/export";
 * import { assertEquals } from "@std/assert";
 *
 * const key = Fernet.generateKey();
 * const rows = new Blob(["one\ntwo\n"]).stream();
 * const sealed = await new Response(rows.pipeThrough(sealExport({ key }))).blob();
 * const part = await readExportAt(sealed, 4, 3, { key });
 * assertEquals(new TextDecoder().decode(part), "two");
 * ```
 */
export async function readExportAt(
  blob: Blob,
  position: number,
  length: number,
  options: ReadExportAtOptions,
): Promise<Bytes> {
  if (!(blob instanceof Blob)) {
    throw new TypeError(
      `Cannot read the export: expected a Blob (of a file, that of fs.openAsBlob), got ${
        kindOf(blob)
      }`,
    );
  }
  checkInteger(position, "position", 0, Number.MAX_SAFE_INTEGER - MAX_LENGTH);
  checkInteger(length, "length", 0, MAX_LENGTH);
  const { checkEnd, ...opening } = checkOptions(options, [...READ_OPTIONS, "checkEnd"]);
  if (checkEnd !== undefined && typeof checkEnd !== "boolean") {
    throw new TypeError(`Cannot use checkEnd: expected a boolean, got ${kindOf(checkEnd)}`);
  }
  const work = openWork(opening);
  const { signal } = work;
  try {
    const header = await withSource(
      blob.slice(0, MAX_HEADER + 1),
      signal,
      async (chunks) => readHeader(await new ExportLines(chunks).header()),
    );
    checkHeader(header, work);
    const layout = layoutOf(blob, header);
    const key = await fileKey(header, work, signal);
    const { backend, workers } = work;
    const runner = new BatchRunner(() => ({ key: key.slice(), backend }), { workers, signal });
    try {
      return await new PartReader(blob, layout, runner, work.secret.kind).read(
        position,
        length,
        checkEnd,
      );
    } finally {
      runner.close();
      key.fill(0);
    }
  } finally {
    wipeSecret(work.secret);
  }
}

/** Where the lines are, if the blob is as long as it was. */
interface Layout {
  /** Where the first token begins. */
  readonly start: number;
  /** Where the final line begins. */
  readonly final: number;
  /** How many slices there are. */
  readonly slices: number;
}

/** The lines of some slices. */
interface SliceBatch {
  /** The index of the first slice. */
  readonly first: number;
  /** The lines. */
  readonly tokens: Batch;
}

function layoutOf(blob: Blob, { line }: ExportHeader): Layout {
  const start = line.length + 1;
  const final = blob.size - FINAL_LINE - 1;
  const slices = Math.ceil((final - start) / (FULL_LINE + 1));
  if (final < start) throw new SealedExportError("truncated", FIRST_TOKEN_LINE);
  return { start, final, slices };
}

/** Reads slices of one blob. */
class PartReader {
  readonly #blob: Blob;
  readonly #layout: Layout;
  readonly #runner: BatchRunner;
  readonly #kind: RootSecret["kind"];
  #time: bigint | undefined;

  constructor(blob: Blob, layout: Layout, runner: BatchRunner, kind: RootSecret["kind"]) {
    this.#blob = blob;
    this.#layout = layout;
    this.#runner = runner;
    this.#kind = kind;
  }

  async read(position: number, length: number, checkEnd = false): Promise<Bytes> {
    const { slices } = this.#layout;
    const first = Math.min(slices, Math.floor(position / SLICE));
    const end = Math.min(slices, Math.ceil((position + length) / SLICE));
    const total = checkEnd || end === slices || !length ? await this.#totalLength() : undefined;
    const available = Math.max(0, Math.min(length, (total ?? Infinity) - position));
    const part = new Uint8Array(available);
    const batches = ordered(
      this.#batches(first, available ? end : first),
      () => this.#runner.inFlight,
      async (batch) => ({ batch, opened: await this.#runner.open(batch.tokens) }),
    );
    try {
      for await (const { batch, opened } of batches) {
        try {
          await this.#copy(batch, opened, part, { position, total });
        } finally {
          opened.plaintexts.bytes.fill(0);
        }
      }
    } catch (error) {
      part.fill(0);
      throw error;
    }
    return part;
  }

  /** Copies what the part has of some slices. */
  async #copy(
    { first, tokens }: SliceBatch,
    { plaintexts, valid, times }: Opened,
    part: Bytes,
    { position, total }: { position: number; total: number | undefined },
  ): Promise<void> {
    for (let index = 0; index < valid.length; index++) {
      const slice = first + index;
      const ended = tokens.bytes[tokens.offsets[index + 1] - 1] === LINE_FEED;
      const plaintext = ended && valid[index] ? recordView(plaintexts, index) : undefined;
      const data = await this.#sliceData(plaintext, times[index], slice, total);
      const from = Math.max(0, position - slice * SLICE);
      const to = position + part.length - slice * SLICE;
      part.set(data.subarray(from, to), slice * SLICE + from - position);
    }
  }

  async *#batches(first: number, end: number): AsyncGenerator<SliceBatch, void> {
    for (let start = first; start < end; start += BATCH_SLICES) {
      yield { first: start, tokens: await this.#lines(start, Math.min(end, start + BATCH_SLICES)) };
    }
  }

  #lineStart(slice: number): number {
    return Math.min(this.#layout.final, this.#layout.start + slice * (FULL_LINE + 1));
  }

  async #lines(first: number, end: number): Promise<Batch> {
    const start = this.#lineStart(first);
    const text = this.#blob.slice(start, this.#lineStart(end));
    const bytes = new Uint8Array(await text.arrayBuffer());
    const offsets = Array.from(
      { length: end - first + 1 },
      (_, index) => this.#lineStart(first + index) - start,
    );
    return { bytes, offsets: Uint32Array.from(offsets), lineFeeds: true };
  }

  async #sliceData(
    plaintext: Bytes | undefined,
    time: bigint,
    slice: number,
    total: number | undefined,
  ): Promise<Bytes> {
    const line = FIRST_TOKEN_LINE + slice;
    const record = plaintext && readRecord(plaintext);
    if (!record) throw await this.#badToken(line);
    if (record.index !== BigInt(slice)) throw new SealedExportError("out-of-order", line);
    this.#checkTime(time, line);
    const expected = slice < this.#layout.slices - 1 ? SLICE : total! - slice * SLICE;
    if (record.type === TYPE.slice && record.data.length === expected) return record.data;
    const reason = `it holds no slice of ${expected} bytes`;
    throw new SealedExportError("bad-token", line, { reason });
  }

  /** Bytes of all the data, by the final line. */
  async #totalLength(): Promise<number> {
    const { final, slices } = this.#layout;
    const line = FIRST_TOKEN_LINE + slices;
    const around = this.#blob.slice(final - 1, this.#blob.size);
    const text = new Uint8Array(await around.arrayBuffer());
    const lineFeeds = text.reduce((count, byte) => count + Number(byte === LINE_FEED), 0);
    if (lineFeeds !== 2 || text[0] !== LINE_FEED || text.at(-1) !== LINE_FEED) {
      throw new SealedExportError("truncated", line, {
        reason: "the final line is not at the end",
      });
    }
    const { plaintexts, valid, times: [time] } = await this.#runner.open(
      singleBatch(text.slice(1, -1)),
    );
    const record = valid[0] ? readRecord(recordView(plaintexts, 0)) : undefined;
    if (!record) throw await this.#badToken(line);
    if (record.index !== BigInt(slices)) throw new SealedExportError("out-of-order", line);
    this.#checkTime(time, line);
    const [told, bytes] = record.type === TYPE.final && readFinal(record) || [];
    if (told === BigInt(slices) && bytes !== undefined) {
      const total = Number(bytes);
      if (Math.ceil(total / SLICE) === slices) return this.#checkedSize(total);
    }
    const reason = "it tells of another amount of data than there is";
    throw new SealedExportError("bad-token", line, { reason });
  }

  /** Checks that there is nothing but the lines of so many bytes. */
  #checkedSize(total: number): number {
    const { start, final, slices } = this.#layout;
    const last = total - (slices - 1) * SLICE;
    const lines = slices ? (slices - 1) * (FULL_LINE + 1) + tokenLength(RECORD_HEAD + last) + 1 : 0;
    if (final - start === lines) return total;
    throw final - start > lines
      ? new SealedExportError("trailing-data", FIRST_TOKEN_LINE + slices + 1)
      : new SealedExportError("truncated", FIRST_TOKEN_LINE + slices - 1);
  }

  /** All tokens of an export have one time: those of two attempts do not mix. */
  #checkTime(time: bigint, line: number): void {
    this.#time ??= time;
    if (time === this.#time) return;
    const reason = "it has another time than the others";
    throw new SealedExportError("bad-token", line, { reason });
  }

  /** The first token tells a bad token from a wrong secret. */
  async #badToken(line: number): Promise<SealedExportError> {
    const { bytes } = this.#layout.slices
      ? await this.#lines(0, 1)
      : { bytes: new Uint8Array(await this.#blob.slice(this.#layout.final).arrayBuffer()) };
    const { plaintexts, valid } = await this.#runner.open(singleBatch(bytes.slice(0, -1)));
    plaintexts.bytes.fill(0);
    return valid[0] ? new SealedExportError("bad-token", line) : wrongSecret(this.#kind);
  }
}
