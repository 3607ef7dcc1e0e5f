/**
 * Decrypts the values that `encryptFields` encrypted.
 *
 * @module
 */

import { tokenLength } from "../../backends/token.ts";
import { canonicalBase64Url } from "../../bytes/base64.ts";
import { batchRanges, joinBytes, recordView } from "../../bytes/batch.ts";
import { checkOptions } from "../../checks.ts";
import { InvalidTokenError } from "../../errors.ts";
import type { Fernet } from "../../fernet/fernet.ts";
import { type FernetDecryptOptions, tokenReader } from "../../fernet/read_options.ts";
import { valueAfter } from "../../message.ts";
import { FieldHeads, LONGEST_HEAD } from "./message.ts";
import { checkFields, FIELDS_OPTIONS, type FieldsOptions } from "./options.ts";
import { LONGEST_ROW } from "./rows.ts";
import { type FieldsStream, fieldStream, replaceValues, valuesOf } from "./stream.ts";

/** Options of {@linkcode decryptFields}. */
export interface DecryptFieldsOptions extends FieldsOptions, FernetDecryptOptions {}

const DECRYPT_OPTIONS = [...FIELDS_OPTIONS, "ttl", "currentTime", "lenient"] as const;

/**
 * Decrypts what `encryptFields` encrypted, into the bytes that it was given.
 *
 * `format`, `quote` and `rowId` must be those of the encryption, and a field must
 * have its name; fewer fields, another order, and another delimiter will do.
 *
 * @param fernet The key.
 * @param options The format and the fields; how old the tokens may be and how
 * strictly they are read; workers, a signal, and progress in rows.
 * @returns A pair of streams of bytes, for `pipeThrough`, and how many values of
 * each field there were. The streams are errored with an `InvalidTokenError` where
 * a field holds no token, a bad one, or one of another field or (with `rowId`) row:
 * which of these is not told. Its `line` and `field` say where; its `index` is the
 * number of the row from 0, a CSV file's header not counted. The other errors are
 * those of `encryptFields`. Rows before that may have been given out.
 * @throws {TypeError} If the key is not a `Fernet`, or the options are unknown, of
 * the wrong kind, or contradict each other.
 * @throws {RangeError} If a name of a field is longer than 4,096 bytes, a time
 * negative or not finite, or `workers` not an integer from 0 to 64.
 *
 * @example A value that was moved to another row
 * ```ts
 * import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
 * import { decryptFields, encryptFields } from "@ironfern/ironfern/export";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const options = { format: "csv", fields: ["salary"], rowId: "id" } as const;
 * const text = (csv: string, stream: TransformStream<Uint8Array, Uint8Array>) =>
 *   new Response(new Blob([csv]).stream().pipeThrough(stream)).text();
 *
 * const csv = await text("id,salary\n1,100\n2,900\n", encryptFields(fernet, options));
 * const [header, first, second] = csv.split("\n");
 * const raised = [header, first, first.replace("1,", "2,"), ""].join("\n");
 * const error = await assertRejects(
 *   () => text(raised, decryptFields(fernet, options)),
 *   InvalidTokenError,
 * );
 * assertEquals([error.line, error.field], [3, "salary"]);
 * assertEquals(second.length, first.length);
 * ```
 */
export function decryptFields(fernet: Fernet, options: DecryptFieldsOptions): FieldsStream {
  const checked = checkOptions(options, DECRYPT_OPTIONS);
  const { format, ...run } = checkFields(fernet, checked);
  const { ttl, currentTime, lenient } = checked;
  const { inTime } = tokenReader({ ttl, currentTime, lenient });
  const heads = new FieldHeads(format);
  const longest = tokenLength(LONGEST_ROW) + format.names.length * tokenLength(LONGEST_HEAD);
  const reader = format.reader(longest, true);
  return fieldStream(fernet, { format, reader, longest }, run, async (rows, runner) => {
    const values = valuesOf(rows);
    const tokens = values.map(({ bytes }) => {
      const token = format.readToken(bytes);
      return lenient ? canonicalBase64Url(token) : token;
    });
    const texts: Uint8Array[] = [];
    const secrets: Uint8Array[] = [];
    try {
      for (const [start, end] of batchRanges(tokens.length, (index) => tokens[index].length)) {
        const { plaintexts, valid, times } = await runner.open(joinBytes(tokens.slice(start, end)));
        secrets.push(plaintexts.bytes);
        for (let index = 0; index < end - start; index++) {
          const { row, field } = values[start + index];
          const value = valid[index] && (inTime?.(times[index]) ?? true)
            ? valueAfter(heads.of(field, row.id), recordView(plaintexts, index))
            : undefined;
          const text = value && format.writeValue(value);
          if (!text) {
            const { number, line } = row;
            throw new InvalidTokenError({ index: number, line, field: format.fields[field] });
          }
          texts.push(text);
          if (text !== value) secrets.push(text);
        }
      }
      return replaceValues(rows, texts);
    } finally {
      for (const bytes of secrets) bytes.fill(0);
    }
  });
}
