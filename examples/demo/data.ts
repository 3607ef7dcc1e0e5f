/**
 * Real data that nobody here made: tables of npm's `vega-datasets`, as JSON
 * lines.
 *
 * @module
 */

import { parse } from "csv-parse/sync";
import { findPackageJSON } from "node:module";
import { pathToFileURL } from "node:url";

/** A table's rows, one JSON object a line. */
export interface Table {
  /** The file in the package. */
  readonly name: string;
  /** The lines' bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many lines there are. */
  readonly rows: number;
}

/** Flights in the United States, JSON, and bird strikes there, CSV. */
export const TABLES = ["flights-200k.json", "birdstrikes.csv"] as const;

/** Reads a file of the package as it is. */
export async function readFile(name: string): Promise<Uint8Array<ArrayBuffer>> {
  // The package's exports name its code only, so its data is found beside it.
  const found = findPackageJSON("vega-datasets", import.meta.url);
  if (!found) throw new Error("Cannot find npm's vega-datasets: is the npm registry reachable?");
  return await Deno.readFile(new URL(`data/${name}`, pathToFileURL(found)));
}

/** Reads a table of the package. */
export async function readTable(name: string): Promise<Table> {
  const text = new TextDecoder().decode(await readFile(name));
  const rows: unknown[] = name.endsWith(".csv") ? parse(text, { columns: true }) : JSON.parse(text);
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  return { name, bytes: new TextEncoder().encode(lines), rows: rows.length };
}
