/**
 * Where a field's token is accepted, and where it is not; and what of a row is
 * left as it is.
 *
 * @module
 */

import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { canonicalBase64Url } from "../../../src/bytes/base64.ts";
import { hkdf } from "../../../src/kdf/hkdf.ts";
import { testEach } from "../../support/backends.ts";
import { decrypted, encrypted, FERNET, through } from "../../support/fields.ts";

const CSV = { format: "csv", fields: ["a", "b"] } as const;
const CSV_ROWS = { ...CSV, rowId: "id" } as const;
const JSONL = { format: "jsonl", fields: ["a", "/o/b"] } as const;
const JSONL_ROWS = { ...JSONL, rowId: "id" } as const;

/** Of CSV the header is line 1, and row 0 is line 2. */
async function assertRefused(text: string, options: FieldsOptions, row: number): Promise<void> {
  const error = await assertRejects(() => decrypted(text, options), InvalidTokenError);
  assertEquals([error.index, error.line], [row, row + (options.format === "csv" ? 2 : 1)]);
  const { index, line, field } = error;
  assert(field !== undefined && options.fields.includes(field), field);
  assertEquals(error.message, new InvalidTokenError({ index, line, field }).message);
}

/** The cells of CSV without quotes. */
function cellsOf(text: string): string[][] {
  return text.trimEnd().split("\n").map((line) => line.split(","));
}

function csvOf(cells: readonly string[][]): string {
  return cells.map((row) => row.join()).join("\n") + "\n";
}

Deno.test("A value moved to another column is refused", async () => {
  const cells = cellsOf(await encrypted("id,a,b\n1,x,x\n2,x,x\n", CSV));
  const [, , [id, a, b]] = cells;
  cells[2] = [id, b, a];
  await assertRefused(csvOf(cells), CSV, 1);
  cells[2] = [id, a, a];
  await assertRefused(csvOf(cells), CSV, 1);
  cells[2] = [id, a, b];
  assertEquals(await decrypted(csvOf(cells), CSV), "id,a,b\n1,x,x\n2,x,x\n");
  cells[0] = ["id", "b", "a"];
  await assertRefused(csvOf(cells), CSV, 0);
});

Deno.test("A value moved to another path is refused", async () => {
  const row = JSON.parse(await encrypted('{"a":1,"o":{"b":1}}', JSONL));
  await assertRefused(JSON.stringify({ a: row.o.b, o: { b: row.a } }), JSONL, 0);
  await assertRefused(JSON.stringify({ a: row.a, o: { b: row.a } }), JSONL, 0);
  const options = { format: "jsonl", fields: ["/o/a"] } as const;
  await assertRefused(JSON.stringify({ o: { a: row.a } }), options, 0);
});

Deno.test("A value moved to another row is refused with rowId, and only then", async () => {
  for (const [options, moved] of [[CSV, true], [CSV_ROWS, false]] as const) {
    const cells = cellsOf(await encrypted("id,a,b\n1,x,y\n2,z,y\n", options));
    [cells[1][1], cells[2][1]] = [cells[2][1], cells[1][1]];
    if (moved) assertEquals(await decrypted(csvOf(cells), options), "id,a,b\n1,z,y\n2,x,y\n");
    else await assertRefused(csvOf(cells), options, 0);
  }
  for (const [options, moved] of [[JSONL, true], [JSONL_ROWS, false]] as const) {
    const text = '{"id":1,"a":1,"o":{"b":1}}\n{"id":"1","a":2,"o":{"b":2}}\n';
    const rows = (await encrypted(text, options)).trimEnd().split("\n").map((row) =>
      JSON.parse(row)
    );
    [rows[0].a, rows[1].a] = [rows[1].a, rows[0].a];
    const swapped = rows.map((row) => JSON.stringify(row)).join("\n");
    if (moved) assert((await decrypted(swapped, options)).startsWith('{"id":1,"a":2'));
    else await assertRefused(swapped, options, 0);
  }
});

Deno.test("With rowId whole rows can be moved, but no id changed", async () => {
  const [header, first, second] = (await encrypted("id,a,b\n1,x,y\n2,z,y\n", CSV_ROWS)).split("\n");
  const text = [header, second, first, ""].join("\n");
  assertEquals(await decrypted(text, CSV_ROWS), "id,a,b\n2,z,y\n1,x,y\n");
  await assertRefused([header, second, first.replace("1,", "3,")].join("\n"), CSV_ROWS, 1);
});

Deno.test("A name and an id are not read as another name and id", async () => {
  const text = await encrypted("a1,id\nx,1\n", { format: "csv", fields: ["a1"], rowId: "id" });
  const options = { format: "csv", fields: ["a"], rowId: "id" } as const;
  await assertRefused(text.replace("a1,", "a,").replace(",1", ",11"), options, 0);
});

