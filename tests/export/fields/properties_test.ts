/**
 * What holds for all rows: encrypted and decrypted they are what they were, byte
 * for byte. The inputs are other ones each run, unless IRONFERN_SEED names the
 * run to repeat.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import {
  findValues,
  pathTree,
  pointerSteps,
  pointerTo,
} from "../../../src/export/fields/json_paths.ts";
import { randomFernet, testEach } from "../../support/backends.ts";
import { decrypted, encrypted, throughCut } from "../../support/fields.ts";

const seed = Number(
  Deno.env.get("IRONFERN_SEED") ?? crypto.getRandomValues(new Int32Array(1))[0],
);
assert(Number.isInteger(seed), "IRONFERN_SEED is not an integer");
fc.configureGlobal({ seed, numRuns: 200 });

// `deno test --quiet` shows what a test is called, but not what it prints.
Deno.test(`Repeat these properties of fields with IRONFERN_SEED=${seed}`, () => {
  assertEquals(fc.sample(fc.nat(), 5), fc.sample(fc.nat(), { numRuns: 5, seed }));
});

const encode = (text: string) => new TextEncoder().encode(text);
const lineEnd = fc.constantFrom("\n", "\r\n");
const nasty = fc.string({
  unit: fc.constantFrom(..."ab \t,;|'\"\n\r\\{}[]:", "é", "🔑", "\0", "\u{feff}", "\u2028"),
  maxLength: 8,
});
/** Piece lengths, empty pieces among them, that add up to something. */
const cuts = fc.array(fc.nat(40), { minLength: 1, maxLength: 5 })
  .filter((lengths) => lengths.some((length) => length > 0));

/** A cell as it may stand: in quotes where it must be, and at times where not. */
function cellText(value: string, delimiter: string, quoted: boolean): string {
  const must = ['"', "\n", "\r", delimiter].some((special) => value.includes(special));
  return quoted || must ? `"${value.replaceAll('"', '""')}"` : value;
}

interface Csv {
  readonly text: string;
  readonly delimiter: string;
  /** The header and the rows, as a parser reads them. */
  readonly cells: readonly (readonly string[])[];
}

const cell = fc.record({ value: nasty, quoted: fc.boolean() });
const csv: fc.Arbitrary<Csv> = fc.record({
  delimiter: fc.constantFrom(",", ";", "\t", "|"),
  names: fc.uniqueArray(nasty, { minLength: 2, maxLength: 4 }),
  quotedNames: fc.boolean(),
  bom: fc.boolean(),
  lastEnd: fc.boolean(),
}).chain(({ names, ...rest }) =>
  fc.record({
    rows: fc.array(fc.array(cell, { minLength: names.length, maxLength: names.length }), {
      maxLength: 6,
    }),
    ends: fc.array(lineEnd, { minLength: 7, maxLength: 7 }),
  }).map(({ rows, ends }) => {
    const { delimiter, quotedNames, bom, lastEnd } = rest;
    const header = names.map((value) => ({ value, quoted: quotedNames }));
    const lines = [header, ...rows].map((row) =>
      row.map(({ value, quoted }) => cellText(value, delimiter, quoted)).join(delimiter)
    );
    const text = lines.map((line, index) =>
      line + (lastEnd || index < rows.length ? ends[index] : "")
    ).join("");
    // What begins the file is the file's mark, and no part of a name.
    const mark = bom || text.startsWith("\u{feff}") ? "\u{feff}" : "";
    return {
      text: mark + text,
      delimiter,
      cells: [names, ...rows.map((row) => row.map(({ value }) => value))],
    };
  })
);

testEach("Any CSV file comes back byte for byte, whatever its chunks", async (backend) => {
  const fernet = randomFernet(backend);
  await fc.assert(
    fc.asyncProperty(csv, cuts, cuts, fc.boolean(), async (file, sealCuts, openCuts, withId) => {
      const [[id, ...fields]] = file.cells;
      const rowId = withId ? id : undefined;
      const { delimiter } = file;
      const options = { format: "csv", fields, rowId, delimiter, multiline: true } as const;
      const input = encode(file.text);
      const sealed = await throughCut(encryptFields(fernet, options), input, sealCuts);
      const back = await throughCut(decryptFields(fernet, options), sealed, openCuts);
      assertEquals(back.toHex(), input.toHex());
      const bytewise = await throughCut(encryptFields(fernet, options), input, [1]);
      const again = await throughCut(decryptFields(fernet, options), bytewise, [1]);
      assertEquals(again.toHex(), input.toHex());
    }),
    { numRuns: 40 },
  );
});

