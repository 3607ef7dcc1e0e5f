/**
 * Which rows are read, what stays of them as it is, and how the others are
 * refused: by their number, and without what is in them.
 *
 * @module
 */

import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { decrypted, encrypted, FERNET, through, throughCut } from "../../support/fields.ts";

type ErrorClass = typeof TypeError | typeof RangeError | typeof SyntaxError;

const CSV = { format: "csv", fields: ["b"] } as const;
const JSONL = { format: "jsonl", fields: ["b"] } as const;

/** What is in a row, so that no message may have it. */
const TELLTALE = "hunter2";

async function assertComesBack(text: string, options: FieldsOptions): Promise<string> {
  const sealed = await encrypted(text, options);
  assertEquals(await decrypted(sealed, options), text);
  return sealed;
}

function testRefused(
  name: string,
  rows: readonly [text: string | Uint8Array, FieldsOptions, ErrorClass, message: string][],
): void {
  Deno.test(`${name}: ${rows.length} errors`, async () => {
    for (const [text, options, type, message] of rows) {
      // The same for both directions, as rows are read before tokens are.
      for (const stream of [encryptFields, decryptFields]) {
        const error = await assertRejects(() => through(text, stream(FERNET, options)), type);
        assertEquals(error.message, message);
        assertEquals(error.constructor, type);
        assert(!`${error.message} ${error.cause}`.includes(TELLTALE), error.message);
      }
    }
  });
}

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 + 2 * text.length));
  view.setUint16(0, 0xfeff, littleEndian);
  for (let at = 0; at < text.length; at++) {
    view.setUint16(2 + 2 * at, text.charCodeAt(at), littleEndian);
  }
  return new Uint8Array(view.buffer);
}

Deno.test("CSV: line ends, marks, quotes, delimiters and empty cells stay", async () => {
  const texts = [
    "",
    "a,b",
    "a,b\n",
    "a,b\r\n",
    "\u{feff}a,b\r\n1,2\r\n",
    '\u{feff}"a","b"\r\n"1","2"\n3,4',
    'b\n\n""\n \n',
    'a,b\n1,""\n"",\n,\n',
    'a,b\n"x ""y""\r\n,z","1\n\n2""\r\n"\r\n1,2\r\n\r\n\r\n',
    "b,\n1,\n",
    "a,b,,a,a\n1,2,3,4,5\n",
  ];
  for (const text of texts) {
    await assertComesBack(text, CSV);
    for (const delimiter of [";", "\t", "|", " ", "\x1f"]) {
      const options = { ...CSV, delimiter };
      const other = text.replaceAll(" ", ".").replaceAll(",", delimiter);
      await assertComesBack(other, options);
    }
  }
});

Deno.test("CSV: every chunk's end comes at every byte", async () => {
  const text = '\u{feff}a,"b"\r\n"1 ""x""\r\n","é🔑\n"\r\n,2\r\n\r\n3,';
  const input = new TextEncoder().encode(text);
  const sealed = new TextEncoder().encode(await encrypted(text, CSV));
  for (let cut = 1; cut <= input.length; cut++) {
    const lengths = [cut, input.length];
    const back = through(
      await throughCut(encryptFields(FERNET, CSV), input, lengths),
      decryptFields(FERNET, CSV),
    );
    assertEquals(await back, text);
  }
  for (let cut = 1; cut <= sealed.length; cut++) {
    const back = await throughCut(decryptFields(FERNET, CSV), sealed, [cut, sealed.length]);
    assertEquals(new TextDecoder("utf-8", { ignoreBOM: true }).decode(back), text);
  }
});

Deno.test("CSV: only the cells of the columns change", async () => {
  const sealed = await encrypted('"a",b\n"1",2\r\n"3\n",""\n', CSV);
  assert(/^"a",b\n"1",gAAAA[\w-]+=*\r\n"3\n",gAAAA[\w-]+=*\n$/.test(sealed), sealed);
  const odd = { format: "csv", fields: ["__proto__", "", "constructor"] } as const;
  await assertComesBack("__proto__,,constructor\n1,2,3\n", odd);
});

