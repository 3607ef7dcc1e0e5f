/**
 * Encrypts exports of any size as they stream by, in constant memory:
 *
 * - `encryptLines` and `decryptLines`: every line, each a token of its own;
 * - `encryptFields` and `decryptFields`: columns of CSV, values in JSON lines;
 * - `sealExport`, `openExport`, `sealFile`, `openFile` and what goes with them: a
 *   whole file, so that nobody can cut, reorder or patch it unseen.
 *
 * @example Encrypt the rows of a file
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { encryptLines } from "@ironfern/ironfern/export";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const rows = new Blob(['{"id":1}\n{"id":2}\n']).stream();
 * const text = await new Response(rows.pipeThrough(encryptLines(fernet))).text();
 * assertEquals(text.split("\n").length, 3);
 * ```
 *
 * @module
 */

export * from "./fields/decrypt.ts";
export * from "./fields/encrypt.ts";
export type { FieldsOptions } from "./fields/options.ts";
export type { FieldsResult, FieldsStream } from "./fields/stream.ts";
export type { ExportStream } from "./sealed/streams.ts";
export * from "./sealed/inspect.ts";
export * from "./lines.ts";
export type { FilePath } from "../files/node_files.ts";
export * from "./sealed/read_at.ts";
export { openExport, sealExport } from "./sealed/streams.ts";
export * from "./sealed/files.ts";
export type {
  ExpectedExport,
  ExportHeaderSettings,
  ExportWorkSettings,
  OpenExportOptions,
  OpenExportSettings,
  SealedExportInfo,
  SealExportOptions,
  SealExportSettings,
} from "./sealed/options.ts";
export type { ExportKey, ExportPassphrase, ExportSecret } from "./sealed/secret.ts";
export type { ExportSource } from "../files/sources.ts";
export * from "./sealed/verify.ts";