Deno.test("csv-parse finds the same cells, but for the encrypted ones", async () => {
  await fc.assert(fc.asyncProperty(csv, async ({ text, delimiter, cells }) => {
    const read = (text: string): string[][] =>
      parse(text, {
        delimiter,
        bom: true,
        record_delimiter: ["\r\n", "\n"],
        relax_column_count: true,
      });
    const [names] = cells;
    const fields = [names[1]];
    const options = { format: "csv", fields, delimiter, multiline: true } as const;
    const sealed = read(await encrypted(text, options));
    assertEquals(sealed.length, read(text).length);
    assertEquals(read(text), cells.map((row) => [...row]));
    sealed.forEach((row, index) => {
      assertEquals(row.toSpliced(1, 1), cells[index].toSpliced(1, 1));
      assertEquals(/^gAAAA[\w-]+=*$/.test(row[1]), index > 0);
    });
  }));
});

/** Any text whose pieces are those of CSV: most of it is malformed. */
Deno.test("What is taken as CSV is what csv-parse takes", async () => {
  const pieces = fc.array(fc.constantFrom('"', '""', ",", "a", "\n", "\r\n", " ", '"b"'), {
    maxLength: 12,
  });
  let taken = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(pieces, async (array) => {
      const text = `x,y\n${array.join("")}`;
      let theirs: string[][] | undefined;
      try {
        theirs = parse(text, { record_delimiter: ["\r\n", "\n"], skip_empty_lines: true });
      } catch {
        refused++;
      }
      const options = { format: "csv", fields: ["y"], multiline: true } as const;
      const ours = await encrypted(text, options).catch((error) => {
        assert(error instanceof SyntaxError, String(error));
        return undefined;
      });
      assertEquals(ours === undefined, theirs === undefined, JSON.stringify(text));
      if (ours === undefined) return;
      taken++;
      assertEquals(await decrypted(ours, options), text);
    }),
    { numRuns: 1_000 },
  );
  assert(taken > 50 && refused > 50, `${taken} taken, ${refused} refused`);
});

