/**
 * The memory that exports take, by the program that measures it at larger sizes
 * (`deno task bench:memory`).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { mustRun } from "../support/npm_package.ts";

const LIMIT = 200;

Deno.test("Rows and files of any size take less than 200 MB with two workers", async () => {
  const args = ["--mb", "16,96", "--rows-mb", "20", "--workers", "2"];
  const printed = await mustRun(Deno.execPath(), ["run", "-A", "bench/memory.ts", ...args]);
  const peaks = [...printed.matchAll(/(\d+) MB resident at most/g)].map(([, peak]) => Number(peak));
  assertEquals(peaks.length, 16, printed);
  assert(peaks.every((peak) => peak < LIMIT), printed);
  assert(printed.endsWith("All of it came back as it was.\n"));
});
