/// <reference lib="dom" />
/**
 * The two plots. Their colours are the page's own, so that they follow its theme
 * with no second drawing.
 *
 * @module
 */

import * as Plot from "@observablehq/plot";
import type { BackendName, CalibrationMeasurement } from "../../mod.ts";
import {
  attackCost,
  type Attacker,
  describeDuration,
  PASSPHRASE_BITS,
  YEAR,
} from "../../src/calibration/attack_cost.ts";
import { count, duration, shortDuration } from "./text.ts";

/** How a line is drawn: by dashes too, for those who cannot tell colours. */
export interface LineStyle {
  readonly stroke: string;
  readonly dash?: string;
}

/** How each backend is drawn. */
export const STYLE: Readonly<Record<BackendName, LineStyle>> = {
  wasm: { stroke: "var(--wasm)" },
  webcrypto: { stroke: "var(--webcrypto)", dash: "8 4" },
  portable: { stroke: "var(--portable)", dash: "2 4" },
  node: { stroke: "var(--quiet)" },
};

/** How the lines of the attack are drawn, the count's own first. */
export const ATTACK_STYLE: readonly LineStyle[] = [
  { stroke: "var(--accent)" },
  { stroke: "var(--ink)", dash: "8 4" },
  { stroke: "var(--quiet)", dash: "2 4" },
];

const SHORT = new Intl.NumberFormat("en", { notation: "compact" });

/** The next power of ten, downwards or upwards. */
function decade(value: number, round: (value: number) => number): number {
  return 10 ** round(Math.log10(value));
}

/** The powers of ten from one to another. */
function decades([from, to]: readonly [number, number]): number[] {
  const first = Math.round(Math.log10(from));
  return Array.from(
    { length: Math.round(Math.log10(to)) - first + 1 },
    (_, at) => 10 ** (first + at),
  );
}

function plot(width: number, label: string, options: Plot.PlotOptions): SVGElement {
  const svg = Plot.plot({
    width,
    height: Math.round(Math.min(400, Math.max(280, width * 0.6))),
    marginLeft: 64,
    marginRight: 14,
    marginTop: 14,
    marginBottom: 42,
    style: { fontSize: "13px", background: "none", color: "var(--ink)" },
    ...options,
  }) as SVGElement;
  // Plot's own sheet: the page's Content-Security-Policy takes its own file only.
  svg.querySelector("style")?.remove();
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  return svg;
}

/** A label over lines, with a halo so that they do not run through it. */
function label(text: string, fill: string, options: Plot.TextOptions): Plot.Text {
  const halo = { stroke: "var(--paper)", strokeWidth: 5 };
  return Plot.text([text], { fontWeight: 600, ...halo, fill, ...options });
}

/** What the plot of times shows. */
export interface TimeChart {
  /** What was measured. */
  readonly measurements: readonly CalibrationMeasurement[];
  /** Milliseconds to stay under. */
  readonly targetMs: number;
  /** The floor's iterations, 0 for none. */
  readonly floor: number;
}

