/**
 * Encrypts some values of every row.
 *
 * @module
 */

import { batchRanges, recordView } from "../../bytes/batch.ts";
import { checkOptions } from "../../checks.ts";
import type { Fernet } from "../../fernet/fernet.ts";
import { makeHeads, unixTime } from "../../fernet/seal.ts";
import { messageBatch, messageLength } from "../../message.ts";
import { FieldHeads } from "./message.ts";
import { checkFields, FIELDS_OPTIONS, type FieldsOptions } from "./options.ts";
import { LONGEST_ROW } from "./rows.ts";
import { type FieldsStream, fieldStream, replaceValues, valuesOf } from "./stream.ts";

/**
 * Encrypts columns of a CSV file, or values in JSON lines, and leaves all else
 * as it is, byte for byte.
 *
 * Each value becomes a Fernet token of its own, under a key derived from this
 * one for this purpose: `fernet.decrypt` does not open it, `decryptFields` does.
 * A value in another column is refused there, and with `rowId` one in another
 * row too, if no two rows have the same id. **Without `rowId` values can be
 * exchanged between rows unseen, and rows can always be removed and repeated.**
 * Each token tells its time and its value's length, and which optional values
 * are absent is seen.
 *
 * CSV is that of RFC 4180, with line feeds or carriage returns and line feeds; with
 * `quote: "none"` quotes are characters as any other. Its empty lines, and the blank
 * ones of JSON lines, stay as they are.
 *
 * Types come back: numbers of any precision, `null`, arrays and objects are
 * encrypted as they stand. So are empty cells and `null`. A field that is not
 * there is an error, so that a misspelt name leaves nothing unencrypted; so is the
 * end of an input in whose rows none of the fields was. Encrypted fields can be
 * encrypted again, and must then be decrypted twice.
 *
 * @param fernet The key.
 * @param options The format and the fields; what binds values to rows; workers, a
 * signal, and progress in rows.
 * @returns A pair of streams of bytes, for `pipeThrough`, and how many values of
 * each field there were. The streams are errored with a `SyntaxError` by a row that
 * is malformed, in which a field is ambiguous, or in which a quote seems to swallow
 * other rows; with a `TypeError` by one that lacks a field or is not UTF-8, by a
 * chunk that is not bytes, and where no row has any of the fields; with a
 * `RangeError` by a row of more than 16 MiB or an id of more than 4,096 bytes; and
 * with the signal's reason. Errors of rows tell where in their message, and as
 * properties: see {@linkcode InputPosition}.
 * @throws {TypeError} If the key is not a `Fernet`, or the options are unknown, of
 * the wrong kind, or contradict each other.
 * @throws {RangeError} If a name of a field is longer than 4,096 bytes, or `workers`
 * not an integer from 0 to 64.
 *
 * @example Columns of a CSV file
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { decryptFields, encryptFields } from "@ironfern/ironfern/export";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const csv = 'id,name,card\n1,"Ada ""A.""",4111\n2,Bob,\n';
 * const options = { format: "csv", fields: ["name", "card"], rowId: "id" } as const;
 *
 * const rows = new Blob([csv]).stream().pipeThrough(encryptFields(fernet, options));
 * const encrypted = await new Response(rows).text();
 * assert(encrypted.startsWith("id,name,card\n1,gAAAA"));
 *
 * const back = new Blob([encrypted]).stream().pipeThrough(decryptFields(fernet, options));
 * assertEquals(await new Response(back).text(), csv);
 * ```
 *
 * @example Paths in JSON lines
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { decryptFields, encryptFields } from "@ironfern/ironfern/export";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const rows = '{"id": 1, "user": {"email": "a@example.org"}, "balance": 1.0}\n';
 * const fields = ["/user/email", "balance"];
 * const encrypted = new Blob([rows]).stream()
 *   .pipeThrough(encryptFields(fernet, { format: "jsonl", fields }));
 * const [forStorage, forCheck] = encrypted.tee();
 * assert(!(await new Response(forStorage).text()).includes("example.org"));
 *
 * const back = forCheck.pipeThrough(decryptFields(fernet, { format: "jsonl", fields }));
 * assertEquals(await new Response(back).text(), rows);
 * ```
 */
export function encryptFields(fernet: Fernet, options: FieldsOptions): FieldsStream {
  const { format, ...run } = checkFields(fernet, checkOptions(options, FIELDS_OPTIONS));
  const heads = new FieldHeads(format);
  const input = { format, reader: format.reader(LONGEST_ROW, false), longest: LONGEST_ROW };
  return fieldStream(fernet, input, run, async (rows, runner) => {
    const messages = valuesOf(rows).map(({ row: { id }, field, bytes }) => ({
      head: heads.of(field, id),
      value: bytes,
    }));
    const time = unixTime();
    const texts: Uint8Array[] = [];
    const ranges = batchRanges(messages.length, (index) => messageLength(messages[index]));
    for (const [start, end] of ranges) {
      const batch = messageBatch(messages.slice(start, end));
      const tokens = await runner.seal(batch, makeHeads(end - start, () => time))
        .finally(() => batch.bytes.fill(0));
      for (let index = 0; index < end - start; index++) {
        texts.push(format.writeToken(recordView(tokens, index)));
      }
    }
    return replaceValues(rows, texts);
  });
}
