/**
 * What is wrong with a file for encryption and is told: other dialects of CSV, names
 * that are not there, JSON that is no JSON lines; where it is; and what came of it.
 *
 * @module
 */

import { InvalidTokenError } from "@ironfern/ironfern";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { decrypted, encrypted, FERNET, through } from "../../support/fields.ts";

const CSV = { format: "csv", fields: ["email"] } as const;
const JSONL = { format: "jsonl", fields: ["email"] } as const;

interface Told extends Error {
  readonly line?: number;
  readonly row?: number;
  readonly field?: string;
}

async function refusal(text: string, options: FieldsOptions): Promise<Told> {
  return await assertRejects(() => encrypted(text, options), Error);
}

/** Tab-separated text whose quotes are ordinary: row 1 begins with one, row 4 ends with one. */
const TABS = [
  "id\ttext\temail",
  '1\t"Hello\ta@x.org',
  "2\tall\tb@x.org",
  "3\tyou\tc@x.org",
  '4\tthere"\td@x.org',
  "5\tbye\te@x.org",
  "",
].join("\n");

const SWALLOWED: readonly [name: string, text: string, delimiter: string, line: number][] = [
  ["rows in a file with tabs", TABS, "\t", 2],
  ["rows in a file with commas", TABS.replaceAll("\t", ","), ",", 2],
  ["over a blank line", TABS.replace("\n3", "\r\n\r\n3").replaceAll("\t", ","), ",", 2],
  [
    "the end of one row and the start of the next",
    'id;size;email\n0;x;y\n1;"24 inch;a@x.org\n2;19";b@x.org\n',
    ";",
    3,
  ],
  ["two columns", 'note,email\n"x,a@x.org\ny",b@x.org\n', ",", 2],
  ["a remark among rows", `${TABS.replace("2\tall\tb@x.org", "# a remark")}`, "\t", 2],
];

for (const [name, text, delimiter, line] of SWALLOWED) {
  Deno.test(`A cell in quotes that swallows rows is refused: ${name}`, async () => {
    const options = { ...CSV, delimiter };
    const error = await refusal(text, options);
    assert(error instanceof SyntaxError);
    assertEquals(error.line, line);
    assert(error.message.startsWith(`Cannot read line ${line}: a cell in quotes`), error.message);
    assert(error.message.includes('quote "none" (--quote none)'), error.message);
    assert(error.message.includes("multiline (--multiline)"), error.message);
    assert(!error.message.includes("x.org"));

    // Both ways out.
    const meant = { ...options, multiline: true };
    const sealed = await encrypted(text, meant);
    assert(sealed.includes("a@x.org"));
    assertEquals(await decrypted(sealed, options), text);
    const plain = { ...options, quote: "none" } as const;
    if (text.includes("\r\n\r\n") || text.includes("#")) return;
    const safe = await encrypted(text, plain);
    assert(!safe.includes("x.org"), safe);
    assertEquals(safe.match(/gAAAA/g)?.length, text.trimEnd().split("\n").length - 1);
    assertEquals(await decrypted(safe, plain), text);
  });
}

Deno.test("A header that swallows rows is refused, but not one with names of several lines", async () => {
  const swallowed = 'email,"desc,x\na@x.org,foo",y\nb@x.org,bar,z\n';
  for (const text of [swallowed, swallowed.replaceAll(",", "\t")]) {
    const options = { ...CSV, delimiter: text[5] };
    const error = await refusal(text, options);
    assert(error instanceof SyntaxError);
    assertEquals([error.line, error.row], [1, undefined]);
    assert(error.message.startsWith("Cannot read the header: a cell in quotes holds"));
    const plain = await encrypted(text, { ...options, quote: "none" });
    assert(!plain.includes("x.org"), plain);
    const meant = await encrypted(text, { ...options, multiline: true });
    assertEquals(await decrypted(meant, options), text);
  }
  const named = 'email,"Amount\n(USD)","from, to\r\nor at"\r\na@x.org,foo,y\r\n';
  assertEquals(await decrypted(await encrypted(named, CSV), CSV), named);
});

Deno.test("Cells of several lines need no option where they do not look like rows", async () => {
  const texts = [
    'id,address,email\n1,"12 Main St\nSpringfield, IL 62701",a@x\n',
    'id,note,email\n1,"Dear Sir, or Madam,\n\nthank you, and so on, for all.\nYours,\nA.",a@x\n',
    'id,list,email\n1,"one\ntwo\nthree",a@x\n2,"a, b, c\nd\ne, f",b@x\n',
    '"id\n",email\n1,"a\nb"\n',
    'text,id,email\n"first\nsecond",1,a@x\n"third\r\n\r\nfourth",2,b@x\r\n',
    'id;text;email\n1;"a, b, c\nd, e, f";x\n',
    'email,id\n"a,1\nb,2\nc",3\n', // it is encrypted itself
  ];
  for (const text of texts) {
    const options = { ...CSV, delimiter: text.includes(";") ? ";" : "," };
    assertEquals(await decrypted(await encrypted(text, options), options), text);
  }
});

