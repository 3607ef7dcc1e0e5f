/// <reference lib="dom" />
/**
 * What the page shows of a calibration.
 *
 * @module
 */

import type { BackendName, Calibration, CalibrationMeasurement } from "../../mod.ts";
import { BACKEND_NAMES } from "../../src/backends/names.ts";
import {
  ATTACK_ASSUMPTIONS,
  attackCost,
  ATTACKERS,
  describeDuration,
  PASSPHRASE_BITS,
} from "../../src/calibration/attack_cost.ts";
import {
  FLOOR_NOTES,
  FLOOR_SOURCE,
  ITERATION_FLOORS,
  type Source,
} from "../../src/calibration/floors.ts";
import { ATTACK_STYLE, attackChart, type LineStyle, STYLE, timeChart } from "./charts.ts";
import { count, duration, percent, shortDuration, snippet, speed, WAYS } from "./text.ts";

/** The page's element of that id, which its HTML has. */
export function element<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`There is no element #${id}`);
  return found as E;
}

/** Shows a text, or hides its element where there is none. */
export function say(id: string, text: string | undefined): void {
  element(id).textContent = text ?? "";
  element(id).hidden = text === undefined;
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A short line in a stroke's colour and dashes. */
function swatch({ stroke, dash }: LineStyle): SVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(namespace, "line");
  const attributes = { x1: "0", x2: "100%", y1: "50%", y2: "50%", "stroke-width": "3", stroke };
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value);
  if (dash) line.setAttribute("stroke-dasharray", dash);
  svg.append(line);
  return svg;
}

/** The ways to derive a key in a browser, and why one of them is not here. */
export function showBackends(here: readonly BackendName[]): void {
  const ways = BACKEND_NAMES.filter((name) => name !== "node").map((name) => {
    const item = here.includes(name)
      ? make("li", {}, swatch(STYLE[name]), WAYS[name])
      : make("li", { className: "absent" }, `${WAYS[name]}: ${absence(name)}`);
    item.dataset.backend = name;
    return item;
  });
  element("backends").replaceChildren(...ways);
}

function absence(name: BackendName): string {
  if (name === "webcrypto") return "not here, as on pages that did not come over HTTPS";
  return typeof WebAssembly === "undefined" ? "not in this browser" : "not allowed here";
}

/** A number that a script can read exactly and a person at ease. */
function figure(value: number, text: string, field: string, extra = ""): HTMLTableCellElement {
  const data = make("data", { value: String(value) }, text);
  data.dataset.field = field;
  return make("td", { className: `number ${extra}`.trim() }, data);
}

function link({ title, url, date }: Source): Node[] {
  return [make("a", { href: url, rel: "noreferrer" }, title), new Text(`, ${date}`)];
}

/** Everything of a calibration but the plots. */
export function showResults(calibration: Calibration, rounds: number): void {
  const { measurements, recommended, targetMs, hash } = calibration;
  const answer = element<HTMLDataElement>("recommended");
  answer.value = String(recommended);
  answer.textContent = count(recommended);
  element("reason").replaceChildren(...reason(calibration));
  const note = FLOOR_NOTES[hash];
  say("floor-note", note && `${note}.`);
  const noisy = measurements.filter((each) => each.noisy).map(({ backend }) => WAYS[backend]);
  say(
    "noise",
    noisy.length
      ? `The machine was too busy to trust the figures of ${noisy.join(", ")}: measure again.`
      : undefined,
  );
  const floor = ITERATION_FLOORS[hash];
  element("table-title").textContent = `PBKDF2-HMAC-${hash.replace("-", "")} in this browser`;
  element("fits-head").textContent = `iterations in ${shortDuration(targetMs)}`;
  element("floor-head").textContent = `${count(floor)} iterations`;
  element("rounds").textContent = count(rounds);
  element("rows").replaceChildren(...measurements.map((each) => row(each, floor)));
  element("snippet").textContent = snippet(calibration);
  element("use").textContent = hash === "SHA-256"
    ? "A sealed export (sealFile, sealExport) takes the count as its iterations, and its header " +
      "records them."
    : "Fernet.fromPassphrase, sealed exports and encrypt derive with SHA-256 only, so this count " +
      "is for pbkdf2.";
  const legend = measurements.map(({ backend }) =>
    make("span", {}, swatch(STYLE[backend]), WAYS[backend])
  );
  element("time-legend").replaceChildren(...legend);
  element("results").hidden = false;
}

