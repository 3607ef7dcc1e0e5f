/**
 * Single values of fields, read and written by the short Python program of the
 * documentation, tests/support/field_values.py.
 *
 * @module
 */

import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { parse } from "csv-parse/sync";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { through } from "../../support/fields.ts";
import { testWithPython } from "../../support/python.ts";
import { run } from "../../support/tools.ts";

const key = Fernet.generateKey();
const fernet = new Fernet(key);

const CELLS = ["4111", "", " x ", 'a "b", c\r\nd', '"', '"quoted"', "Zoë ✓"];
const VALUES = ["text", "", 'a "b"\n', 1.5, -7, null, true, [1, { "x": "é✓" }]];
const CSV: FieldsOptions = { format: "csv", fields: ['na"me'], rowId: "größe" };
const JSONL: FieldsOptions = { format: "jsonl", fields: ["/o/b~1c"], rowId: "/id" };

async function call(
  python: string,
  name: string,
  calls: readonly Record<string, unknown>[],
): Promise<unknown[]> {
  const stdin = JSON.stringify({ call: name, calls });
  const script = "tests/support/field_values.py";
  const { success, stdout, stderr } = await run(python, [script], { stdin });
  assert(success, stderr);
  return JSON.parse(stdout);
}

function csvText(cells: readonly string[]): string {
  const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const rows = cells.map((cell, row) => `${row},${quote(cell)}\n`);
  return `größe,"na""me"\n${rows.join("")}`;
}

function jsonText(values: readonly unknown[]): string {
  return values.map((value, id) => `${JSON.stringify({ id, o: { "b/c": value } })}\n`).join("");
}

function csvCells(text: string): string[] {
  return parse(text).slice(1).map(([, cell]: string[]) => cell);
}

function jsonValues(text: string): unknown[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line).o["b/c"]);
}

testWithPython("read_cell gives our cells without their quotes", async (python) => {
  const sealed = csvCells(await through(csvText(CELLS), encryptFields(fernet, CSV)));
  const calls = sealed.map((token, row) => ({ key, token, column: 'na"me', row_id: `${row}` }));
  assertEquals(await call(python, "read_cell", calls), CELLS);
  // Another row, another column, and no row at all are refused.
  const wrong = [
    { ...calls[0], row_id: "1" },
    { ...calls[0], column: "name" },
    { key, token: sealed[0], column: 'na"me' },
    { ...calls[0], token: sealed[0].slice(0, -4) },
  ];
  assertEquals(await call(python, "read_cell", wrong), wrong.map(() => null));
  // A cell that stood without quotes.
  const plain = csvCells(await through('größe,"na""me"\n7,bare\n', encryptFields(fernet, CSV)));
  const bare = { key, token: plain[0], column: 'na"me', row_id: "7" };
  assertEquals(await call(python, "read_cell", [bare]), ["bare"]);
});

testWithPython("write_cell writes cells that we read", async (python) => {
  const calls = CELLS.map((cell, row) => ({ key, cell, column: 'na"me', row_id: `${row}` }));
  const tokens = await call(python, "write_cell", calls) as string[];
  const opened = await through(csvText(tokens), decryptFields(fernet, CSV));
  assertEquals(csvCells(opened), CELLS);
  const moved = csvText([tokens[1], tokens[0], ...tokens.slice(2)]);
  await assertRejects(() => through(moved, decryptFields(fernet, CSV)), InvalidTokenError);
});

testWithPython("read_json gives our values", async (python) => {
  const sealed = jsonValues(await through(jsonText(VALUES), encryptFields(fernet, JSONL)));
  const calls = sealed.map((token, id) => ({ key, token, pointer: "/o/b~1c", row_id: `${id}` }));
  assertEquals(await call(python, "read_json", calls), VALUES);
  assertEquals(await call(python, "read_json", [{ ...calls[0], row_id: '"0"' }]), [null]);
});

testWithPython("write_json writes values that we read", async (python) => {
  const calls = VALUES.map((value, id) => ({ key, value, pointer: "/o/b~1c", row_id: `${id}` }));
  const tokens = await call(python, "write_json", calls);
  const opened = await through(jsonText(tokens), decryptFields(fernet, JSONL));
  assertEquals(jsonValues(opened), VALUES);
});
