/**
 * What is inside a field's token, for everyone who has to read or write one.
 *
 * The key: HKDF-SHA256 (RFC 5869) of the 32 bytes of the Fernet key, with no
 * salt, `info` = `"ironfern/fields/1"`, 32 bytes, used as a Fernet key.
 *
 * The token holds a message as `src/message.ts` frames it. Its context has one part,
 * the field's name; with `rowId` a second one, the row's id.
 *
 * |       | CSV                                          | JSONL                                       |
 * | ----- | -------------------------------------------- | ------------------------------------------- |
 * | type  | one byte, 1                                  | one byte, 2                                 |
 * | value | the cell as it stands, its quotes included   | the value's JSON text as it stands          |
 * | name  | the column's name in the header, unquoted    | the value's JSON Pointer (RFC 6901)         |
 * | id    | the cell of the column `rowId`, unquoted     | the JSON text of the value of `rowId`: a number as it stands, a string as RFC 8785 writes it |
 * | place | the token is the cell                        | the token is a JSON string                  |
 *
 * All text is UTF-8. The value is raw so that it comes back byte for byte, and a
 * JSON value with its type. The id is not: a tool that writes `"7"` for `7` in a
 * CSV file, or `"\u0041"` for `"A"` in JSON, has not changed the row.
 *
 * @module
 */

import type { Bytes } from "../../bytes/bytes.ts";
import { encodeAscii } from "../../bytes/text.ts";
import { type Fernet, keyedBackendOf } from "../../fernet/fernet.ts";
import type { KeyedBackend } from "../../fernet/key.ts";
import { hkdf } from "../../kdf/hkdf.ts";
import { messageHead } from "../../message.ts";
import type { RowFormat } from "./rows.ts";

/** Bytes of the longest name or id. */
export const LONGEST_PART = 4_096;
/** Bytes that precede the longest value. */
export const LONGEST_HEAD = 4 + 2 * (4 + LONGEST_PART) + 1;

const PURPOSE = encodeAscii("ironfern/fields/1");

/** Makes what precedes the values of a format's fields. */
export class FieldHeads {
  readonly #names: readonly Bytes[];
  readonly #type: number;
  readonly #heads: readonly Bytes[];

  /** Takes the names and the type from the format. */
  constructor({ names, type }: RowFormat) {
    this.#names = names;
    this.#type = type;
    this.#heads = names.map((name) => messageHead([name], type));
  }

  /** What precedes a value of field `field`, in the row with the id. */
  of(field: number, id: Uint8Array | undefined): Bytes {
    return id ? messageHead([this.#names[field], id], this.#type) : this.#heads[field];
  }
}

/** The key of fields, which is the caller's to wipe. */
export async function fieldKey(fernet: Fernet): Promise<KeyedBackend> {
  const { key, backend } = keyedBackendOf(fernet);
  // The key may be destroyed meanwhile, and zeros must not become a key.
  const root = key.slice();
  try {
    return { key: await hkdf(backend, root, PURPOSE), backend };
  } finally {
    root.fill(0);
  }
}
