/**
 * CSV files and JSON lines: encrypted, decrypted, and changed in between.
 *
 * @module
 */

import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { hkdfSync } from "node:crypto";
import { throughCut } from "../../../support/fields.ts";
import { readVectors } from "../../../support/vectors.ts";
import { cuts, editedText } from "../edits.ts";
import { target } from "../run.ts";

const fernet = new Fernet(new Uint8Array(32), { backend: "wasm" });
/** What opens a token of a field, by the description of the format. */
const fieldFernet = new Fernet(
  new Uint8Array(hkdfSync("sha256", new Uint8Array(32), "", "ironfern/fields/1", 32)),
  { backend: "node" },
);
/** Errors of an input that is not what it should be. */
const REFUSALS = [SyntaxError, TypeError, RangeError, InvalidTokenError];

type Rows = [text: string, lengths: number[]];

/** The name, the id and the value that a token holds. */
function heldBy(token: string): [name: string, id: string, value: string] {
  const message = Buffer.from(fieldFernet.decrypt(token));
  const parts: string[] = [];
  for (let at = 4; at < 4 + message.readUInt32BE();) {
    const end = at + 4 + message.readUInt32BE(at);
    parts.push(message.toString("utf8", at + 4, end));
    at = end;
  }
  assertEquals(parts.length, 2);
  const [name, id] = parts;
  return [name, id, message.toString("utf8", 5 + message.readUInt32BE())];
}

interface FieldsCase {
  readonly kind: string;
  readonly rows: { readonly text: string };
}

function corpus(kind: string): string[] {
  const { good } = readVectors<FieldsCase, { text: string }>("fields");
  return good.filter(({ input }) => input.kind === kind && input.rows.text.length < 999)
    .map(({ output }) => output.text);
}

/** What comes out of a stream, or undefined where it refuses the input. */
async function sent(
  text: string,
  lengths: readonly number[],
  stream: TransformStream<Uint8Array, Uint8Array>,
): Promise<string | undefined> {
  try {
    const bytes = await throughCut(stream, new TextEncoder().encode(text), lengths);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  } catch (error) {
    // Its line is told, so that it is no fault of the program's own.
    assert(REFUSALS.some((kind) => error instanceof kind), String(error));
    assert(Number((error as InvalidTokenError).line) >= 1, String(error));
    return undefined;
  }
}

/** Encrypts in one cut and decrypts in another one; both are as with no cuts at all. */
async function roundTrip(
  [text, lengths]: Rows,
  options: FieldsOptions,
): Promise<string | undefined> {
  const whole = [1_000_000];
  const encrypted = await sent(text, lengths, encryptFields(fernet, options));
  const again = await sent(text, whole, encryptFields(fernet, options));
  assertEquals(encrypted === undefined, again === undefined, "the cuts decide");
  if (encrypted === undefined) return undefined;
  const decrypted = await sent(encrypted, lengths, decryptFields(fernet, options));
  assertEquals(decrypted, text);
  return encrypted;
}

/** What decrypts after a change holds no value that was not there, in no other row. */
async function tampered(
  encrypted: string,
  place: number,
  options: FieldsOptions,
  values: (text: string) => Map<unknown, unknown>,
  before: Map<unknown, unknown>,
): Promise<void> {
  const tokens = [...encrypted.matchAll(/gAAAA[\w-]+=*/g)];
  if (!tokens.length) return;
  const [first, second] = [tokens[place % tokens.length], tokens[(place >> 4) % tokens.length]];
  const changed = encrypted.slice(0, first.index) + second[0] +
    encrypted.slice(first.index + first[0].length);
  const opened = await sent(changed, [1_000_000], decryptFields(fernet, options));
  if (opened === undefined) return;
  for (const [id, value] of values(opened)) assertEquals(value, before.get(id), "a value moved");
}

const CSV = { format: "csv", fields: ["a"], rowId: "id", multiline: true } as const;
const cell = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: fc.constantFrom(..."ab 1é🔑"), maxLength: 4 }) },
  {
    weight: 2,
    arbitrary: fc.string({ unit: fc.constantFrom(...'ab",;\n\r'), maxLength: 9 })
      .map((text) => `"${text.replaceAll('"', '""')}"`),
  },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'"\r,x'), maxLength: 3 }) },
);
const end = fc.constantFrom("\n", "\n", "\r\n");
const id = fc.oneof(fc.nat(9), cell);
const record = fc.tuple(id, cell, cell, end)
  .map(([id, a, b, end]) => `${id},${a},${b}${end}`);
const csvText = fc.tuple(fc.constantFrom("", "\ufeff"), end, fc.array(record, { maxLength: 4 }))
  .map(([mark, end, records]) => `${mark}id,a,b${end}${records.join("")}`);

