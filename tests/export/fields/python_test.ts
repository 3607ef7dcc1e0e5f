/**
 * Live exchange of fields with Python, which reads and writes them by the
 * description of the format in field_message.ts.
 *
 * @module
 */

import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { parse } from "csv-parse/sync";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { through } from "../../support/fields.ts";
import { PYTHON, testWithPython } from "../../support/python.ts";
import { run } from "../../support/tools.ts";

const SCRIPT = "tests/support/fields.py";

async function python(stdin: string, ...args: string[]): Promise<string> {
  assert(PYTHON);
  const { success, stdout, stderr } = await run(PYTHON, [SCRIPT, ...args], { stdin });
  assert(success, stderr);
  return stdout;
}

const key = Fernet.generateKey();
const fernet = new Fernet(key);

/** The text that Python makes of it, or null where a token is bad. */
async function theirs(
  call: "encrypt" | "decrypt",
  { format, fields, rowId = null, delimiter = "," }: Omit<FieldsOptions, "rowId"> & {
    rowId?: string | null;
  },
  text: string,
): Promise<string | null> {
  return JSON.parse(
    await python(JSON.stringify({ call, format, key, fields, rowId, delimiter, text })),
  );
}

const TEXT = '\u{feff}id;größe;"na""me"\r\n1;;"a ""b"";\n"\r\n"2";x;" é🔑"\n';
const CSV = [
  { format: "csv", fields: ["größe", 'na"me'], delimiter: ";" },
  { format: "csv", fields: ['na"me'], rowId: "größe", delimiter: ";" },
] as const;
const ROWS = [
  '{"id":7,"a":1.5,"o":{"b/c":null}}',
  '{"id":12345678901234567890,"a":"\\ud83d\\udd11\\/","o":{"b/c":[true,{"x":""}]}}',
  '{"id":"\\u00e9\\n\\"\\\\\\u007f\\u2028\\u0001","a":-0.0,"o":{"b/c":"}"}}',
].join("\n");
const JSONL = [
  { format: "jsonl", fields: ["/a", "/o/b~1c"] },
  { format: "jsonl", fields: ["/o/b~1c", "/a"], rowId: "/id" },
] as const;

const cells = (text: string): string[][] =>
  parse(text, { delimiter: ";", record_delimiter: ["\r\n", "\n"] });
const values = (text: string) => text.trimEnd().split("\n").map((line) => JSON.parse(line));

for (const options of [...CSV, ...JSONL]) {
  const { format } = options;
  const input = format === "csv" ? TEXT : ROWS;
  const read = (text: string): unknown[] =>
    format === "csv" ? cells(text.replace(/^\u{feff}/u, "")) : values(text);
  const id = "rowId" in options ? "with rowId" : "without rowId";

  testWithPython(`reads our fields, ${format} ${id}`, async () => {
    // Python's csv module knows of no byte order mark.
    const sealed = (await through(input, encryptFields(fernet, options))).replace(/^\u{feff}/u, "");
    const back = await theirs("decrypt", options, sealed);
    assert(back !== null);
    assertEquals(read(back), read(input));
  });

  testWithPython(`writes fields that we read, ${format} ${id}`, async () => {
    const sealed = await theirs("encrypt", options, input.replace(/^\u{feff}/u, ""));
    assert(sealed !== null && sealed.includes("gAAAA"));
    const back = await through(sealed, decryptFields(fernet, options));
    assertEquals(read(back), read(input));
  });

  testWithPython(`refuses what we refuse, ${format} ${id}`, async () => {
    const sealed = (await through(input, encryptFields(fernet, options))).replace(/^\u{feff}/u, "");
    const [first, second] = Array.from(sealed.matchAll(/gAAAA[\w-]+=*/g), ([token]) => token);
    // The two are of one row's fields, or of two rows' one field.
    const swapped = sealed.replace(first, "*").replace(second, first).replace("*", second);
    assertEquals(await theirs("decrypt", options, swapped), null);
    await assertRejects(() => through(swapped, decryptFields(fernet, options)), InvalidTokenError);
  });
}