/** White space between tokens. */
const space = fc.string({ unit: fc.constantFrom(..." \t\r"), maxLength: 2 });
/** A JSON string as it may stand, with escapes that need not be. */
const jsonString = fc.array(
  fc.oneof(
    fc.constantFrom("a", "b", "\\u0061", "\\/", '\\"', "\\\\", "\\n", "\\ud800", "é", "🔑", "}"),
    fc.constantFrom("]", ",", ":", "{", "[", "\u2028", "\x7f", "\\uD83D\\uDD11", "__proto__"),
  ),
  { maxLength: 6 },
).map((parts) => `"${parts.join("")}"`);
const scalar = fc.oneof(
  fc.constantFrom("null", "true", "false", "0", "-0", "1.0", "1e400", "12345678901234567890"),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  jsonString,
);
const { json } = fc.letrec<{ json: string; array: string; object: string }>((tie) => ({
  json: fc.oneof({ maxDepth: 3 }, scalar, tie("array"), tie("object")),
  array: fc.tuple(fc.array(tie("json"), { maxLength: 3 }), space)
    .map(([items, gap]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
  object: fc.tuple(fc.array(fc.tuple(jsonString, tie("json")), { maxLength: 3 }), space)
    .map(([members, gap]) =>
      `{${gap}${members.map(([name, value]) => `${name}${gap}:${gap}${value}`).join(`,${gap}`)}}`
    ),
}));

/** Objects that have `id`, `a`, and `b` in `o`, among other members of any name. */
const jsonRow = fc.record({
  id: fc.oneof(fc.constantFrom("7", "-1.50", '"7"'), jsonString.filter((id) => !/ud8/i.test(id))),
  a: json,
  b: json,
  others: fc.array(fc.tuple(jsonString, json), { maxLength: 3 }),
  gap: space,
  escaped: fc.boolean(),
}).map(({ id, a, b, others, gap, escaped }) => {
  const names = new Set(["id", "a", "o"]);
  const rest = others.filter(([name]) => !names.has(JSON.parse(name)))
    .map(([name, value]) => `${name}:${gap}${value}`);
  const inner = `{"x":[]${gap},"b":${b}${gap}}`;
  const own = [`"id"${gap}:${id}`, `"${escaped ? "\\u0061" : "a"}":${a}`, `"o":${gap}${inner}`];
  return `${gap}{${[...rest, ...own].join(`,${gap}`)}${gap}}${gap}`;
});
const jsonLines = fc.record({
  rows: fc.array(fc.oneof({ arbitrary: jsonRow, weight: 9 }, { arbitrary: space, weight: 1 }), {
    maxLength: 6,
  }),
  lastEnd: fc.boolean(),
  bom: fc.boolean(),
}).map(({ rows, lastEnd, bom }) =>
  (bom ? "\u{feff}" : "") + rows.join("\n") + (lastEnd && rows.length ? "\n" : "")
);

testEach("Any JSON lines come back byte for byte, whatever their chunks", async (backend) => {
  const fernet = randomFernet(backend);
  await fc.assert(
    fc.asyncProperty(jsonLines, cuts, cuts, fc.boolean(), async (text, sealCuts, openCuts, id) => {
      const fields = ["/o/b", "a"];
      const options: FieldsOptions = { format: "jsonl", fields, ...id && { rowId: "id" } };
      const input = encode(text);
      const sealed = await throughCut(encryptFields(fernet, options), input, sealCuts);
      const back = await throughCut(decryptFields(fernet, options), sealed, openCuts);
      assertEquals(back.toHex(), input.toHex());
      const bytewise = await throughCut(encryptFields(fernet, options), input, [1]);
      const again = await throughCut(decryptFields(fernet, options), bytewise, [1]);
      assertEquals(again.toHex(), input.toHex());
    }),
    { numRuns: 40 },
  );
});

Deno.test("JSON.parse finds the same values, but for the encrypted ones", async () => {
  await fc.assert(fc.asyncProperty(jsonRow, async (text) => {
    const options = { format: "jsonl", fields: ["a", "/o/b"] } as const;
    const row = JSON.parse(text);
    const sealed = JSON.parse(await encrypted(text, options));
    assert(/^gAAAA[\w-]+=*$/.test(sealed.a) && /^gAAAA[\w-]+=*$/.test(sealed.o.b));
    sealed.a = row.a;
    sealed.o.b = row.o.b;
    assertEquals(JSON.stringify(sealed), JSON.stringify(row));
  }));
});

/** All paths into a value, with what stands there. */
function* pathsInto(value: unknown, pointer = ""): Generator<[pointer: string, value: unknown]> {
  if (pointer) yield [pointer, value];
  if (typeof value !== "object" || value === null) return;
  for (const [name, child] of Object.entries(value)) {
    yield* pathsInto(child, pointer + pointerTo(name));
  }
}

Deno.test("Every path into any JSON leads to what JSON.parse finds there", () => {
  let found = 0;
  fc.assert(fc.property(json, (text) => {
    const bytes = encode(text);
    for (const [pointer, value] of pathsInto(JSON.parse(text))) {
      const steps = pointerSteps(pointer);
      assert(steps);
      if (!pointer.isWellFormed()) continue;
      const tree = pathTree([steps]);
      assert(typeof tree !== "number");
      let raw: string | undefined;
      const unique = findValues(bytes, 0, tree, (_, start, end) => {
        raw = new TextDecoder().decode(bytes.subarray(start, end));
      });
      if (!unique) continue;
      assert(raw !== undefined, pointer);
      assertEquals(raw, raw.trim());
      assertEquals(JSON.parse(raw), value);
      found++;
    }
  }));
  assert(found > 50, `${found} found`);
});

Deno.test("Every field of a wide row, and values of many lengths, come back", async () => {
  const names = Array.from({ length: 300 }, (_, index) => `c${index}`);
  const row = (length: number) =>
    names.map((_, index) => "x".repeat((length * index) % 997)).join();
  const text = [names.join(), ...Array.from({ length: 60 }, (_, index) => row(index))].join("\n");
  const options = { format: "csv", fields: names.slice(1), rowId: "c0" } as const;
  assertEquals(await decrypted(await encrypted(text, options), options), text);
});