Deno.test("With rowId differs from without, and CSV from JSON", async () => {
  const csv = await encrypted("id,a,b\n1,x,y\n", CSV);
  await assertRefused(csv, CSV_ROWS, 0);
  await assertRefused(await encrypted("id,a,b\n1,x,y\n", CSV_ROWS), CSV, 0);

  const options = { format: "csv", fields: ["/a"] } as const;
  const [, token] = (await encrypted("/a\n1\n", options)).split("\n");
  assertEquals(await decrypted(`/a\n${token}`, options), "/a\n1");
  await assertRefused(`{"a":"${token}"}`, { format: "jsonl", fields: ["/a"] }, 0);
});

Deno.test("Tokens of the key itself, of other purposes and of other keys are refused", async () => {
  const options = { format: "csv", fields: ["a"] } as const;
  const key = Uint8Array.from({ length: 32 }, (_, index) => index);
  const fernet = new Fernet(key);
  const derive = async (purpose: string) =>
    new Fernet(await hkdf("auto", key.slice(), new TextEncoder().encode(purpose)));
  const message = Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 1, 97, 1, 120);
  const open = (token: string) => through(`a\n${token}\n`, decryptFields(fernet, options));
  assertEquals(await open((await derive("ironfern/fields/1")).encrypt(message)), "a\nx\n");

  const bad = [
    fernet.encrypt(message),
    fernet.encrypt("x"),
    (await derive("ironfern/fields/2")).encrypt(message),
    (await derive("ironfern/fields/1")).encrypt(message.subarray(0, 9)),
    (await derive("ironfern/fields/1")).encrypt(""),
    (await derive("ironfern/fields/1")).encrypt("x"),
    "x",
    "",
  ];
  for (const token of bad) {
    const error = await assertRejects(() => open(token), InvalidTokenError);
    assertEquals(error.message, new InvalidTokenError({ line: 2, field: "a" }).message);
  }
  // An own key's token is none for `decrypt` either.
  const [, token] = (await through("a\nx", encryptFields(fernet, options))).split("\n");
  await assertRejects(() => fernet.decryptAsync(token), InvalidTokenError);
  await assertRejects(() => decrypted(`a\n${token}`, options), InvalidTokenError);
});

Deno.test("A value that cannot stand in a row is refused", async () => {
  const key = new Uint8Array(32).fill(7);
  const purpose = new TextEncoder().encode("ironfern/fields/1");
  const fields = new Fernet(await hkdf("auto", key.slice(), purpose));
  const seal = (type: number, name: string, value: string) => {
    const head = [0, 0, 0, 4 + name.length, 0, 0, 0, name.length];
    return fields.encrypt(
      Uint8Array.of(
        ...head,
        ...new TextEncoder().encode(name),
        type,
        ...new TextEncoder().encode(value),
      ),
    );
  };
  const csv = decryptFields.bind(null, new Fernet(key), { format: "csv", fields: ["a"] });
  for (const cell of ['"', '"a', '"a"b', 'a"b', "a\nb", "a\r", '"a","b"', '"a"\n']) {
    const text = `a\n${seal(1, "a", cell)}\n`;
    await assertRejects(() => through(text, csv()), InvalidTokenError, 'field "a"');
  }
  assertEquals(await through(`a\n${seal(1, "a", "x,y")}\n`, csv()), 'a\n"x,y"\n');
  const jsonl = decryptFields.bind(null, new Fernet(key), { format: "jsonl", fields: ["a"] });
  for (const value of ["", "[1,\n2]"]) {
    const text = `{"a":"${seal(2, "/a", value)}"}\n`;
    await assertRejects(() => through(text, jsonl()), InvalidTokenError, 'field "a"');
  }
  assertEquals(await through(`{"a":"${seal(2, "/a", "[1]")}"}`, jsonl()), '{"a":[1]}');
});

Deno.test("The index of a bad token is that of its row, over chunks and batches", async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `${index},x,y`);
  const lines = (await encrypted(["id,a,b", ...rows, ""].join("\n"), CSV)).split("\n");
  lines[17_778] = lines[17_778].replace(",gA", ",hA");
  await assertRefused(lines.join("\n"), CSV, 17_777);
  const json = '{"a":1,"o":{"b":1}}\n';
  const good = await encrypted(json, JSONL);
  await assertRefused(`${good}\n${good}${json}`, JSONL, 3);
});

