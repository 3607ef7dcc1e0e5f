/// <reference lib="dom" />
/**
 * The pictures of the comparison, and the data that they are drawn from.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseHTML } from "linkedom";
import { resultsFile, type RuntimeResult, SUITE_ROWS } from "../../bench/compare/report.ts";
import { ROWS } from "../../bench/compare/rows.ts";
import { drawRow, THEMES } from "../../bench/pictures/draw.ts";
import { ROOT, run } from "../support/tools.ts";

const NAMES = ["ours, wasm", "ours, portable (noble)", "a <peer> & co", "Python hashlib"];

/** Numbers of no meaning: what matters here is where they end up. */
function invented(runtime: "deno" | "node", factor: number): RuntimeResult {
  const timings = (shift: number) =>
    NAMES.map((name, index) => ({
      name,
      median: factor * (index + 1) + shift,
      least: factor * (index + 1) - 1,
      most: factor * (index + 1) + 9,
    }));
  const measurements = [-0.5, 0, 0.25].map((shift) => ({
    versions: `${runtime} 1.2.3`,
    rows: [
      { row: "encrypt" as const, items: 1_000, timings: timings(shift), absent: [] },
      {
        row: "key" as const,
        items: 1,
        timings: timings(shift),
        absent: [{ name: "npm x", reason: "not installed" }],
      },
    ],
  }));
  return { name: runtime, measurements };
}

const file = resultsFile(
  ["By `deno task compare`", "A machine, 2 cores; linux; load average at the start: 0.1. More."],
  [invented("deno", 10), invented("node", 20)],
  [{
    title: "Size",
    head: [],
    unit: "bytes",
    text: String,
    results: [{ cells: ["a"], value: 5, limit: 9 }],
  }],
  ["bun: not found"],
);

Deno.test("results.json has the figures of the report, in its units", () => {
  assertEquals(JSON.parse(JSON.stringify(file)), file);
  assertEquals([file.format, file.version], ["ironfern-comparison", 1]);
  assertEquals(file.about[0], "By deno task compare");
  assertEquals(file.runtimes.map(({ runtime, versions }) => [runtime, versions]), [
    ["deno", "deno 1.2.3"],
    ["node", "node 1.2.3"],
  ]);
  const [encrypt, key] = file.runtimes[0].rows;
  assertEquals([encrypt.row, encrypt.title, encrypt.unit], ["encrypt", ROWS.encrypt.title, "µs"]);
  // Milliseconds of 1,000 tokens are microseconds of one.
  assertEquals(encrypt.contestants[0], { name: "ours, wasm", median: 10, least: 9, most: 19 });
  assertEquals(key.contestants[2], { name: NAMES[2], median: 30, least: 29, most: 39 });
  assertEquals(file.sections, [
    { title: "Size", unit: "bytes", figures: [{ cells: ["a"], value: 5, limit: 9 }] },
  ]);
  assertEquals(file.missing, ["bun: not found", "npm x: not installed (key; in deno, node)"]);
});

Deno.test("a picture has every contestant's figure, in both themes", () => {
  for (const theme of Object.values(THEMES)) {
    const svg = drawRow(file, "key", theme)!;
    const { document } = parseHTML(svg);
    const texts = [...document.querySelectorAll("text")].map((text) => String(text.textContent));
    const columns = ["Deno", "Node", "Python"];
    for (const expected of [...columns, "Ironfern, wasm", "Ironfern, portable", NAMES[2]]) {
      assert(texts.includes(expected), `${expected} is not among ${texts.join("; ")}`);
    }
    assertEquals(
      texts.at(-1),
      "Machine: A machine, 2 cores; linux. Python was measured beside each runtime: its median",
    );
    for (const time of ["10.0 ms", "20.0 ms", "30.0 ms", "40.0 ms", "60.0 ms"]) {
      assert(texts.includes(time), `${time} is not among ${texts.join("; ")}`);
    }
    // Python ran beside both runtimes, at 40 and 80 ms, and stands there once, at 60 ms.
    const ofPython = texts.filter((text) => ["40.0 ms", "60.0 ms", "80.0 ms"].includes(text));
    assertEquals(ofPython.sort(), ["40.0 ms", "60.0 ms", "60.0 ms"], "two are of others in Node");
    assertEquals(document.querySelectorAll("circle").length, 7);
    // A dot has a place, and a line to it would have a length.
    const lines = [...document.querySelectorAll('[aria-label="rule"] line')];
    assertEquals(new Set(lines.map((line) => line.getAttribute("x2"))).size, 1);
    assertStringIncludes(svg, "<title>One PBKDF2 key of 600,000 iterations: time for a key");
    assertStringIncludes(svg, "a &lt;peer&gt; &amp; co");
    assertStringIncludes(svg, theme.ours);
    assertMatch(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert(!/<style|<script|href=|NaN|undefined/.test(svg));
  }
});

Deno.test("a row that was not measured is not drawn", () => {
  assertEquals(drawRow(file, "lines", THEMES.light), undefined);
  assert(SUITE_ROWS.includes("lines"));
});

Deno.test("pictures: where there are no figures, that is an error", async () => {
  const args = ["run", "-A", "bench/pictures.ts", "--results", "/nope"];
  const { success, stdout, stderr } = await run(Deno.execPath(), args);
  assertEquals([success, stdout], [false, ""]);
  assertEquals(
    stderr,
    "error: Cannot draw /nope: there is no such file, so run `deno task compare` first\n",
  );
});

Deno.test("pictures: those stored are of the figures stored", async () => {
  const out = await Deno.makeTempDir();
  try {
    const args = ["run", "-A", "bench/pictures.ts", "--out", out];
    const { success, stderr } = await run(Deno.execPath(), args);
    assert(success, stderr);
    for await (const { name } of Deno.readDir(out)) {
      assertEquals(
        await Deno.readTextFile(new URL(`bench/pictures/${name}`, ROOT)),
        await Deno.readTextFile(`${out}/${name}`),
        `${name} is of other figures: run \`deno task pictures\``,
      );
    }
  } finally {
    await Deno.remove(out, { recursive: true });
  }
});
