/**
 * The published vectors: their shape, that every rule has a case, that they are as the
 * maker makes them, and that the programs in Python of docs/FORMATS.md pass them all.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Ajv2020 } from "ajv/dist/2020.js";
import { testWithPython } from "../support/python.ts";
import { ROOT, run } from "../support/tools.ts";
import { VECTOR_FILES, type VectorFile, vectorPath } from "../support/vectors.ts";

interface File {
  readonly cases: readonly {
    readonly name: string;
    readonly rule?: string;
    readonly error?: string;
  }[];
}

const README = await Deno.readTextFile(new URL("vectors/README.md", ROOT));

async function readJson(url: URL) {
  return JSON.parse(await Deno.readTextFile(url));
}

const files = new Map<VectorFile, File>();
for (const name of VECTOR_FILES) files.set(name, await readJson(vectorPath(name)));

function rows(heading: string): string[][] {
  const [, section] =
    README.match(new RegExp(`^## ${heading}$(.*?)(?=^## |$(?![\\s\\S]))`, "ms")) ?? [];
  assert(section, heading);
  const lines = section.split("\n").filter((line) => line.startsWith("|")).slice(2);
  return lines.map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

function words(cell: string): string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, word]) => word);
}

Deno.test("vectors: every file is as its schema says, and no name stands twice", async () => {
  const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(
    await readJson(new URL("vectors/schema.json", ROOT)),
  );
  for (const [name, file] of files) {
    assert(validate(file), `${name}: ${JSON.stringify(validate.errors)}`);
    const names = file.cases.map(({ name }) => name);
    assertEquals(new Set(names).size, names.length, name);
  }
  const [first] = files.values();
  for (
    const bad of [{ ...first, schema: 2 }, {
      ...first,
      cases: [{ name: "x", input: { a: 1, b: 2 } }],
    }]
  ) {
    assert(!validate(bad));
  }
});

Deno.test("vectors: the README lists every file and its cases", () => {
  const table = README.matchAll(/^\| `(\w+)\.json` *\|[^|]*\| (\d+) *\| (\d+) *\|$/gm);
  const listed = Array.from(table, ([, name, good, bad]) => [name, Number(good), Number(bad)]);
  const counts = Array.from(files, ([name, { cases }]) => {
    const bad = cases.filter(({ error }) => error !== undefined).length;
    return [name, cases.length - bad, bad];
  });
  assertEquals(listed, counts);
});

Deno.test("vectors: every rule and every error that the README tells has a bad case", () => {
  const cases = [...files.values()].flatMap(({ cases }) => cases);
  const used = (kind: "rule" | "error") =>
    [...new Set(cases.map((each) => each[kind]).filter((each) => each !== undefined))].sort();
  const rules = new Set(rows("Rules").flatMap(([, rule]) => words(rule)));
  assertEquals([...rules].sort(), used("rule"));
  const errors = new Set(
    rows("Errors").flatMap(([error]) =>
      words(error).filter((word) => !files.has(word as VectorFile))
    ),
  );
  assertEquals([...errors].sort(), used("error"));
});

testWithPython("the maker makes the vectors as they are", async (python) => {
  const { success, stdout, stderr } = await run(python, ["-B", "vectors/make", "--print"]);
  assert(success, stderr);
  const made = JSON.parse(stdout);
  assertEquals(Object.keys(made), [...files.keys()]);
  for (const [name, file] of files) assertEquals(made[name], file, name);
});

testWithPython("the programs of the guide pass all vectors", async (python) => {
  const { success, stdout, stderr } = await run(python, ["-B", "tests/support/vectors.py"]);
  assert(success, stderr);
  const { counts, wrong } = JSON.parse(stdout);
  assertEquals(wrong, []);
  assertEquals(Object.keys(counts), [...files.keys()]);
  // Without those for readers that can be lenient.
  assertEquals(counts.fernet, 75);
  assertEquals(counts.sealed, files.get("sealed")?.cases.length);
});