Deno.test("What other tools make of the encrypted rows still decrypts", async () => {
  const csv = 'id,a,b\r\n"7",  x  ,"y ""z"""\r\n';
  const sealed = await encrypted(csv, CSV_ROWS);
  // Other quotes, other line ends, another delimiter, another order of columns.
  const cells = sealed.trimEnd().split("\r\n").map((line) => line.split(","));
  cells[1][0] = "7";
  const moved = cells.map(([id, a, b]) => `"${b}";"${id}";"${a}"`).join("\n");
  const options = { ...CSV_ROWS, fields: ["b", "a"], delimiter: ";" };
  assertEquals(await decrypted(moved, options), '"b";"id";"a"\n"y ""z""";"7";  x  ');

  const json = '{"id":"\\u0041/","a":1.0,"o":{"b":[1, 2]}}';
  const compact = JSON.stringify(JSON.parse(await encrypted(json, JSONL_ROWS)));
  assertEquals(await decrypted(compact, JSONL_ROWS), '{"id":"A/","a":1.0,"o":{"b":[1, 2]}}');
  const escaped = compact.replaceAll("=", "\\u003d").replace('"A/"', '"A\\/"');
  assertEquals(await decrypted(escaped, JSONL_ROWS), '{"id":"A\\/","a":1.0,"o":{"b":[1, 2]}}');
});

Deno.test("A token in an array is none", async () => {
  const options = { format: "jsonl", fields: ["a"] } as const;
  const sealed = await encrypted('{"a":"x"}', options);
  assert(sealed.includes("="));
  for (const text of [sealed, sealed.replaceAll("=", "\\u003d")]) {
    assertEquals(await decrypted(text, options), '{"a":"x"}');
    await assertRefused(text.replace(/"gA.*"/, "[$&]"), options, 0);
  }
});

Deno.test("A cell of another delimiter is put in quotes where it must be", async () => {
  const sealed = await encrypted("id;a;b\n1;1,5;x\n", { ...CSV, delimiter: ";" });
  assertEquals(await decrypted(sealed.replaceAll(";", ","), CSV), 'id,a,b\n1,"1,5",x\n');
});

Deno.test("Some of the fields can be decrypted", async () => {
  const sealed = await encrypted("id,a,b\n1,x,y\n", CSV_ROWS);
  const some = await decrypted(sealed, { ...CSV_ROWS, fields: ["b"] });
  assertEquals(some.split(",").at(-1), "y\n");
  assertEquals(await decrypted(some, { ...CSV_ROWS, fields: ["a"] }), "id,a,b\n1,x,y\n");
});

Deno.test("Fields encrypted twice are decrypted twice", async () => {
  const once = await encrypted("id,a,b\n1,x,y\n", CSV);
  const twice = await encrypted(once, CSV);
  assertNotEquals(await decrypted(twice, CSV), "id,a,b\n1,x,y\n");
  assertEquals(await decrypted(await decrypted(twice, CSV), CSV), "id,a,b\n1,x,y\n");
});

Deno.test("ttl, currentTime and lenient are as for Fernet", async () => {
  const text = "id,a,b\n1,x,y\n";
  const sealed = await encrypted(text, CSV);
  const now = Math.floor(Date.now() / 1_000);
  const open = (text: string, options: object) =>
    through(text, decryptFields(FERNET, { ...CSV, ...options }));
  assertEquals(await open(sealed, { ttl: 60 }), text);
  assertEquals(await open(sealed, { ttl: 60, currentTime: now }), text);
  for (const currentTime of [now + 10_000, now - 10_000]) {
    await assertRejects(() => open(sealed, { ttl: 60, currentTime }), InvalidTokenError);
  }
  const bare = sealed.replaceAll("=", "").replaceAll("-", "+").replaceAll("_", "/");
  assertEquals(canonicalBase64Url(new TextEncoder().encode("-_")).length, 4);
  await assertRejects(() => open(bare, {}), InvalidTokenError);
  assertEquals(await open(bare, { lenient: true }), text);
  const json = (await encrypted('{"a":"x","o":{"b":1}}', JSONL)).replaceAll("=", "");
  const stream = decryptFields(FERNET, { ...JSONL, lenient: true });
  assertEquals(await through(json, stream), '{"a":"x","o":{"b":1}}');
});

testEach("Every backend reads what every other one writes", async (backend) => {
  const key = new Uint8Array(32).fill(1);
  const text = `id,a,b\n1,x,${"y".repeat(70_000)}\n`;
  const sealed = await through(text, encryptFields(new Fernet(key, { backend }), CSV_ROWS));
  assertEquals(await through(sealed, decryptFields(new Fernet(key), CSV_ROWS)), text);
  const ours = await through(text, encryptFields(new Fernet(key), CSV_ROWS));
  assertEquals(await through(ours, decryptFields(new Fernet(key, { backend }), CSV_ROWS)), text);
});