/** The id and the field of each row, wherever an edit of the header has put them. */
function csvRows(text: string): string[][] {
  const [header = [], ...rows]: string[][] = parse(text.replace(/^\ufeff/, ""), {
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    skip_empty_lines: true,
  });
  return rows.map((row) => [row[header.indexOf("id")], row[header.indexOf("a")]]);
}

function csvValues(text: string): Map<unknown, unknown> {
  return new Map(csvRows(text).map(([id, a]) => [id, a]));
}

/** CSV. */
export const csvTarget = target<[Rows, number]>({
  name: "csv",
  input: fc.tuple(
    fc.tuple(
      editedText(fc.oneof(csvText, fc.constantFrom(...corpus("csv"))), 'a",;\n\r\0é', 2),
      cuts,
    ),
    fc.nat(),
  ),
  batch: 20,
  async check(inputs) {
    await Promise.all(inputs.map(async ([rows, place]) => {
      const encrypted = await roundTrip(rows, CSV);
      if (encrypted === undefined) return;
      // Another reader finds the same cells, and each token is of its place.
      const [text] = rows;
      const before = csvValues(text);
      const after = csvRows(encrypted);
      for (const [at, [id, cell]] of csvRows(text).entries()) {
        const [sealedId, token] = after[at];
        const [name, heldId, value] = heldBy(token);
        const bare = value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value;
        assertEquals([sealedId, name, heldId, bare], [id, "a", id, cell]);
      }
      if (csvRows(text).length !== before.size) return;
      await tampered(encrypted, place, CSV, csvValues, before);
    }));
  },
});

const JSONL = { format: "jsonl", fields: ["/a", "/o/b~1c"], rowId: "/id" } as const;
const space = fc.constantFrom("", "", "", " ", "\t", "\r");
const value = fc.oneof(
  fc.json({ depthSize: "small" }),
  fc.constantFrom("1e400", "-0.0", '"\\ud800"', '{"a":1,"a":2}', "[[]]", '"\\u0061"', "1.50"),
);
/** Names that are, or are nearly, that of a field. */
const nearly = fc.constantFrom("x", "x", "ab", "a\\u0062", "\\u0061b", "A", "", "\\u0041", "a");
const line = fc.tuple(fc.nat(9), value, value, space, space, fc.boolean(), nearly)
  .map(([id, a, b, s, t, escaped, other]) => {
    const name = escaped ? "\\u0061" : "a";
    return `${s}{"${other}":[0]${t},"id":${id}${t},${t}"${name}"${s}:${t}${a}${s},"o":{"x":[{}],"b/c":${b}}${t}}${s}\n`;
  });
const jsonlText = fc.array(line, { maxLength: 4 }).map((lines) => lines.join(""));

/** The fields of each row by its id, as text, so that -0 and 1e400 are told apart. */
function jsonlValues(text: string): Map<unknown, unknown> {
  const rows = text.replace(/^\ufeff/, "").split("\n").filter((line) => line.trim());
  return new Map(rows.map((line) => {
    const row = JSON.parse(line);
    return [row.id, [JSON.stringify(row.a), JSON.stringify(row.o["b/c"])]];
  }));
}

/** JSON lines. */
export const jsonlTarget = target<[Rows, number]>({
  name: "jsonl",
  input: fc.tuple(
    fc.tuple(
      editedText(
        fc.oneof(jsonlText, fc.constantFrom(...corpus("jsonl"))),
        'a{}[]":,\\u061 \n\r\0é',
        2,
      ),
      cuts,
    ),
    fc.nat(),
  ),
  batch: 20,
  async check(inputs) {
    await Promise.all(inputs.map(async ([rows, place]) => {
      const encrypted = await roundTrip(rows, JSONL);
      if (encrypted === undefined) return;
      const before = jsonlValues(rows[0]);
      const after = jsonlValues(encrypted);
      assertEquals([...after.keys()], [...before.keys()]);
      for (const [id, tokens] of after) {
        const held = (tokens as string[]).map((token) => heldBy(JSON.parse(token)));
        assertEquals(held.map(([name]) => name), JSONL.fields.slice());
        for (const [, heldId] of held) assertEquals(JSON.parse(heldId), id);
        // As text, so that -0 and 1e400 are told apart.
        const values = held.map(([, , value]) => JSON.stringify(JSON.parse(value)));
        assertEquals(values, before.get(id));
      }
      if (rows[0].split("\n").filter((line) => line.trim()).length !== before.size) return;
      await tampered(encrypted, place, JSONL, jsonlValues, before);
    }));
  },
});