Deno.test("With quote none a quote is a character as any other", async () => {
  const options: FieldsOptions = { ...CSV, quote: "none", rowId: "id", fields: ['e"mail'] };
  const text = '\u{feff}"id",e"mail,id\r\n1,"x,"7"\r\n\n2,""y""",8\n3,,"\n';
  assertEquals(await decrypted(await encrypted(text, options), options), text);
  // In a file with quotes the value cannot stand, and is refused rather than changed.
  const names = { ...CSV, fields: ["a"], quote: "none" } as const;
  const sealed = await encrypted('a,b\n"x,1\n', names);
  const { quote: _, ...quotes } = names;
  await assertRejects(() => decrypted(sealed, quotes), InvalidTokenError);
  await assertRejects(() => encrypted("a,b\n1,2,3\n", names), SyntaxError, "line 2: it has more");
  await assertRejects(() => encrypted("a,b\n1\rx,2\n", names), SyntaxError, "carriage return");
});

Deno.test("An unbalanced quote is told, with the line where it stands", async () => {
  const error = await refusal('id;size;email\n1;3;a@x\n2;"24 inch;b@x\n3;4;c@x\n', {
    ...CSV,
    delimiter: ";",
  });
  assertEquals([error.line, error.row], [3, 1]);
  assert(error.message.startsWith("Cannot read line 3: a quote in it is not closed"));
  assert(error.message.includes('quote "none" (--quote none)'));
});

Deno.test("A column that is not there lists those that are, escaped and bounded", async () => {
  const told = async (header: string, delimiter?: string) => {
    const error = await refusal(`${header}\n`, { ...CSV, ...delimiter && { delimiter } });
    assertEquals([error.line, error.row, error.field], [1, undefined, "email"]);
    return error.message.replace('Cannot read the header: it has no column "email"', "");
  };
  assertEquals(await told("id,mail"), '; it has "id", "mail"');
  assertEquals(await told("id,email "), ', but "email ": spaces around a name are part of it');
  for (const delimiter of [";", "\t", "|"]) {
    const shown = JSON.stringify(delimiter);
    const header = ["id", "email"].join(delimiter);
    assertEquals(await told(header), `; the delimiter ${shown} would split it, so choose that one`);
  }
  assertEquals(
    await told("id,email", ";"),
    '; the delimiter "," would split it, so choose that one',
  );
  const odd = await told("\x1b[31mred,\u202egnp,a\x9b,b");
  assertEquals(odd, '; it has "\\u001b[31mred", "\\u202egnp", "a\\u009b", "b"');
  const many = await told(Array.from({ length: 25 }, (_, index) => `c${index}`).join());
  assert(many.endsWith('"c9" and 15 more') && !many.includes("c10"), many);
  assert((await told("x".repeat(10_000))).length < 100);
});

Deno.test("JSON that is pretty-printed, an array, or has NaN is told apart", async () => {
  const told = async (text: string) => (await refusal(text, JSONL)).message;
  const value = { email: "a@x", n: 1 };
  const line = "Cannot read line 1: it is not JSON by itself, but part of a value on several lines";
  assert((await told(JSON.stringify(value, null, 2))).startsWith(line));
  const array = JSON.stringify([value, value], null, 2);
  assert((await told(array)).includes("line 1: it is not JSON, but part of an array"));
  const inLines = `[\n${[value, value].map((each) => JSON.stringify(each)).join(",\n")}\n]\n`;
  assert((await told(inLines)).includes("part of an array"));
  assert((await told(JSON.stringify([value]))).includes('no "email"; it is an array'));
  for (const bad of ['{"email":"a","x":NaN}', '{"email":"a","x":[1,-Infinity]}', "NaN"]) {
    assert((await told(bad)).includes("it has NaN or Infinity"), bad);
  }
  assertEquals(await told('{"email":"NaN",}'), "Cannot read line 1: it is not JSON");
});

Deno.test("Errors of rows tell line, row and field, in the text and as properties", async () => {
  const csv = 'id,a,email\n1,"x\ny",a\n\n2,"z\r\n",b,c\n';
  const cells = await refusal(csv, CSV);
  assertEquals([cells.line, cells.row, cells.field], [6, 2, undefined]);
  assert(cells.message.startsWith("Cannot read line 6: "), cells.message);
  const jsonl = await refusal('{"email":1}\n\n{"mail":1}\n', JSONL);
  assertEquals([jsonl.line, jsonl.row, jsonl.field], [3, 2, "email"]);
  assertEquals(jsonl.message, 'Cannot read line 3: it has no "email"');
  const id = await refusal('{"email":1,"id":{}}\n', { ...JSONL, rowId: "/id" });
  assertEquals([id.line, id.row, id.field], [1, 0, "/id"]);

  const sealed = await encrypted('id,note,email\n1,"x\ny",a\n2,z,b\n', CSV);
  const changed = sealed.replace(/(2,z,g)A/, "$1B");
  const bad = await assertRejects(() => decrypted(changed, CSV), InvalidTokenError);
  assertEquals([bad.index, bad.line, bad.field], [1, 4, "email"]);
  assertEquals(
    bad.message,
    'Cannot open the token in line 4, field "email": it is not valid under this key',
  );
});