testRefused("CSV that is malformed", [
  [
    "a,c\n1,hunter2\n",
    CSV,
    TypeError,
    'Cannot read the header: it has no column "b"; it has "a", "c"',
  ],
  ["a,B\n1,2\n", CSV, TypeError, 'Cannot read the header: it has no column "b"; it has "a", "B"'],
  [
    "a, b\n1,2\n",
    CSV,
    TypeError,
    'Cannot read the header: it has no column "b", but " b": spaces around a name are part of it',
  ],
  ["\nb\n", CSV, TypeError, 'Cannot read the header: it has no column "b"; it has ""'],
  [
    "a;b\n",
    CSV,
    TypeError,
    'Cannot read the header: it has no column "b"; the delimiter ";" would split it, so choose that one',
  ],
  ["b,a,b\n1,2,3\n", CSV, SyntaxError, 'Cannot read the header: it has several columns "b"'],
  [
    "b\n",
    { ...CSV, rowId: "id" },
    TypeError,
    'Cannot read the header: it has no column "id"; it has "b"',
  ],
  [
    "b,id,id\n",
    { ...CSV, rowId: "id" },
    SyntaxError,
    'Cannot read the header: it has several columns "id"',
  ],
  ["a\rb\n", CSV, SyntaxError, "Cannot read the header: no line feed follows a carriage return"],
  [
    'a,"b\n',
    CSV,
    SyntaxError,
    'Cannot read the header: a quote in it is not closed, so if quotes are no quotes here, choose quote "none" (--quote none)',
  ],
  [
    "a,b\n1,hunter2\r",
    CSV,
    SyntaxError,
    "Cannot read line 2: no line feed follows a carriage return",
  ],
  [
    "b," + ",".repeat(65_536),
    CSV,
    SyntaxError,
    "Cannot read the header: it has more than 65536 cells",
  ],
  ...([
    ["hunter2", "it has 1 cells, not 2"],
    [" ", "it has 1 cells, not 2"],
    ["1,hunter2,", "it has more than 2 cells"],
    ['"hunter2"x,', "text follows a closing quote"],
    ['hunter2" ,', "a quote stands in a cell that does not begin with one"],
    [' "hunter2",', "a quote stands in a cell that does not begin with one"],
    ['"1\n",hunter2"', "a quote stands in a cell that does not begin with one", 3],
    [
      '1,"hunter2',
      'a quote in it is not closed, so if quotes are no quotes here, choose quote "none" (--quote none)',
    ],
    ["1,hunter2\r3,4", "no line feed follows a carriage return"],
    ["1,hunter2\r\r", "no line feed follows a carriage return"],
  ] as const).map(([row, reason, line = 2]): [string, FieldsOptions, ErrorClass, string] => [
    `a,b\r\n${row}\r\n`,
    CSV,
    SyntaxError,
    `Cannot read line ${line}: ${reason}`,
  ]),
]);

Deno.test("JSON lines: only the values of the paths change", async () => {
  const row = '\t{ "b" : {"x":[1.0, "}"]} ,"a":1.0, "1":2, "0":1, "a":1e400}\r';
  const sealed = await assertComesBack(`${row}\n\n \n${row}`, JSONL);
  const [token] = sealed.match(/"gAAAA[\w-]+=*"/) ?? [];
  assert(token);
  assertEquals(sealed.split("\n")[0], row.replace('{"x":[1.0, "}"]}', token));
  await assertComesBack("", JSONL);
  await assertComesBack("\n", JSONL);
  await assertComesBack("\u{feff}", JSONL);
  await assertComesBack('\u{feff}{"b":1}\n', JSONL);
});

Deno.test("JSON lines: every value comes back with its type, and as it was written", async () => {
  const values = [
    '""',
    '"1"',
    "1",
    "1.0",
    "-0",
    "1e400",
    "1E+2",
    "12345678901234567890",
    "0.1000000000000000055511151231257827",
    "true",
    "false",
    "null",
    "{}",
    '{"a": 1, "a": 2, "1": [], "0": {"b":null}}',
    "[1,\t2 , [3]]",
    '"\\ud800"',
    '"\\u0041\\/\\"\\\\ é🔑"',
    '{"__proto__": {"polluted": true}}',
  ];
  for (const value of values) await assertComesBack(`{"a":0,"b":${value}}\n`, JSONL);
  assertEquals("polluted" in {}, false);
});

