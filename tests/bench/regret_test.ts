/**
 * The table of regret.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { regretCells, regretsOf } from "../../bench/compare/regret.ts";
import { OURS, type RowName, type RowResult, THEIRS } from "../../bench/compare/rows.ts";

function measured(row: RowName, times: Readonly<Record<string, number>>): RowResult {
  const timings = Object.entries(times)
    .map(([name, median]) => ({ name, median, least: median, most: median }));
  return { row, items: 1, timings, absent: [] };
}

Deno.test("Regret is our time over the least of all, the median of the measurements", () => {
  const rows = (ours: number) => [
    measured("encrypt:1KiB:1:sync", { [OURS.auto]: ours, [OURS.wasm]: 12, [THEIRS.node]: 10 }),
    measured("decrypt:1KiB:1:sync", { [OURS.auto]: 1, [THEIRS.node]: 10 }),
    measured("keys", { [OURS.wasm]: 1, [THEIRS.node]: 10 }),
  ];
  const regrets = regretsOf([rows(30), rows(15), rows(12)]);
  assertEquals(regrets, [
    { title: "encrypt, 1 KiB, 1 at a time", regret: 1.5, fastest: THEIRS.node },
    { title: "decrypt, 1 KiB, 1 at a time", regret: 1, fastest: OURS.auto },
  ]);
  const { rows: cells, summary } = regretCells(regrets);
  assertEquals(cells.map(([, regret, , verdict]) => [regret, verdict]), [
    ["1.50", "missed"],
    ["1.00", "reached"],
  ]);
  assertEquals(summary.includes("1 of 2 rows are within 1.10"), true);
});