Deno.test("A field that is in no row is a failure, where nothing else was found", async () => {
  const options: FieldsOptions = { format: "jsonl", fields: ["emial"], optional: ["emial"] };
  const rows = '{"email":"a@x"}\n\n{"email":"b@x"}\n';
  for (const stream of [encryptFields, decryptFields]) {
    const error = await assertRejects(() => through(rows, stream(FERNET, options)), TypeError);
    assert(error.message.startsWith('Cannot find "emial" in any row: none of the 2 rows'));
    assertEquals(await through("\n \n", stream(FERNET, options)), "\n \n");
  }
  const some: FieldsOptions = { ...options, fields: ["emial", "email"] };
  assertEquals(await decrypted(await encrypted(rows, some), some), rows);
  assertEquals(await encrypted("email\n", CSV), "email\n");
});

Deno.test("A row that cannot have the optional fields is refused, not left as it is", async () => {
  const options: FieldsOptions = { ...JSONL, optional: ["email"] };
  for (const row of ['[{"email":"a@x"}]', '"{\\"email\\":\\"a@x\\"}"', "7", "true"]) {
    const error = await refusal(`{"email":1}\n ${row}\n`, options);
    assert(error instanceof TypeError);
    assertEquals([error.line, error.row], [2, 1]);
    assert(error.message.startsWith("Cannot read line 2: it is not an object"), error.message);
  }
  for (const rows of ['{"email":1}\n{}\nnull\n{"mail":2}\n', "null\n{}\n[]\n[7,8]\n"]) {
    const fields = rows.includes("[") ? ["/0"] : ["email"];
    const each: FieldsOptions = { ...JSONL, fields, optional: fields };
    assertEquals(await decrypted(await encrypted(rows, each), each), rows);
  }
});

Deno.test("The result counts rows, and values of each field by its name", async () => {
  const options: FieldsOptions = { format: "jsonl", fields: ["/a", "b"], optional: ["/a"] };
  const stream = encryptFields(FERNET, options);
  const sealed = await through('{"b":1}\n\n{"a":1,"b":null}\n{"b":2}', stream);
  const expected = { rows: 3, values: { "/a": 1, b: 3 } };
  assertEquals(await stream.result, expected);
  const back = decryptFields(FERNET, options);
  await through(sealed, back);
  assertEquals(await back.result, expected);
  const csv = encryptFields(FERNET, { ...CSV, workers: 2 });
  await through(`id,email\n${"1,x\n".repeat(20_000)}\n`, csv);
  assertEquals(await csv.result, { rows: 20_000, values: { email: 20_000 } });
  const failed = encryptFields(FERNET, CSV);
  await assertRejects(() => through("id\n", failed), TypeError);
  await assertRejects(() => failed.result, TypeError, "no column");
});

Deno.test("Options that are not known are refused with the one that is meant", () => {
  // deno-lint-ignore no-explicit-any
  const wrong = (options: unknown): any => options;
  for (const stream of [encryptFields, decryptFields]) {
    const misspelt = wrong({ ...CSV, rowid: "id" });
    assertThrows(() => stream(FERNET, misspelt), TypeError, "did you mean rowId?");
    const inherited = wrong(Object.create({ ...CSV }));
    assertThrows(() => stream(FERNET, inherited), TypeError, "Cannot use the options");
    for (const options of [{ quote: "single" }, { multiline: 1 }, { workers: "2" }]) {
      const [name] = Object.keys(options);
      assertThrows(() => stream(FERNET, wrong({ ...CSV, ...options })), TypeError, name);
    }
    for (const options of [{ quote: "none" }, { multiline: true }]) {
      const [name] = Object.keys(options);
      const jsonl = wrong({ ...JSONL, ...options });
      assertThrows(() => stream(FERNET, jsonl), TypeError, `Cannot use ${name} with JSON lines`);
    }
  }
});

Deno.test("Fields on workers are those of the calling thread", async () => {
  const options = { format: "csv", fields: ["b", "c"], rowId: "a" } as const;
  const rows = Array.from({ length: 30_000 }, (_, row) => `${row},text ${row},"a ""b"""\n`);
  const text = `a,b,c\n${rows.join("")}`;
  const sealed = await through(text, encryptFields(FERNET, { ...options, workers: 2 }));
  assertEquals(await through(sealed, decryptFields(FERNET, { ...options, workers: 0 })), text);
  assertEquals(await through(sealed, decryptFields(FERNET, { ...options, workers: 3 })), text);
  const lines = sealed.split("\n");
  lines[25_001] = lines[25_001].replace("gAAAA", "gAAAB");
  const changed = through(lines.join("\n"), decryptFields(FERNET, { ...options, workers: 2 }));
  const error = await assertRejects(() => changed, InvalidTokenError);
  assertEquals([error.index, error.line, error.field], [25_000, 25_002, "b"]);
});
