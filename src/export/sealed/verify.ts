/**
 * Checks a sealed export without keeping its data.
 *
 * @module
 */

import { type ExportSource, withSource } from "../../files/sources.ts";
import { type OpenExportOptions, openWork, type SealedExportInfo } from "./options.ts";
import { openByPosition, openingPlan } from "./open_by_position.ts";
import { openBytes } from "./reader.ts";
import { wipeSecret } from "./secret.ts";

/**
 * Opens a sealed export to its end, and drops the data: it says whether the
 * export is whole and as it was sealed.
 *
 * @param source A blob, a stream of bytes (which is read to its end, or
 * cancelled), or a file's path or URL.
 * @param options The passphrase or the key, exactly one; the most iterations,
 * the id that is expected, a backend, workers, a signal, and progress in bytes of
 * the export.
 * @returns The export's id, slices and bytes, all authenticated.
 * @throws {SealedExportError} If the export is not as it was sealed.
 * @throws {TypeError} As `openExport`, and if it is no such source; for paths
 * where the runtime has no files.
 * @throws {RangeError} As `openExport`.
 * @throws {Error} If the system refuses to read the file.
 *
 * @example Check an upload
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { sealExport, verifyExport } from "@ironfern/ironfern/export";
 * import { assertEquals } from "@std/assert";
 *
 * const key = Fernet.generateKey();
 * const rows = new Blob(["one\ntwo\n"]).stream();
 * const upload = await new Response(rows.pipeThrough(sealExport({ key }))).blob();
 * const { slices, bytes } = await verifyExport(upload, { key });
 * assertEquals([slices, bytes], [1, 8]);
 * ```
 */
export async function verifyExport(
  source: ExportSource,
  options: OpenExportOptions,
): Promise<SealedExportInfo> {
  const work = openWork(options);
  const { signal } = work;
  try {
    return await withSource(source, signal, async (chunks, total, file) => {
      const plan = file && await openingPlan(file, work);
      if (plan) return await openByPosition(file, undefined, plan, { ...work, total });
      const opened = openBytes(chunks, { ...work, total }, signal);
      for (;;) {
        const { done, value } = await opened.next();
        if (done) return value;
        value.fill(0);
      }
    });
  } finally {
    wipeSecret(work.secret);
  }
}
