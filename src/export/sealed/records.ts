/**
 * What the tokens of a sealed export hold, checked in their order.
 *
 * @module
 */

import { type Opened, recordView } from "../../bytes/batch.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import { SealedExportError, type SealedExportErrorCode } from "../../errors.ts";
import { FINAL_DATA, FIRST_TOKEN_LINE, RECORD_HEAD, SLICE, TYPE } from "./format.ts";
import { type RootSecret, wrongSecret } from "./secret.ts";

/** A record, after its token was authenticated. */
export interface ExportRecord {
  /** Its index, the slice's number. */
  readonly index: bigint;
  /** Its type. */
  readonly type: number;
  /** What it holds. */
  readonly data: Bytes;
}

/** Data in order, up to the first bad line if there is one. */
export interface ReadRecords {
  /** The data. */
  readonly chunks: readonly Bytes[];
  /** What is wrong with the first bad line. */
  readonly failure?: SealedExportError;
}

/** Full slices at the start of an export, all of them checked. */
export interface CheckedSlices {
  /** How many there are. */
  readonly slices: number;
  /** The time of their tokens, if there are any. */
  readonly time?: bigint;
}

/** Reads a record's plaintext; one that is too short is `undefined`. */
export function readRecord(plaintext: Bytes): ExportRecord | undefined {
  if (plaintext.length < RECORD_HEAD) return undefined;
  const view = new DataView(plaintext.buffer, plaintext.byteOffset);
  return {
    index: view.getBigUint64(0),
    type: view.getUint8(8),
    data: plaintext.subarray(RECORD_HEAD),
  };
}

/** The numbers of slices and of input bytes in a final record. */
export function readFinal({ data }: ExportRecord): [slices: bigint, bytes: bigint] | undefined {
  if (data.length !== FINAL_DATA) return undefined;
  const view = new DataView(data.buffer, data.byteOffset);
  return [view.getBigUint64(0), view.getBigUint64(8)];
}

/** Checks records one after the other. */
export class RecordChecker {
  readonly #kind: RootSecret["kind"];
  #slices: number;
  #bytes: number;
  #time: bigint | undefined;
  /** A slice that is not full: only the final record may follow it. */
  #short: Bytes | undefined;
  #ended = false;

  /**
   * Begins with the first record, or goes on after full slices that were checked.
   *
   * @param kind That of the secret, for the error of a wrong one.
   */
  constructor(kind: RootSecret["kind"], { slices, time }: CheckedSlices = { slices: 0 }) {
    this.#kind = kind;
    this.#slices = slices;
    this.#bytes = slices * SLICE;
    this.#time = time;
  }

  /** Slices so far. */
  get slices(): number {
    return this.#slices;
  }

  /** Bytes of the data so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the final record was seen. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Checks opened tokens. The data takes the place of the records, and what else
   * was opened is wiped.
   *
   * @param opened The tokens.
   * @param firstLine The number of the first one's line.
   */
  read({ plaintexts, valid, times }: Opened, firstLine: number): ReadRecords {
    const { bytes } = plaintexts;
    let length = 0;
    let last: Bytes | undefined;
    let failure: SealedExportError | undefined;
    for (let index = 0; index < valid.length; index++) {
      const plaintext = valid[index] ? recordView(plaintexts, index) : undefined;
      const record = plaintext && readRecord(plaintext);
      failure = this.#checkPlace(plaintext, firstLine + index) ??
        this.#check(record, times[index], firstLine + index);
      if (failure || !record) break;
      if (this.#ended) {
        last = this.#short;
        this.#short = undefined;
      } else if (!this.#short) {
        bytes.set(record.data, length);
        length += record.data.length;
      }
    }
    bytes.fill(0, length);
    const chunks = [bytes.subarray(0, length), ...last ? [last] : []];
    return { chunks: chunks.filter(({ length }) => length), failure };
  }

  /** Wipes a slice that waits for what may follow it. */
  wipe(): void {
    this.#short?.fill(0);
  }

  #checkPlace(plaintext: Bytes | undefined, line: number): SealedExportError | undefined {
    if (this.#ended) return new SealedExportError("trailing-data", line);
    if (plaintext) return undefined;
    return line === FIRST_TOKEN_LINE
      ? wrongSecret(this.#kind)
      : new SealedExportError("bad-token", line);
  }

  #check(
    record: ExportRecord | undefined,
    time: bigint,
    line: number,
  ): SealedExportError | undefined {
    const refuse = (code: SealedExportErrorCode, reason?: string) =>
      new SealedExportError(code, line, { reason });
    if (!record) return refuse("bad-token", "it holds no record");
    if (record.index !== BigInt(this.#slices)) return refuse("out-of-order");
    this.#time ??= time;
    if (time !== this.#time) return refuse("bad-token", "it has another time than the others");
    return record.type === TYPE.final
      ? this.#checkFinal(record, refuse)
      : this.#checkSlice(record, line, refuse);
  }

  #checkFinal(
    record: ExportRecord,
    refuse: (code: SealedExportErrorCode, reason: string) => SealedExportError,
  ): SealedExportError | undefined {
    const [slices, bytes] = readFinal(record) ?? [];
    if (slices !== BigInt(this.#slices) || bytes !== BigInt(this.#bytes)) {
      return refuse("bad-token", "it tells of another amount of data than there is");
    }
    this.#ended = true;
  }

  #checkSlice(
    { type, data }: ExportRecord,
    line: number,
    refuse: (code: SealedExportErrorCode, reason: string) => SealedExportError,
  ): SealedExportError | undefined {
    if (type !== TYPE.slice) return refuse("bad-token", `it holds a record of type ${type}`);
    if (this.#short) {
      const reason =
        `it holds ${this.#short.length} bytes and is not the last slice, expected ${SLICE}`;
      return new SealedExportError("bad-token", line - 1, { reason });
    }
    if (!data.length || data.length > SLICE) {
      return refuse("bad-token", `it holds ${data.length} bytes, expected 1 to ${SLICE}`);
    }
    if (data.length < SLICE) this.#short = data.slice();
    this.#slices++;
    this.#bytes += data.length;
  }
}
