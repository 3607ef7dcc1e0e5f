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
export * from "./lines.ts";
