/**
 * Rows through a stream, with other values in the places of some.
 *
 * @module
 */

import {
  type Batch,
  BATCH_RECORDS,
  batchLength,
  LINE_FEED,
  recordView,
} from "../../bytes/batch.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import { type Fernet, keyedBackendOf } from "../../fernet/fernet.ts";
import type { BatchRunner } from "../../streams/batch_runner.ts";
import type { StreamPair } from "../../streams/pair.ts";
import { rowStream, type RowStreamOptions } from "../../streams/row_stream.ts";
import { fieldKey } from "./message.ts";
import type { Row, RowFormat, RowReader } from "./rows.ts";

/** What went through a stream of fields. */
export interface FieldsResult {
  /** How many rows there were; a header and blank lines are none. */
  readonly rows: number;
  /** How many values of each field there were, by the names that the caller gave. */
  readonly values: Readonly<Record<string, number>>;
}

/** A pair of streams of rows, for `pipeThrough`, and what went through it. */
export interface FieldsStream extends TransformStream<Uint8Array, Bytes> {
  /**
   * Resolved when all of the output is ready, and rejected with what ends the
   * streams before that. It need not be looked at.
   */
  readonly result: Promise<FieldsResult>;
}

/** A value of a field, and where it is from. */
export interface FieldValue {
  /** The row. */
  readonly row: Row;
  /** The position of its field. */
  readonly field: number;
  /** The value as it stands. */
  readonly bytes: Uint8Array;
}

/** Rows that are worked on together. */
export interface Run {
  /** The rows. */
  readonly rows: readonly Row[];
  /** Whether a line feed ends each of them. */
  readonly lineFeeds: boolean;
  /** How many rows there are up to the last one of these. */
  readonly end: number;
}

/** Makes what is written for a run. */
export type FieldWork = (run: Run, runner: BatchRunner) => Promise<Bytes>;

/** What is read. */
export interface FieldsInput {
  /** The format of the rows. */
  readonly format: RowFormat;
  /** Reads the rows. */
  readonly reader: RowReader;
  /** Bytes that a row may have. */
  readonly longest: number;
}

/** Reads rows, and writes them with values replaced. */
export function fieldStream(
  fernet: Fernet,
  { format, reader, longest }: FieldsInput,
  options: RowStreamOptions,
  work: FieldWork,
): FieldsStream {
  const runs = new RunReader(format.fields, reader);
  const pair: StreamPair<FieldsResult> = rowStream(options, keyedBackendOf(fernet).backend, {
    longest,
    keys: () => fieldKey(fernet),
    split: (lines) => runs.split(lines),
    finish: (last) => runs.finish(last),
    write: work,
    written: ({ end }) => end,
    result: () => runs.result(),
  });
  return pair;
}

/** Reads rows in runs, whose values make about a batch each, and counts them. */
class RunReader {
  readonly #fields: readonly string[];
  readonly #reader: RowReader;
  readonly #counts: number[];
  #rows = 0;

  constructor(fields: readonly string[], reader: RowReader) {
    this.#fields = fields;
    this.#reader = reader;
    this.#counts = fields.map(() => 0);
  }

  *split(lines: Batch): Generator<Run> {
    let rows: Row[] = [];
    let values = 0;
    for (let index = 0; index < batchLength(lines); index++) {
      const row = this.#reader.read(recordView(lines, index), true);
      if (!row) continue;
      if (rows.length && values + row.spans.length > BATCH_RECORDS) {
        yield this.#run(rows, true);
        rows = [];
        values = 0;
      }
      rows.push(row);
      values += row.spans.length;
    }
    if (rows.length) yield this.#run(rows, true);
  }

  finish(last: Batch | undefined): Run | undefined {
    const row = last && this.#reader.read(last.bytes, false);
    this.#reader.finish();
    const run = row && this.#run([row], false);
    // Success must not be told where a misspelt name left all of it as it was.
    if (this.#rows && this.#counts.every((count) => !count)) throw this.#noValues();
    return run;
  }

  result(): FieldsResult {
    const values = this.#fields.map((name, field) => [name, this.#counts[field]]);
    return { rows: this.#rows, values: Object.fromEntries(values) };
  }

  #run(rows: readonly Row[], lineFeeds: boolean): Run {
    for (const { blank, spans } of rows) {
      if (!blank) this.#rows++;
      for (const { field } of spans) this.#counts[field]++;
    }
    return { rows, lineFeeds, end: this.#rows };
  }

  #noValues(): TypeError {
    const names = this.#fields.map((name) => JSON.stringify(name)).join(", ");
    return new TypeError(
      `Cannot find ${names} in any row: none of the ${this.#rows} rows has such a field, ` +
        "so look at how it is written",
    );
  }
}

/** The values of a run, in order. */
export function valuesOf({ rows }: Run): FieldValue[] {
  return rows.flatMap((row) =>
    row.spans.map(({ field, start, end }) => ({
      row,
      field,
      bytes: row.bytes.subarray(start, end),
    }))
  );
}

/** The bytes of a run with each of its values replaced. */
export function replaceValues({ rows, lineFeeds }: Run, texts: readonly Uint8Array[]): Bytes {
  let length = texts.reduce((sum, { length }) => sum + length, 0);
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
      write(texts[next++]);
      copied = end;
    }
    write(bytes.subarray(copied));
    if (lineFeeds) out[at++] = LINE_FEED;
  }
  return out;
}
