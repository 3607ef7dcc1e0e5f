/**
 * The report of the comparison, in Markdown.
 *
 * @module
 */

import { median } from "../../src/calibration/statistics.ts";
import type { RuntimeName } from "./project.ts";
import { type Regret, regretCells, regretsOf } from "./regret.ts";
import {
  isLongRow,
  type Row,
  type RowName,
  type RowResult,
  ROWS,
  type SuiteResult,
} from "./rows.ts";

/** One of the runtimes, measured several times. */
export interface RuntimeResult {
  /** Its name. */
  readonly name: RuntimeName;
  /** What each measurement gave. */
  readonly measurements: readonly SuiteResult[];
}

/** A figure of the two rows about loading. */
export interface SimpleResult {
  /** The cells before the figure. */
  readonly cells: readonly string[];
  /** The figure. */
  readonly value: number;
  /** What it has to stay under. */
  readonly limit?: number;
}

/** A contestant in one row of one runtime, in the row's unit, an item. */
interface Figure {
  readonly name: string;
  /** The medians of the measurements. */
  readonly medians: readonly number[];
  readonly least: number;
  readonly most: number;
}

/** A number with three digits or so. */
export function digits(value: number): string {
  const fraction = value < 10 ? 2 : value < 100 ? 1 : 0;
  return value.toLocaleString("en", {
    minimumFractionDigits: fraction,
    maximumFractionDigits: fraction,
  });
}

/** A table; columns whose heading ends with a colon are aligned to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(head.map((cell) => cell.replace(/:$/, ""))),
    line(head.map((cell) => cell.endsWith(":") ? "---:" : "---")),
    ...rows.map(line),
  ].join("\n");
}

function verdict(reached: boolean): string {
  return reached ? "reached" : "missed";
}

function figures(results: readonly RowResult[], unit: Row["unit"]): Figure[] {
  const perItem = (milliseconds: number) =>
    milliseconds * (unit === "µs" ? 1_000 : 1) / results[0].items;
  return results[0].timings.map(({ name }, index) => {
    const timings = results.map((result) => result.timings[index]);
    return {
      name,
      medians: timings.map(({ median }) => perItem(median)),
      least: perItem(Math.min(...timings.map(({ least }) => least))),
      most: perItem(Math.max(...timings.map(({ most }) => most))),
    };
  });
}

/** Theirs to ours, by contestants of whom the fastest counts. */
function comparison(
  { title, ours, unit, item, targets }: Row,
  all: readonly Figure[],
  against: readonly string[],
  runtime: RuntimeName,
): string[] | undefined {
  const us = all.find(({ name }) => name === ours);
  const them = all.filter(({ name }) => against.includes(name));
  if (!us || them.length !== against.length) return undefined;
  const ratios = us.medians.map((median, index) =>
    Math.min(...them.map(({ medians }) => medians[index])) / median
  );
  const theirs = Math.min(...them.map(({ medians }) => median(medians)));
  const target = targets.find((target) => target.against.join() === against.join())
    ?.ratio[runtime];
  return [
    title,
    `${digits(median(us.medians))} ${unit} a ${item} (${ours.replace(/^ours, /, "")})`,
    against.length > 1 ? `the faster of ${against.join(" and ")}` : against[0],
    `${digits(theirs)} ${unit}`,
    `${digits(median(ratios))}x`,
    `${digits(Math.min(...ratios))} to ${digits(Math.max(...ratios))}`,
    target === undefined ? "" : `${target}x`,
    target === undefined ? "" : verdict(median(ratios) >= target),
  ];
}

function rowsOf({ measurements }: RuntimeResult): { name: RowName; row: Row; all: Figure[] }[] {
  return measurements[0].rows.map((result, index) => {
    const row: Row = ROWS[result.row];
    return {
      name: result.row,
      row,
      all: figures(measurements.map(({ rows }) => rows[index]), row.unit),
    };
  });
}

function runtimeSection(result: RuntimeResult): string {
  const rows = rowsOf(result).filter(({ name }) => !isLongRow(name));
  const regrets = regretsOf(result.measurements.map(({ rows }) => rows));
  const comparisons = rows.flatMap(({ row, all }) => {
    const single = all.map(({ name }) => name).filter((name) => !name.startsWith("ours"));
    const several = row.targets.map(({ against }) => against).filter(({ length }) => length > 1);
    return [...single.map((name) => [name]), ...several]
      .map((against) => comparison(row, all, against, result.name))
      .filter((cells) => cells !== undefined);
  });
  const everyone = rows.flatMap(({ row, all }) =>
    all.map(({ name, medians, least, most }) => [
      row.title,
      name,
      `${digits(median(medians))} ${row.unit} a ${row.item}`,
      `${digits(least)} to ${digits(most)}`,
    ])
  );
  return [
    `## ${result.measurements[0].versions}`,
    table(
      ["what", "ours:", "against", "theirs:", "ratio:", "least to most:", "target:", ""],
      comparisons,
    ),
    "Every contestant, and its fastest and slowest round of all:",
    table(["what", "contestant", "median:", "fastest to slowest:"], everyone),
    ...regrets.length ? regretTable(regrets) : [],
  ].join("\n\n");
}

