/**
 * The comparison within one runtime: it is told its settings as JSON in its one
 * argument, and prints what it measured as JSON. `bench/compare.ts` bundles it
 * and starts it in Deno, in Node and in Bun.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import process from "node:process";
import { measureFile } from "./file_row.ts";
import { measureMemoryFile } from "./memory_file_row.ts";
import { measureKeys } from "./kdf_rows.ts";
import { measureLines } from "./line_row.ts";
import { Python } from "./python.ts";
import { measureSessions } from "./session_rows.ts";
import { measureStorage } from "./storage_rows.ts";
import { measureLong } from "./long_rows.ts";
import {
  isLongRow,
  type RowName,
  type RowResult,
  type Settings,
  type SuiteResult,
} from "./rows.ts";
import { measureTokens } from "./token_rows.ts";

const settings: Settings = JSON.parse(process.argv[2]);
const key = Fernet.generateKey();

function measure(row: RowName, python: Python): Promise<RowResult> {
  if (isLongRow(row)) return measureLong(row, key, settings.rounds);
  switch (row) {
    case "key":
    case "keys":
    case "workers":
      return measureKeys(row, python, settings);
    case "lines":
      return measureLines(key, python, settings);
    case "file":
      return measureFile(python, settings);
    case "memoryFile":
    case "memoryFileOpen":
      return measureMemoryFile(row, settings);
    case "storageOpen":
    case "storageSet":
      return measureStorage(row, key, settings);
    case "session100":
    case "session1024":
      return measureSessions(row, key, settings);
    default:
      return measureTokens(row, key, python, settings);
  }
}

function versions(): string {
  const { deno, bun, v8, openssl, webkit } = process.versions as Record<string, string | undefined>;
  if (deno) return `Deno ${deno} (V8 ${v8})`;
  if (bun) return `Bun ${bun} (WebKit ${webkit?.slice(0, 12)})`;
  return `Node ${process.versions.node} (V8 ${v8}, OpenSSL ${openssl})`;
}

const python = await Python.start(settings.python);
const rows: RowResult[] = [];
for (const row of settings.rows) {
  const start = performance.now();
  rows.push(await measure(row, python));
  console.error(`  ${row} ${((performance.now() - start) / 1_000).toFixed(1)} s`);
}
python.close();
const result: SuiteResult = { versions: versions(), python: python.versions, rows };
console.log(JSON.stringify(result));
