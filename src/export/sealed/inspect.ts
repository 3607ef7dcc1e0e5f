/**
 * What a sealed export says of itself.
 *
 * @module
 */

import { decodeBase64Url } from "../../bytes/base64.ts";
import { checkOptions, checkSignal } from "../../checks.ts";
import { type ExportSource, withSource } from "../../files/sources.ts";
import { type ExportKdf, type KeyKdf, type PassphraseKdf, readHeader } from "./header.ts";
import { ExportLines } from "./lines.ts";

export type { ExportKdf, KeyKdf, PassphraseKdf };

/** Options of {@linkcode inspectExport}. */
export interface InspectExportOptions {
  /** Stops the call: it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What a sealed export says of itself; nobody has checked it. */
export interface ExportInspection {
  /** Nothing here is authenticated: {@linkcode verifyExport} does that. */
  verified: false;
  /** The version of the format. */
  version: 1;
  /** 16 bytes as 22 characters of base64url. */
  id: string;
  /** Whether it wants a passphrase, with how many iterations, or a key. */
  kdf: ExportKdf;
  /** When it was sealed, in Unix seconds, if that can be read. */
  time: number | undefined;
  /** Bytes of the export, if the source tells. */
  size: number | undefined;
}

/** Characters of a token that hold its version and its time. */
const TOKEN_START = 12;
const TOKEN_VERSION = 0x80;

/**
 * Reads what a sealed export says of itself, without a passphrase or key:
 * **nothing of it is verified**.
 *
 * @param source A blob, a stream of bytes (which is cancelled), or a file's path
 * or URL.
 * @param options A signal.
 * @returns The id, how the key is made, and the time.
 * @throws {SealedExportError} If the first line is no header: `bad-header`,
 * `line-too-long` or `truncated`.
 * @throws {TypeError} If it is no such source, or an option is unknown or of the
 * wrong type; for paths where the runtime has no files.
 * @throws {Error} If the system refuses to read the file.
 *
 * @example How many iterations does it take?
 * ```ts
 * import { inspectExport, sealExport } from "@ironfern/ironfern/export";
 * import { assertEquals } from "@std/assert";
 *
 * const sealing = sealExport({ passphrase: "correct horse", iterations: 100_000 });
 * const rows = new Blob(["one\ntwo\n"]).stream();
 * const sealed = await new Response(rows.pipeThrough(sealing)).blob();
 * const { kdf, verified } = await inspectExport(sealed);
 * assertEquals(kdf.name === "key" ? 0 : kdf.iterations, 100_000);
 * assertEquals(verified, false);
 * ```
 */
export async function inspectExport(
  source: ExportSource,
  options?: InspectExportOptions,
): Promise<ExportInspection> {
  const { signal = new AbortController().signal } = checkOptions(options, ["signal"]);
  checkSignal(signal);
  return await withSource(source, signal, async (chunks, size) => {
    const lines = new ExportLines(chunks);
    const { id, kdf } = readHeader(await lines.header());
    const time = timeOfToken(await lines.peek(TOKEN_START));
    return { verified: false, version: 1, id, kdf, time, size };
  });
}

function timeOfToken(start: Uint8Array): number | undefined {
  const raw = start.length < TOKEN_START ? undefined : decodeBase64Url(start);
  if (raw?.[0] !== TOKEN_VERSION) return undefined;
  const time = Number(new DataView(raw.buffer).getBigUint64(1));
  return Number.isSafeInteger(time) ? time : undefined;
}