function regretTable(regrets: readonly Regret[]): string[] {
  const { summary, rows } = regretCells(regrets);
  return [summary, table(["what", "regret:", "the fastest", ""], rows)];
}

/** Every absence once, with the rows that it is of and the runtimes. */
function absences(results: readonly RuntimeResult[]): string[] {
  const places = new Map<string, { rows: Set<string>; runtimes: Set<string> }>();
  for (const { measurements, name: runtime } of results) {
    for (const { row, absent } of measurements[0].rows) {
      for (const { name, reason } of absent) {
        const what = `${name}: ${reason}`;
        const place = places.get(what) ?? { rows: new Set(), runtimes: new Set() };
        places.set(what, place);
        place.rows.add(row);
        place.runtimes.add(runtime);
      }
    }
  }
  return [...places].map(([what, { rows, runtimes }]) =>
    `${what} (${[...rows].join(", ")}; in ${[...runtimes].join(", ")})`
  );
}

/** A section of figures that have to stay under a limit. */
export interface SimpleSection {
  /** Its title. */
  readonly title: string;
  /** The headings of the cells and of the figure. */
  readonly head: readonly string[];
  /** The figures. */
  readonly results: readonly SimpleResult[];
  /** The figures' unit. */
  readonly unit: "ms" | "bytes" | "ratio";
  /** A figure with a unit to read. */
  text(value: number): string;
}

function simpleSection({ title, head, results, text }: SimpleSection): string {
  const rows = results.map(({ cells, value, limit }) => [
    ...cells,
    text(value),
    limit === undefined ? "" : `under ${text(limit)}`,
    limit === undefined ? "" : verdict(value < limit),
  ]);
  return `## ${title}\n\n${table([...head, "target:", ""], rows)}`;
}

/** The whole report. */
export function report(
  about: readonly string[],
  results: readonly RuntimeResult[],
  sections: readonly SimpleSection[],
  missing: readonly string[],
): string {
  const notHere = [...missing, ...absences(results)];
  return [
    "# Speed, compared",
    ...about,
    ...results.filter(({ measurements }) => measurements[0].rows.length).map(runtimeSection),
    ...sections.map(simpleSection),
    notHere.length ? "## Who did not take part" : "Nobody was missing.",
    notHere.map((line) => `- ${line}`).join("\n"),
  ].filter(Boolean).join("\n\n") + "\n";
}

/**
 * The data of the report, for programs: what `bench/results.json` holds. The
 * names of contestants, and the titles of rows, are those of the report.
 */
export interface ResultsFile {
  /** What the file is. */
  readonly format: "ironfern-comparison";
  /** The version of this shape: higher when a field changes its meaning or goes. */
  readonly version: 1;
  /** How it was measured, and on what: the report's paragraphs, without Markdown. */
  readonly about: readonly string[];
  /** What each runtime gave. */
  readonly runtimes: readonly {
    /** `deno`, `node` or `bun`. */
    readonly runtime: RuntimeName;
    /** The runtime and its parts, with their versions. */
    readonly versions: string;
    /** The rows that were measured. */
    readonly rows: readonly {
      /** The row's stable name. */
      readonly row: RowName;
      /** What is done. */
      readonly title: string;
      /** The unit of all figures here. */
      readonly unit: Row["unit"];
      /** What a figure is the time of. */
      readonly item: string;
      /** The name of the contestant that stands for us. */
      readonly ours: string;
      /** Everybody: the median of the medians, the fastest and the slowest round. */
      readonly contestants: readonly {
        readonly name: string;
        readonly median: number;
        readonly least: number;
        readonly most: number;
      }[];
    }[];
  }[];
  /** The sections of single figures, with a limit where they have one. */
  readonly sections: readonly {
    readonly title: string;
    readonly unit: SimpleSection["unit"];
    readonly figures: readonly {
      /** What the figure is of: the cells before it. */
      readonly cells: readonly string[];
      readonly value: number;
      readonly limit?: number;
    }[];
  }[];
  /** Who did not take part, and why. */
  readonly missing: readonly string[];
}

/** The data of the report. */
export function resultsFile(
  about: readonly string[],
  results: readonly RuntimeResult[],
  sections: readonly SimpleSection[],
  missing: readonly string[],
): ResultsFile {
  return {
    format: "ironfern-comparison",
    version: 1,
    about: about.map((text) => text.replaceAll("`", "")),
    runtimes: results.filter(({ measurements }) => measurements[0].rows.length).map((result) => ({
      runtime: result.name,
      versions: result.measurements[0].versions,
      rows: rowsOf(result).map(({ row: { title, unit, item, ours }, name, all }) => ({
        row: name,
        title,
        unit,
        item,
        ours,
        contestants: all.map(({ name, medians, least, most }) => ({
          name,
          median: median(medians),
          least,
          most,
        })),
      })),
    })),
    sections: sections.map(({ title, unit, results }) => ({ title, unit, figures: results })),
    missing: [...missing, ...absences(results)],
  };
}

/** The names of the rows that the suite has. */
export const SUITE_ROWS = Object.keys(ROWS) as RowName[];
