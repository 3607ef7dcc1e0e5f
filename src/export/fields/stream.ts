/**
 * Rows through a stream, with other values in the places of some.
 *
 * @module
 */

import {
  type Batch,
  BATCH_BYTES,
  BATCH_RECORDS,
  batchLength,
  LINE_FEED,
  recordView,
} from "../../bytes/batch.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import type { Row, RowReader } from "./rows.ts";
import { LineSplitter } from "../../streams/line_splitter.ts";
import { rowStream } from "../../streams/row_stream.ts";

/** A value of a field, and where it is from. */
export interface FieldValue {
  /** The number of its row. */
  readonly row: number;
  /** The position of its field. */
  readonly field: number;
  /** The id of its row as its context has it. */
  readonly id: Uint8Array | undefined;
  /** The value as it stands. */
  readonly bytes: Uint8Array;
}

/** What replaces each of the values. */
export type FieldWork = (values: readonly FieldValue[]) => Promise<readonly Uint8Array[]>;

/** What a stream of rows is told of, and tells. */
export interface FieldStreamOptions {
  /** Errors the stream with its reason when it is aborted. */
  readonly signal?: AbortSignal;
  /** Is told the rows done. */
  readonly onProgress?: (done: number, total: number | undefined) => void;
}

/** Rows that are worked on together. */
interface Run {
  readonly rows: readonly Row[];
  /** Whether a line feed ends each of them. */
  readonly lineFeeds: boolean;
}

/** Reads rows of so many bytes at most, and writes them with values replaced. */
export function fieldStream(
  reader: RowReader,
  longest: number,
  { signal, onProgress }: FieldStreamOptions,
  work: FieldWork,
): TransformStream<Uint8Array, Bytes> {
  const splitter = new LineSplitter(longest);
  return rowStream<Run>(signal, {
    split: (chunk) => runs(reader, linesOf(splitter.push(chunk))),
    finish() {
      const last = splitter.finish();
      const row = last && reader.read(last.bytes, false);
      reader.finish();
      return row && { rows: [row], lineFeeds: false };
    },
    async write({ rows, lineFeeds }) {
      const values = rows.flatMap(valuesOf);
      const replacements = values.length ? await work(values) : [];
      return withReplacements(rows, replacements, lineFeeds);
    },
    written: ({ rows }) => onProgress?.(rows[rows.length - 1].number + 1, undefined),
  });
}

function* linesOf(batches: Iterable<Batch>): Generator<Bytes> {
  for (const batch of batches) {
    for (let index = 0; index < batchLength(batch); index++) yield recordView(batch, index);
  }
}

/** Rows in runs of about a batch. */
function* runs(reader: RowReader, lines: Iterable<Uint8Array>): Generator<Run> {
  let run: Row[] = [];
  let values = 0;
  let bytes = 0;
  for (const line of lines) {
    const row = reader.read(line, true);
    if (!row) continue;
    const length = row.bytes.length;
    const full = values + row.spans.length > BATCH_RECORDS || bytes + length > BATCH_BYTES ||
      run.length === BATCH_RECORDS;
    if (run.length && full) {
      yield { rows: run, lineFeeds: true };
      run = [];
      values = 0;
      bytes = 0;
    }
    run.push(row);
    values += row.spans.length;
    bytes += length;
  }
  if (run.length) yield { rows: run, lineFeeds: true };
}

function valuesOf({ number, bytes, spans, id }: Row): FieldValue[] {
  return spans.map(({ field, start, end }) => ({
    row: number,
    field,
    id,
    bytes: bytes.subarray(start, end),
  }));
}

function withReplacements(
  rows: readonly Row[],
  replacements: readonly Uint8Array[],
  lineFeeds: boolean,
): Bytes {
  let length = replacements.reduce((sum, { length }) => sum + length, 0);
  for (const { bytes, spans } of rows) {
    length += bytes.length + (lineFeeds ? 1 : 0);
    for (const { start, end } of spans) length -= end - start;
  }
  const out = new Uint8Array(length);
  let at = 0;
  const write = (bytes: Uint8Array) => {
    out.set(bytes, at);
    at += bytes.length;
  };
  let next = 0;
  for (const { bytes, spans } of rows) {
    let copied = 0;
    for (const { start, end } of spans) {
      write(bytes.subarray(copied, start));
      write(replacements[next++]);
      copied = end;
    }
    write(bytes.subarray(copied));
    if (lineFeeds) out[at++] = LINE_FEED;
  }
  return out;
}