function row(each: CalibrationMeasurement, floor: number): HTMLTableRowElement {
  const { backend, measured, iterationsPerSecond, spread } = each;
  const floorMs = 1_000 * floor / iterationsPerSecond;
  const made = make(
    "tr",
    {},
    make("th", { scope: "row" }, WAYS[backend]),
    figure(measured, count(measured), "measured"),
    figure(iterationsPerSecond, speed(iterationsPerSecond), "iterationsPerSecond", "roomy"),
    figure(floorMs, duration(floorMs), "floorMs"),
    figure(spread, percent(spread), "spread"),
  );
  made.dataset.backend = backend;
  return made;
}

function reason({ backend, recommendedMs, targetMs, floorApplied, hash }: Calibration): Node[] {
  const time = `They take ${duration(recommendedMs)} here with ${WAYS[backend]}`;
  if (!floorApplied) {
    return [
      new Text(
        `${time}, the fastest of the ways below: as many as fit ${
          shortDuration(targetMs)
        }, rounded down.`,
      ),
    ];
  }
  return [
    new Text(
      `${time}, which is over your ${shortDuration(targetMs)}: fewer would fit, but fewer than ` +
        `${count(ITERATION_FLOORS[hash])} are not to be recommended (`,
    ),
    ...link(FLOOR_SOURCE),
    new Text(")."),
  ];
}

/** The iterations that the attack is told for: this count's, the floor, Flet's old one. */
function attackCounts({ recommended, hash }: Calibration): number[] {
  const others = hash === "SHA-256" ? [ITERATION_FLOORS[hash], 100_000] : [ITERATION_FLOORS[hash]];
  return [...new Set([recommended, ...others])];
}

/** What of the attack does not depend on the page's width. */
export function showAttack(calibration: Calibration, cards: number): void {
  const attacker = ATTACKERS[calibration.hash];
  const counts = attackCounts(calibration);
  const legend = counts.map((iterations, index) =>
    make("span", {}, swatch(ATTACK_STYLE[index]), `${count(iterations)} iterations`)
  );
  element("attack-legend").replaceChildren(...legend);
  const { recommended: iterations } = calibration;
  const cost = (bits: number) => attackCost({ iterations, bits, attacker, devices: cards });
  const guesses = count(cost(0).guessesPerSecond);
  element("attack-table-title").textContent = `${count(iterations)} iterations, ` +
    `${guesses} guesses a second on ${count(cards)} ${cards === 1 ? "card" : "cards"}`;
  element("attack-rows").replaceChildren(...PASSPHRASE_BITS.map((bits) => {
    const { meanSeconds, wholeSeconds } = cost(bits);
    return make(
      "tr",
      {},
      make("th", { scope: "row" }, `${bits} bits`),
      figure(meanSeconds, describeDuration(meanSeconds), "meanSeconds"),
      figure(wholeSeconds, describeDuration(wholeSeconds), "wholeSeconds"),
    );
  }));
  element("assumptions").replaceChildren(
    make("li", {}, `${attacker.device}; ${attacker.program}`),
    make("li", {}, `${attacker.figure} (`, ...link(attacker.source), ")"),
    ...ATTACK_ASSUMPTIONS.map((text) => make("li", {}, text)),
  );
}

/** Draws both plots, as wide as there is room. */
export function draw(calibration: Calibration, cards: number): void {
  const { measurements, targetMs, hash } = calibration;
  const fill = (id: string, chart: (width: number) => SVGElement) => {
    const width = element(id).clientWidth;
    if (width) element(id).replaceChildren(chart(width));
  };
  const floor = ITERATION_FLOORS[hash];
  fill("time-chart", (width) => timeChart(width, { measurements, targetMs, floor }));
  fill("attack-chart", (width) =>
    attackChart(width, {
      counts: attackCounts(calibration),
      attacker: ATTACKERS[hash],
      cards,
    }));
}
