/**
 * Sealed exports as streams.
 *
 * @module
 */

import type { Bytes } from "../../bytes/bytes.ts";
import { streamPair } from "../../streams/pair.ts";
import {
  type OpenExportOptions,
  openWork,
  type SealedExportInfo,
  type SealExportOptions,
  sealWork,
} from "./options.ts";
import { openBytes } from "./reader.ts";
import { wipeSecret } from "./secret.ts";
import { sealBytes } from "./writer.ts";

/** A pair of streams, for `pipeThrough`, and what was sealed or opened. */
export interface ExportStream {
  /** The output. */
  readonly readable: ReadableStream<Bytes>;
  /** The input. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Resolved when all of the output is ready, and rejected with what ends the
   * streams before that. It need not be looked at.
   */
  readonly result: Promise<SealedExportInfo>;
}

/**
 * Seals a stream of any length into a sealed export: a text file of Fernet
 * tokens that cannot be cut, reordered, spliced or patched unseen.
 *
 * The length of the data can be read by anybody. Whoever can seal can open.
 * Memory stays at a few MiB, and a slow consumer stops the reading. A file that
 * the output goes to is whole when `result` is resolved and the file closed;
 * `sealFile` takes care of that.
 *
 * @param options The passphrase or the key, exactly one; iterations, a backend,
 * workers, a signal, and progress in bytes of the data.
 * @returns A pair of streams of bytes for `pipeThrough`, and the export's id,
 * slices and bytes when all is sealed. The streams are errored with a
 * `TypeError` by a chunk that is not bytes, and with the signal's reason.
 * @throws {TypeError} If there is not exactly one secret, it is empty, or an
 * option is of the wrong type.
 * @throws {RangeError} If the iterations are not an integer from 100,000 to
 * 10,000,000, the workers not one from 0 to 64, or the key has not 32 bytes.
 *
 * @example Seal and open
 * ```ts
 * import { openExport, sealExport } from "@ironfern/ironfern/export";
 * import { assertEquals } from "@std/assert";
 *
 * const passphrase = "correct horse battery staple";
 * const sealing = sealExport({ passphrase, iterations: 100_000 });
 * const sealed = await new Response(
 *   new Blob(["one\ntwo\n"]).stream().pipeThrough(sealing),
 * ).text();
 * const { id } = await sealing.result; // names this export for good
 *
 * const opening = openExport({ passphrase, expect: { id } });
 * const opened = new Blob([sealed]).stream().pipeThrough(opening);
 * assertEquals(await new Response(opened).text(), "one\ntwo\n");
 * assertEquals(await opening.result, { id, slices: 1, bytes: 8 });
 * ```
 */
export function sealExport(options: SealExportOptions): ExportStream {
  const work = sealWork(options);
  return streamPair(
    (source, signal) => sealBytes(source, work, signal),
    () => wipeSecret(work.secret),
    work.signal,
  );
}

/**
 * Opens a sealed export. It gives out data that is authenticated, slice by
 * slice: **before the clean end of the stream that is a prefix**, and more may
 * be missing. Keep nothing of it when the stream is errored; `openFile` keeps
 * nothing.
 *
 * @param options The passphrase or the key, exactly one; the most iterations,
 * the id that is expected, a backend, workers, a signal, and progress in bytes of
 * the export.
 * @returns A pair of streams of bytes for `pipeThrough`, and the export's id,
 * slices and bytes when its final line was opened. The streams are errored with a
 * `SealedExportError` by an export that is not as it was sealed, with a
 * `TypeError` by a chunk that is not bytes, and with the signal's reason.
 * @throws {TypeError} If there is not exactly one secret, it is empty, or an
 * option is of the wrong type.
 * @throws {RangeError} If `maxIterations` is not an integer from 100,000 to
 * 2^32-1, the workers not one from 0 to 64, or the key has not 32 bytes.
 *
 * @example A file that was patched
 * ```ts
 * import { Fernet, SealedExportError } from "@ironfern/ironfern";
 * import { openExport, sealExport } from "@ironfern/ironfern/export";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const key = Fernet.generateKey();
 * const rows = new Blob(["one\ntwo\n"]).stream();
 * const sealed = await new Response(rows.pipeThrough(sealExport({ key }))).text();
 * const patched = new Blob([sealed, "gAAAAA\n"]).stream().pipeThrough(openExport({ key }));
 * const error = await assertRejects(() => new Response(patched).text(), SealedExportError);
 * assertEquals(error.code, "trailing-data");
 * ```
 */
export function openExport(options: OpenExportOptions): ExportStream {
  const work = openWork(options);
  return streamPair(
    (source, signal) => openBytes(source, work, signal),
    () => wipeSecret(work.secret),
    work.signal,
  );
}