/** The time of a key against its iterations. */
export function timeChart(width: number, { measurements, targetMs, floor }: TimeChart): SVGElement {
  const counts = measurements.map(({ iterations }) => iterations);
  const x: [number, number] = [
    decade(Math.min(...counts) / 1.5, Math.floor),
    decade(Math.max(...counts, floor) * 1.5, Math.ceil),
  ];
  const milliseconds = (each: CalibrationMeasurement, iterations: number) =>
    1_000 * iterations / each.iterationsPerSecond;
  const all = measurements.flatMap((each) => x.map((iterations) => milliseconds(each, iterations)));
  const y: [number, number] = [
    decade(Math.min(...all, targetMs), Math.floor),
    decade(Math.max(...all, targetMs), Math.ceil),
  ];
  const description = "The time of one key against its iterations: " +
    measurements.map(({ backend, iterations, median }) =>
      `${backend}, ${count(iterations)} iterations in ${duration(median)}`
    ).join("; ");
  // The labels keep apart, and off the figures at the left: the target's is at the
  // right end, the floor's at the end of its line that is further from the target.
  const share = (value: number, [from, to]: readonly [number, number]) =>
    Math.log(value / from) / Math.log(to / from);
  const isTargetHigh = share(targetMs, y) > 0.5;
  const isFloorLeft = share(floor, x) < 0.5;
  const isFloorAtEnd = share(floor, x) > 0.75;
  return plot(width, description, {
    x: { type: "log", domain: x, label: null },
    y: { type: "log", domain: y, label: null },
    marks: [
      Plot.gridX(decades(x), { stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.gridY(decades(y), { stroke: "var(--line)", strokeOpacity: 1 }),
      // Of what `tickFormat` gives, Plot leaves some out on a logarithmic scale.
      Plot.axisX(decades(x), { text: (value) => SHORT.format(value), tickSize: 0 }),
      Plot.axisY(decades(y), { text: shortDuration, tickSize: 0 }),
      Plot.text(["iterations"], {
        frameAnchor: "bottom-right",
        dy: 36,
        fill: "var(--quiet)",
      }),
      Plot.ruleY([targetMs], { stroke: "var(--accent)", strokeWidth: 1.5 }),
      ...(floor ? [Plot.ruleX([floor], { stroke: "var(--ink)", strokeWidth: 1.5 })] : []),
      ...measurements.map((each) =>
        Plot.line(x.map((iterations) => [iterations, milliseconds(each, iterations)]), {
          stroke: STYLE[each.backend].stroke,
          strokeDasharray: STYLE[each.backend].dash,
          strokeWidth: 2,
        })
      ),
      ...measurements.map(({ backend, iterations, median }) =>
        Plot.dot([[iterations, median]], {
          fill: STYLE[backend].stroke,
          stroke: "var(--paper)",
          strokeWidth: 1.5,
          r: 5,
        })
      ),
      label(shortDuration(targetMs), "var(--accent)", {
        x: isFloorAtEnd ? floor : x[1],
        y: targetMs,
        textAnchor: "end",
        dx: -6,
        dy: isTargetHigh ? 11 : -10,
      }),
      ...(floor
        ? [
          label(`floor ${count(floor)}`, "var(--ink)", {
            x: floor,
            y: isTargetHigh ? y[0] : y[1],
            textAnchor: isFloorLeft ? "start" : "end",
            dx: isFloorLeft ? 6 : -6,
            dy: isTargetHigh ? -10 : 10,
          }),
        ]
        : []),
    ],
  });
}

/** Seconds that people have a name for. */
const TICKS: readonly (readonly [seconds: number, name: string])[] = [
  [0.01, "10 ms"],
  [1, "1 second"],
  [60, "1 minute"],
  [3_600, "1 hour"],
  [86_400, "1 day"],
  [30 * 86_400, "1 month"],
  [YEAR, "1 year"],
  [100 * YEAR, "100 years"],
  [10_000 * YEAR, "10,000 y"],
  [1e6 * YEAR, "1 million y"],
];

/** What the plot of the attack shows. */
export interface AttackChart {
  /** Iterations, each a line, in the order of their {@linkcode ATTACK_STYLE}. */
  readonly counts: readonly number[];
  /** Who attacks. */
  readonly attacker: Attacker;
  /** How many cards. */
  readonly cards: number;
}

/** The time until a passphrase is found against its bits. */
export function attackChart(width: number, { counts, attacker, cards }: AttackChart): SVGElement {
  const seconds = (iterations: number, bits: number) =>
    attackCost({ iterations, bits, attacker, devices: cards }).meanSeconds;
  const bits = [PASSPHRASE_BITS[0], PASSPHRASE_BITS[PASSPHRASE_BITS.length - 1]];
  const all = counts.flatMap((iterations) => bits.map((each) => seconds(iterations, each)));
  const y = [Math.min(...all) / 2, Math.max(...all) * 2];
  const ticks = TICKS.filter(([value]) => value >= y[0] && value <= y[1]);
  const names = new Map(ticks);
  const description = "The time until a passphrase is found against its bits: " +
    PASSPHRASE_BITS.map((each) => `${each} bits, ${describeDuration(seconds(counts[0], each))}`)
      .join("; ");
  return plot(width, description, {
    marginLeft: 88,
    x: { domain: bits, label: null },
    y: { type: "log", domain: y, label: null },
    marks: [
      Plot.gridX(PASSPHRASE_BITS, { stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.gridY([...names.keys()], { stroke: "var(--line)", strokeOpacity: 1 }),
      Plot.axisX(PASSPHRASE_BITS, { tickSize: 0 }),
      Plot.axisY([...names.keys()], {
        text: (value) => names.get(value),
        tickSize: 0,
      }),
      Plot.text(["bits of passphrase"], {
        frameAnchor: "bottom-right",
        dy: 36,
        fill: "var(--quiet)",
      }),
      ...counts.map((iterations, index) => {
        const { stroke, dash } = ATTACK_STYLE[index];
        const points = bits.map((each) => [each, seconds(iterations, each)]);
        return Plot.line(points, { stroke, strokeDasharray: dash, strokeWidth: 2 });
      }),
    ],
  });
}