Deno.test("JSON lines: pointers and names lead where they say", async () => {
  const cases: [row: string, fields: string[], encryptedRow: string][] = [
    ['{"user":{"email":1},"user.email":2}', ["user.email"], '{"user":{"email":1},"user.email":*}'],
    ['{"user":{"email":1},"user.email":2}', ["/user/email"], '{"user":{"email":*},"user.email":2}'],
    ['{"a/b":1,"a":{"b":2}}', ["a/b"], '{"a/b":*,"a":{"b":2}}'],
    ['{"a/b":1,"a":{"b":2}}', ["/a~1b", "/a/b"], '{"a/b":*,"a":{"b":*}}'],
    ['{"~1":1,"/":2,"":3}', ["/~01"], '{"~1":*,"/":2,"":3}'],
    ['{"~1":1,"/":2,"":3}', ["~1", "/"], '{"~1":*,"/":2,"":*}'],
    ['[[1,2],{"0":3}]', ["/0/1", "/1/0"], '[[1,*],{"0":*}]'],
    ['{"a":[{"b":1},{"b":2}]}', ["/a/1/b"], '{"a":[{"b":1},{"b":*}]}'],
    ['{"\\u00e9":1}', ["é"], '{"\\u00e9":*}'],
    ['{"__proto__":{"x":1},"x":2}', ["/__proto__/x"], '{"__proto__":{"x":*},"x":2}'],
    ['{"b":{"a":1},"c":{"a":{"a":2}},"a":3}', ["a"], '{"b":{"a":1},"c":{"a":{"a":2}},"a":*}'],
  ];
  for (const [row, fields, expected] of cases) {
    const sealed = await assertComesBack(row, { format: "jsonl", fields });
    assertEquals(sealed.replaceAll(/"gAAAA[\w-]+=*"/g, "*"), expected);
  }
});

