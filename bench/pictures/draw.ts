/// <reference lib="dom" />
/**
 * A row of the comparison as a picture: a line for each contestant, a column for
 * each runtime and one for Python, a dot for the time on a logarithmic scale.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { ResultsFile } from "../compare/report.ts";
import { type RowName, THEIRS } from "../compare/rows.ts";
import { median } from "../../src/calibration/statistics.ts";

/** The colours of a theme. */
export interface Theme {
  /** Of text. */
  readonly ink: string;
  /** Of what matters less. */
  readonly quiet: string;
  /** Of lines to find one's way by. */
  readonly line: string;
  /** Of what is ours. */
  readonly ours: string;
}

/** GitHub's two backgrounds are the ones to be read on. */
export const THEMES: Readonly<Record<"light" | "dark", Theme>> = {
  light: { ink: "#1f2328", quiet: "#59636e", line: "#d1d9e0", ours: "#b3470b" },
  dark: { ink: "#f0f6fc", quiet: "#9198a1", line: "#3d444d", ours: "#f2924a" },
};

/** Contestants that run in none of the runtimes, but beside each of them. */
const PYTHON: readonly string[] = [THEIRS.pyca, THEIRS.hashlib];
const RUNTIME_NAMES = { deno: "Deno", node: "Node", bun: "Bun" } as const;
const FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', sans-serif";
const WIDTH = 900;
const LINE_HEIGHT = 25;
const NAMES_WIDTH = 222;

interface Point {
  readonly name: string;
  readonly runtime: string;
  readonly median: number;
  readonly ours: boolean;
}

/** Three digits or so. */
function digits(value: number): string {
  const fraction = value < 10 ? 2 : value < 100 ? 1 : 0;
  const options = { minimumFractionDigits: fraction, maximumFractionDigits: fraction };
  return value.toLocaleString("en", options);
}

function contestantName(name: string): string {
  return name.replace(/^ours, (.+?)( \(noble\))?$/, "Ironfern, $1");
}

/** What is measured beside several runtimes is one thing, with the median of its figures. */
function pythonPoints(points: readonly Point[]): Point[] {
  const found = points.filter(({ name }) => PYTHON.includes(name));
  return [...new Set(found.map(({ name }) => name))].map((name) => ({
    name,
    runtime: "Python",
    median: median(found.filter((point) => point.name === name).map(({ median }) => median)),
    ours: false,
  }));
}

/** The machine, as the comparison's second paragraph begins with it. */
function machineOf(about: readonly string[]): string | undefined {
  return about.join("\n").match(/^(.+?); load average/m)?.[1];
}

/**
 * Draws a row.
 *
 * @returns The SVG's text, or `undefined` where the row was not measured.
 */
export function drawRow(
  { about, runtimes }: ResultsFile,
  name: RowName,
  theme: Theme,
): string | undefined {
  const measured = runtimes.flatMap(({ runtime, rows }) =>
    rows.filter(({ row }) => row === name).map((row) => ({ runtime, row }))
  );
  if (!measured.length) return undefined;
  const [{ row: { title, unit, item } }] = measured;
  const measurements = measured.flatMap(({ runtime, row }) =>
    row.contestants.map((each): Point => ({
      name: contestantName(each.name),
      runtime: RUNTIME_NAMES[runtime],
      median: each.median,
      ours: each.name.startsWith("ours"),
    }))
  );
  const points = [
    ...measurements.filter(({ name }) => !PYTHON.includes(name)),
    ...pythonPoints(measurements),
  ];
  const names = byFastest(points);
  const all = points.map(({ median }) => median);
  // Room at the right for the figure beside the slowest dot.
  const domain = [Math.min(...all) / 1.5, Math.max(...all) * 20];
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const color = ({ ours }: Point) => ours ? theme.ours : theme.ink;
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: 88 + LINE_HEIGHT * names.length,
    marginLeft: NAMES_WIDTH,
    marginTop: 52,
    marginBottom: 32,
    marginRight: 4,
    style: { background: "none", color: theme.ink, fontFamily: FONT, fontSize: "13px" },
    x: { type: "log", domain, axis: null },
    y: { domain: names, label: null, tickSize: 0, padding: 0.5 },
    fx: {
      domain: [...new Set(points.map(({ runtime }) => runtime))],
      label: null,
      padding: 0.06,
    },
    marks: [
      Plot.axisFx({ anchor: "top", fontWeight: 600, fill: theme.ink, dy: -2, tickSize: 0 }),
      // Between the lines: one to a dot would have a length, which means nothing here.
      Plot.ruleY(names, { dy: LINE_HEIGHT / 2, stroke: theme.line }),
      Plot.axisY({
        tickSize: 0,
        textAnchor: "end",
        fill: (name: string) => color(points.find((point) => point.name === name)!),
      }),
      Plot.dot(points, { x: "median", y: "name", fx: "runtime", fill: color, r: 4.5 }),
      Plot.text(points, {
        x: "median",
        y: "name",
        fx: "runtime",
        text: ({ median }: Point) => `${digits(median)} ${unit}`,
        textAnchor: "start",
        dx: 9,
        fill: color,
      }),
    ],
  });
  const machine = machineOf(about);
  const notes = [
    ...machine ? [`Machine: ${machine}`] : [],
    ...names.some((name) => PYTHON.includes(name))
      ? ["Python was measured beside each runtime: its median"]
      : [],
  ];
  return toText(svg, `${title}: time for a ${item}, less is better`, notes.join(". "), theme);
}

/** The names, the fastest first, by the geometric mean over the runtimes. */
function byFastest(points: readonly Point[]): string[] {
  const mean = (name: string) => {
    const logs = points.filter((point) => point.name === name).map(({ median }) =>
      Math.log(median)
    );
    return logs.reduce((sum, log) => sum + log, 0) / logs.length;
  };
  return [...new Set(points.map(({ name }) => name))].sort((a, b) => mean(a) - mean(b));
}

function toText(
  svg: Element,
  label: string,
  notes: string,
  theme: Theme,
): string {
  const namespace = "http://www.w3.org/2000/svg";
  svg.querySelector("style")?.remove();
  svg.setAttribute("xmlns", namespace);
  svg.setAttribute("role", "img");
  const title = svg.ownerDocument.createElementNS(namespace, "title");
  title.textContent = label;
  const line = (text: string, y: number) => {
    const made = svg.ownerDocument.createElementNS(namespace, "text");
    made.textContent = text;
    const attributes = { x: "0", y: String(y), "text-anchor": "start", fill: theme.quiet };
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  svg.prepend(title, line(`${label} (logarithmic scale)`, 14));
  if (notes) svg.append(line(notes, Number(svg.getAttribute("height")) - 6));
  return `${svg.outerHTML.replaceAll("><g", ">\n<g")}\n`;
}
