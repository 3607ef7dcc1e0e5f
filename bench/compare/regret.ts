/**
 * The table of regret: the time of `backend: "auto"` over the least of all
 * contestants, our own backends and naive code included.
 *
 * @module
 */

import { median } from "../../src/calibration/statistics.ts";
import { OURS, type Row, type RowResult, ROWS } from "./rows.ts";

/** What every row and the median row have to stay within. */
const LIMITS = { every: 1.1, median: 1.05 } as const;

/** A row's regret. */
export interface Regret {
  /** What is done. */
  readonly title: string;
  /** The median of the measurements' regrets. */
  readonly regret: number;
  /** Who was fastest, most often. */
  readonly fastest: string;
}

/** The regrets of the rows that have `auto` among their contestants. */
export function regretsOf(measurements: readonly (readonly RowResult[])[]): Regret[] {
  return measurements[0].flatMap(({ row }, index) => {
    const { title }: Row = ROWS[row];
    const times = measurements.map((rows) => rows[index].timings);
    const ratios: number[] = [];
    const fastest: string[] = [];
    for (const timings of times) {
      const ours = timings.find(({ name }) => name === OURS.auto);
      if (!ours) return [];
      const least = timings.reduce((best, each) => each.median < best.median ? each : best);
      ratios.push(ours.median / least.median);
      fastest.push(least.name);
    }
    return [{ title, regret: median(ratios), fastest: mostOften(fastest) }];
  });
}

function mostOften(names: readonly string[]): string {
  const count = (name: string) => names.filter((other) => other === name).length;
  return names.reduce((best, name) => count(name) > count(best) ? name : best);
}

/** The cells of the table: the rows, worst first, and what they say together. */
export function regretCells(regrets: readonly Regret[]): {
  readonly rows: string[][];
  readonly summary: string;
} {
  const text = (value: number) => value.toFixed(2);
  const sorted = regrets.toSorted((a, b) => b.regret - a.regret);
  const middle = median(regrets.map(({ regret }) => regret));
  const within = regrets.filter(({ regret }) => regret <= LIMITS.every).length;
  return {
    rows: sorted.map(({ title, regret, fastest }) => [
      title,
      text(regret),
      fastest,
      regret <= LIMITS.every ? "reached" : "missed",
    ]),
    summary: `Regret: ${text(middle)} in the median row (to reach: ${text(LIMITS.median)}); ` +
      `${within} of ${regrets.length} rows are within ${text(LIMITS.every)}.`,
  };
}