Deno.test("JSON lines: what is optional may be absent, and nothing else", async () => {
  const options: FieldsOptions = { format: "jsonl", fields: ["a", "/o/b"], optional: ["/o/b"] };
  const rows = [
    '{"a":1}',
    '{"a":1,"o":null}',
    '{"a":1,"o":{}}',
    '{"a":1,"o":"b"}',
    '{"a":1,"o":[]}',
  ];
  const sealed = await assertComesBack(`${rows.join("\n")}\n{"a":null,"o":{"b":null}}`, options);
  assertEquals(sealed.match(/"gAAAA/g)?.length, rows.length + 2);
  await assertRejects(() => encrypted('{"o":{"b":1}}', options), TypeError, 'it has no "a"');
});

const ARRAY =
  "; it is an array, so write each of its elements on a line of its own, without commas";
const idOptions: FieldsOptions = { ...JSONL, rowId: "/id" };
testRefused("JSON lines that are malformed", [
  ...[
    '{"b":"hunter2}',
    '{"b":hunter2}',
    "{'b':1}",
    '{"b":01}',
    '{"b":1,}',
    '{"b":1}{"b":2}',
    '{"b":"\t"}',
    '{"b":1} // hunter2',
    '\u{feff}\u{feff}{"b":1}',
    '{"b":"hunter2\\x"}',
    "\xa0",
  ].map((row): [string, FieldsOptions, ErrorClass, string] => [
    row,
    JSONL,
    SyntaxError,
    "Cannot read line 1: it is not JSON",
  ]),
  ['{"c":"hunter2"}', JSONL, TypeError, 'Cannot read line 1: it has no "b"'],
  ['"hunter2"', JSONL, TypeError, 'Cannot read line 1: it has no "b"'],
  ["[1]", JSONL, TypeError, `Cannot read line 1: it has no "b"${ARRAY}`],
  ['{"a":{"b":1}}', JSONL, TypeError, 'Cannot read line 1: it has no "b"'],
  [
    "[1]",
    { ...JSONL, fields: ["/00"] },
    TypeError,
    `Cannot read line 1: it has no "/00"${ARRAY}`,
  ],
  ...['{"b":"hunter2","b":1}', '{"b":1,"\\u0062":1}'].map((
    row,
  ): [string, FieldsOptions, ErrorClass, string] => [
    row,
    JSONL,
    SyntaxError,
    "Cannot read line 1: a name on the way to a field is repeated in its object",
  ]),
  [
    '{"o":{},"o":{"b":1}}',
    { ...JSONL, fields: ["/o/b"] },
    SyntaxError,
    "Cannot read line 1: a name on the way to a field is repeated in its object",
  ],
  ['{"b":1}', idOptions, TypeError, 'Cannot read line 1: it has no "/id"'],
  ...["null", "true", "{}", "[1]"].map((id): [string, FieldsOptions, ErrorClass, string] => [
    `{"b":1,"id":${id}}`,
    idOptions,
    TypeError,
    "Cannot read line 1: its id is neither a string nor a number",
  ]),
  [
    '{"b":1,"id":"\\ud800"}',
    idOptions,
    TypeError,
    "Cannot read line 1: its id holds a lone surrogate",
  ],
]);

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const long = "x".repeat(4_097);
testRefused("Rows that are not UTF-8, or too long", [
  [latin1("a,b\xe9\n"), CSV, TypeError, "Cannot read the header: it is not UTF-8"],
  [
    latin1("a,b\n\xe9,\n"),
    CSV,
    TypeError,
    "Cannot read line 2: it is not UTF-8",
  ],
  [
    latin1('{"b":"\xe9"}'),
    JSONL,
    TypeError,
    "Cannot read line 1: it is not UTF-8",
  ],
  ...[true, false].flatMap((little): [Uint8Array, FieldsOptions, ErrorClass, string][] => [
    [
      utf16("a,b\n", little),
      CSV,
      TypeError,
      "Cannot read the header: it is UTF-16, so convert it to UTF-8 first",
    ],
    [
      utf16('{"b":1}\n', little),
      JSONL,
      TypeError,
      "Cannot read line 1: it is UTF-16, so convert it to UTF-8 first",
    ],
  ]),
  [
    `id,b\n${long},\n`,
    { ...CSV, rowId: "id" },
    RangeError,
    "Cannot read line 2: its id has more than 4096 bytes",
  ],
  [
    `{"b":1,"id":"${long}"}`,
    idOptions,
    RangeError,
    "Cannot read line 1: its id has more than 4096 bytes",
  ],
]);

Deno.test("The number of a malformed row is told", async () => {
  const rows = Array.from({ length: 30_000 }, (_, index) => `"${index}\n",x\n`);
  rows[25_000] = "hunter2\n";
  const csv = `a,b\n${rows.join("")}`;
  await assertRejects(() => encrypted(csv, CSV), SyntaxError, "Cannot read line 50002: it has 1");
  const lines = rows.map((_, index) => index === 20_001 ? "{}" : '{"b":1}');
  await assertRejects(() => encrypted(lines.join("\n"), JSONL), TypeError, "line 20002: it has no");
});

Deno.test("A row of 16 MiB comes back, and one byte more is refused", async () => {
  const most = 16 << 20;
  const cell = `a,b\n1,${"x".repeat(most - 2)}\n`;
  await assertComesBack(cell, CSV);
  const lines = `a,b\n1,"${"\n".repeat(most - 4)}"`;
  await assertComesBack(lines, CSV);
  const json = `{"b":"${"x".repeat(most - 8)}"}`;
  await assertComesBack(json, JSONL);
  for (
    const [text, options] of [
      [cell.replace("1,", "1,x"), CSV],
      [lines.replace('"', '"x'), CSV],
      [json.replace("x", "xx"), JSONL],
    ] as const
  ) {
    await assertRejects(() => encrypted(text, options), RangeError, `more than ${most} bytes`);
  }
});

Deno.test("A row of several batches comes back", async () => {
  const cells = ["x", "y", "z"].map((letter) => letter.repeat(600_000));
  const text = `a,b,c,d\n1,${cells.join()}\n2,${cells.toReversed().join()}\n`;
  await assertComesBack(text, { format: "csv", fields: ["d", "b", "c"], rowId: "a" });
});

Deno.test("Deep nesting is no danger", async () => {
  const depth = 1_000_000;
  const nested = "[".repeat(depth) + "]".repeat(depth);
  // Some engines do not read it: they refuse it, and do not fall over.
  await assertComesBack(`{"a":${nested},"b":1}`, JSONL).catch((error) => {
    assert(error instanceof SyntaxError, String(error));
  });
});
