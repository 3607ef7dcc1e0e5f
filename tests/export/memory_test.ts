/**
 * The memory that exports take, by the program that measures it at larger sizes
 * (`deno task bench:memory`).
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { builtPackage, mustRun } from "../support/npm_package.ts";

interface Row {
  readonly runtime: string;
  readonly what: string;
  readonly bytes: number;
  readonly peak: number;
}

Deno.test("More rows and larger files take no more memory, with two workers", async () => {
  const sizes = ["--rows-mb", "20,100", "--tables", "flights", "--mb", "16,96"];
  const options = ["--workers", "2", "--json", "--package", await builtPackage()];
  const program = ["run", "-A", "bench/memory.ts"];
  const printed = await mustRun(Deno.execPath(), [...program, ...sizes, ...options]);
  const rows: Row[] = printed.trim().split("\n").map((line) => JSON.parse(line));
  const jobs = Map.groupBy(rows, ({ runtime, what }) => `${runtime}, ${what}`);
  assertEquals(jobs.size, 8, printed);
  for (const [job, [small, large, ...others]] of jobs) {
    assert(large.bytes > 4 * small.bytes && others.length === 0, job);
    // What is kept is in the peak at least once; half of it is the margin for a busy machine.
    assert(large.peak - small.peak < (large.bytes - small.bytes) / 2, `${job}\n${printed}`);
  }
});
