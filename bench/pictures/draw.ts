/// <reference lib="dom" />
/**
 * A row of the comparison as a picture: a line for each contestant, a column for
 * each runtime, a dot for the time on a logarithmic scale.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { ResultsFile } from "../compare/report.ts";
import type { RowName } from "../compare/rows.ts";

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

const RUNTIME_NAMES = { deno: "Deno", node: "Node", bun: "Bun" } as const;
const FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', sans-serif";
const WIDTH = 860;
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

/**
 * Draws a row.
 *
 * @returns The SVG's text, or `undefined` where the row was not measured.
 */
export function drawRow(
  { runtimes }: ResultsFile,
  name: RowName,
  theme: Theme,
): string | undefined {
  const measured = runtimes.flatMap(({ runtime, rows }) =>
    rows.filter(({ row }) => row === name).map((row) => ({ runtime, row }))
  );
  if (!measured.length) return undefined;
  const [{ row: { title, unit, item } }] = measured;
  const points = measured.flatMap(({ runtime, row }) =>
    row.contestants.map((each): Point => ({
      name: contestantName(each.name),
      runtime: RUNTIME_NAMES[runtime],
      median: each.median,
      ours: each.name.startsWith("ours"),
    }))
  );
  const names = byFastest(points);
  const all = points.map(({ median }) => median);
  // Room at the right for the figure beside the slowest dot.
  const domain = [Math.min(...all) / 1.5, Math.max(...all) * 7];
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const color = ({ ours }: Point) => ours ? theme.ours : theme.ink;
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: 68 + LINE_HEIGHT * names.length,
    marginLeft: NAMES_WIDTH,
    marginTop: 52,
    marginBottom: 12,
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
      Plot.ruleY(points, {
        y: "name",
        fx: "runtime",
        x1: domain[0],
        x2: "median",
        stroke: theme.line,
        strokeWidth: 1.5,
      }),
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
  return toText(svg, `${title}: time for a ${item}, shorter is better`, theme);
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

function toText(svg: Element, label: string, theme: Theme): string {
  const namespace = "http://www.w3.org/2000/svg";
  svg.querySelector("style")?.remove();
  svg.setAttribute("xmlns", namespace);
  svg.setAttribute("role", "img");
  const title = svg.ownerDocument.createElementNS(namespace, "title");
  title.textContent = label;
  const heading = svg.ownerDocument.createElementNS(namespace, "text");
  heading.textContent = `${label} (logarithmic scale)`;
  for (
    const [name, value] of Object.entries({
      x: "0",
      y: "14",
      "text-anchor": "start",
      fill: theme.quiet,
    })
  ) {
    heading.setAttribute(name, value);
  }
  svg.prepend(title, heading);
  return `${svg.outerHTML.replaceAll("><g", ">\n<g")}\n`;
}
