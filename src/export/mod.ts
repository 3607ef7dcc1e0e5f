/**
 * Exports: rows of any number, encrypted as they stream by.
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

export * from "./decrypt_fields.ts";
export * from "./encrypt_fields.ts";
export type { FieldsOptions } from "./fields_options.ts";
export type { ExportStream } from "../streams/pair.ts";
export * from "./inspect_export.ts";
export * from "./lines.ts";
export type { FilePath } from "../files/node_files.ts";
export * from "./read_export_at.ts";
export { openExport, sealExport } from "./sealed_export.ts";
export * from "./sealed_files.ts";
export type {
  ExpectedExport,
  ExportHeaderSettings,
  ExportKey,
  ExportPassphrase,
  ExportSecret,
  ExportWorkSettings,
  OpenExportOptions,
  OpenExportSettings,
  SealedExportInfo,
  SealExportOptions,
  SealExportSettings,
} from "./sealed_options.ts";
export type { ExportSource } from "../files/sources.ts";
export * from "./verify_export.ts";
