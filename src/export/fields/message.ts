/**
 * What is inside a field's token, for everyone who has to read or write one.
 *
 * The key: HKDF-SHA256 (RFC 5869) of the 32 bytes of the Fernet key, with no
 * salt, `info` = `"ironfern/fields/1"`, 32 bytes, used as a Fernet key.
 *
 * The message of the token, the context's parts counted as bytes:
 *
 *     message = u32be(length of context) || context || type || value
 *     context = part(name)                  without `rowId`
 *             = part(name) || part(id)      with `rowId`
 *     part(x) = u32be(length of x) || x
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

import type { Batch } from "../../bytes/batch.ts";
import type { Bytes } from "../../bytes/bytes.ts";
import { encodeAscii } from "../../bytes/text.ts";
import { type Fernet, keyedBackendOf } from "../../fernet/fernet.ts";
import type { KeyedBackend } from "../../fernet/key.ts";
import { hkdf } from "../../kdf/hkdf.ts";
import type { RowFormat } from "./rows.ts";

/** Bytes of the longest name or id. */
export const LONGEST_PART = 4_096;
/** Bytes that precede the longest value. */
export const LONGEST_HEAD = 4 + 2 * (4 + LONGEST_PART) + 1;

const PURPOSE = encodeAscii("ironfern/fields/1");

/** A value, and what precedes it in its message. */
export interface FieldMessage {
  /** The context with its length, and the type. */
  readonly head: Uint8Array;
  /** The value. */
  readonly value: Uint8Array;
}

/** Makes what precedes the values of a format's fields. */
export class FieldHeads {
  readonly #names: readonly Bytes[];
  readonly #type: number;
  readonly #heads: readonly Bytes[];

  /** Takes the names and the type from the format. */
  constructor({ names, type }: RowFormat) {
    this.#names = names;
    this.#type = type;
    this.#heads = names.map((name) => fieldHead(type, [name]));
  }

  /** What precedes a value of field `field`, in the row with the id. */
  of(field: number, id: Uint8Array | undefined): Bytes {
    return id ? fieldHead(this.#type, [this.#names[field], id]) : this.#heads[field];
  }
}

function fieldHead(type: number, parts: readonly Uint8Array[]): Bytes {
  const context = parts.reduce((sum, part) => sum + 4 + part.length, 0);
  const out = new Uint8Array(4 + context + 1);
  writeUint32(out, 0, context);
  let at = 4;
  for (const part of parts) {
    writeUint32(out, at, part.length);
    out.set(part, at + 4);
    at += 4 + part.length;
  }
  out[at] = type;
  return out;
}

function writeUint32(out: Uint8Array, at: number, value: number): void {
  for (let byte = 0; byte < 4; byte++) out[at + byte] = value >>> 24 - 8 * byte;
}

/** Puts messages into one batch. */
export function messageBatch(messages: readonly FieldMessage[]): Batch {
  const offsets = new Uint32Array(messages.length + 1);
  messages.forEach((message, index) => offsets[index + 1] = offsets[index] + lengthOf(message));
  const bytes = new Uint8Array(offsets[messages.length]);
  messages.forEach(({ head, value }, index) => {
    bytes.set(head, offsets[index]);
    bytes.set(value, offsets[index] + head.length);
  });
  return { bytes, offsets, lineFeeds: false };
}

/** Bytes of a message. */
export function lengthOf({ head, value }: FieldMessage): number {
  return head.length + value.length;
}

/** The value of the message, if that is what precedes it. */
export function valueAfter(head: Uint8Array, message: Uint8Array): Uint8Array | undefined {
  for (let at = 0; at < head.length; at++) {
    if (message[at] !== head[at]) return undefined;
  }
  return message.subarray(head.length);
}

/** Does work with the key of fields, which is wiped afterwards. */
export async function withFieldKey<T>(
  fernet: Fernet,
  work: (keyed: KeyedBackend) => Promise<T>,
): Promise<T> {
  const { key, backend } = keyedBackendOf(fernet);
  // It may be destroyed meanwhile, and zeros must not become a key.
  const root = key.slice();
  let derived: Bytes | undefined;
  try {
    derived = await hkdf(backend, root, PURPOSE);
    return await work({ key: derived, backend });
  } finally {
    root.fill(0);
    derived?.fill(0);
  }
}
