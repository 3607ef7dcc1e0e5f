/**
 * Draws the README's pictures from the figures of the last comparison:
 *
 *     deno run -A bench/pictures.ts [--results FILE] [--out FOLDER]
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ResultsFile } from "./compare/report.ts";
import type { RowName } from "./compare/rows.ts";
import { drawRow, THEMES } from "./pictures/draw.ts";

/** The pictures, by the rows that they show. */
const PICTURES: Readonly<Record<string, RowName>> = { token: "encrypt", key: "key" };

/** The figures of the last comparison. */
async function readResults(path: string): Promise<ResultsFile> {
  try {
    const results: ResultsFile = JSON.parse(await Deno.readTextFile(path));
    if (results.format === "ironfern-comparison" && results.version === 1) return results;
    return fail(`Cannot draw ${path}: it is no file of the comparison's that is known here`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return fail(`Cannot draw ${path}: there is no such file, so run \`deno task compare\` first`);
  }
}

/** Ends with a line that says why. */
function fail(why: string): never {
  console.error(`error: ${why}`);
  Deno.exit(1);
}

const { values: { results: path, out } } = parseArgs({
  options: {
    results: { type: "string", default: fileURLToPath(new URL("./results.json", import.meta.url)) },
    out: { type: "string", default: fileURLToPath(new URL("pictures", import.meta.url)) },
  },
});
const results = await readResults(path);
for (const [name, row] of Object.entries(PICTURES)) {
  for (const [theme, colors] of Object.entries(THEMES)) {
    const svg = drawRow(results, row, colors);
    if (svg === undefined) {
      console.log(`Not drawn: ${name}, whose row "${row}" was not measured`);
      break;
    }
    const file = join(out, `${name}.${theme}.svg`);
    await Deno.writeTextFile(file, svg);
    console.log(file);
  }
}
