/**
 * The text of `ironfern kdf`, in 80 columns but for addresses.
 *
 * @module
 */

import { describeDuration } from "../../calibration/attack_cost.ts";
import type { Source } from "../../calibration/floors.ts";
import { ITERATIONS } from "../../export/sealed/format.ts";
import { wrap } from "../spec/help.ts";
import { type BackendFigures, COUNTS, type KdfFigures, KEYS_AT_ONCE } from "./figures.ts";

const BAR = 48;
const COLUMNS = [9, 11, 11, 11, 14, 12, 12] as const;
const ATTACK_LABEL = 8;
const ATTACK_COLUMN = 18;

/** All figures, and what they rest on, as a person reads them. */
export function kdfText(figures: KdfFigures): string {
  return [
    `PBKDF2-HMAC-${figures.hash}, keys of 32 bytes, in ${figures.runtime}`,
    "",
    ...speedTable(figures),
    "",
    ...bars(figures.backends),
    "",
    ...recommendation(figures),
    "",
    ...attackTable(figures),
    "",
    "Assumptions about what was measured:",
    ...figures.assumptions.flatMap(item),
    "",
    "Assumptions about the attacker:",
    ...figures.attackAssumptions.flatMap(item),
    "",
    "Sources:",
    ...sourceItem("Floor", figures.floorSource),
    ...sourceItem("Attacker", figures.attacker.source),
  ].join("\n");
}

function speedTable({ backends, targetMs }: KdfFigures): string[] {
  const rate = backends[0].keysPerSecond.iterations;
  return [
    tableRow([
      "",
      "",
      "",
      "one key of so many iterations",
      "iterations",
      "",
      `keys at ${integer(rate)}`,
    ]),
    tableRow([
      "backend",
      ...COUNTS.map(integer),
      `in ${integer(targetMs)} ms`,
      "one by one",
      `${KEYS_AT_ONCE} at once`,
    ]),
    ...backends.map(({ backend, times, iterationsInTarget, keysPerSecond }) =>
      tableRow([
        backend,
        ...times.map(({ ms }) => milliseconds(ms)),
        integer(iterationsInTarget),
        `${rounded(keysPerSecond.oneAtATime)}/s`,
        `${rounded(keysPerSecond.atOnce)}/s`,
      ])
    ),
  ];
}

/** A cell that is too wide takes from the empty ones before it. */
function tableRow([first, ...cells]: readonly string[]): string {
  let line = first;
  let end = COLUMNS[0];
  for (const [index, cell] of cells.entries()) {
    end += COLUMNS[index + 1];
    if (cell) line += cell.padStart(end - line.length);
  }
  return line;
}

function bars(backends: readonly BackendFigures[]): string[] {
  const { iterations } = backends[0].keysPerSecond;
  const most = Math.max(
    ...backends.flatMap(({ keysPerSecond: { oneAtATime, atOnce } }) => [oneAtATime, atOnce]),
  );
  const bar = (name: string, keys: number, rate: number) =>
    `${name.padEnd(COLUMNS[0])} ${String(keys).padStart(2)} ${
      "#".repeat(Math.max(1, Math.round(BAR * rate / most))).padEnd(BAR)
    } ${rounded(rate)}/s`;
  return [
    `Keys a second at ${integer(iterations)} iterations, one by one and ${KEYS_AT_ONCE} at once:`,
    ...backends.flatMap(({ backend, keysPerSecond: { oneAtATime, atOnce } }) => [
      bar(backend, 1, oneAtATime),
      bar("", KEYS_AT_ONCE, atOnce),
    ]),
  ];
}

function recommendation(figures: KdfFigures): string[] {
  const { hash, targetMs, recommended, recommendedMs, backend, auto, floor, floorApplied } =
    figures;
  const noisy = figures.backends.flatMap(({ backend, measurement, batch }) => [
    ...measurement.noisy ? [`${backend} one by one`] : [],
    ...batch.noisy ? [`${backend} ${KEYS_AT_ONCE} at once`] : [],
  ]);
  const why = floorApplied
    ? `, the published floor: more than the target of ${integer(targetMs)} ms`
    : `; the published floor is ${integer(floor)}`;
  return [
    ...wrap(
      `Recommended for ${hash}: ${integer(recommended)} iterations, ${
        milliseconds(recommendedMs)
      } with ${backend}${why}. The backend "auto" takes ${auto}.`,
      0,
    ),
    ...wrap(use(figures), 0),
    ...noisy.length
      ? wrap(
        `Not to be trusted: ${noisy.join(", ")}. The middle half of the rounds (their ` +
          "interquartile range) is wider than 15 % of the median, or the machine changed its " +
          "speed. Measure again when nothing else runs.",
        0,
      )
      : [],
  ];
}

/** What the count is for. */
function use({ hash, recommended }: KdfFigures): string {
  if (hash !== "SHA-256") {
    return `It is for pbkdf2 with the hash ${hash}: all formats here, and ` +
      "Fernet.fromPassphrase, derive with SHA-256.";
  }
  const sealed = recommended <= ITERATIONS.most
    ? `, or ironfern seal --iterations ${recommended}, which records them`
    : "";
  return "Use it with Fernet.fromPassphrase, with the salt and the iterations stored" +
    `${sealed}; the text format of encrypt records none.`;
}

function attackTable({ attacker, attacks }: KdfFigures): string[] {
  const row = (label: string, cells: readonly string[]) => {
    const [first, ...others] = cells;
    const start = label + first.padStart(ATTACK_LABEL + ATTACK_COLUMN - label.length);
    return start + others.map((cell) => cell.padStart(ATTACK_COLUMN)).join("");
  };
  return [
    ...wrap(
      `What an attacker pays with one ${attacker.device} (${attacker.program}; ` +
        `${attacker.figure}): the time until a passphrase is found, on average. The whole ` +
        "search takes twice as long.",
      0,
    ),
    row("iterations", attacks.map(({ iterations }) => integer(iterations))),
    row("guesses", attacks.map(({ guessesPerSecond }) => `${rounded(guessesPerSecond)}/s`)),
    ...attacks[0].searches.map(({ bits }, index) =>
      row(
        `${bits} bits`,
        attacks.map(({ searches }) => describeDuration(searches[index].meanSeconds)),
      )
    ),
  ];
}

function item(text: string): string[] {
  const [first, ...others] = wrap(text, 2);
  return [`- ${first.trimStart()}`, ...others];
}

function sourceItem(what: string, { title, url, date }: Source): string[] {
  return [...item(`${what}: ${title}, ${date}`), `  ${url}`];
}

function integer(number: number): string {
  return number.toLocaleString("en");
}

/** Three significant digits. */
function rounded(number: number): string {
  return number.toLocaleString("en", {
    minimumSignificantDigits: 3,
    maximumSignificantDigits: 3,
  });
}

/** In seconds where milliseconds would be too wide. */
function milliseconds(ms: number): string {
  return ms < 99_950 ? `${rounded(ms)} ms` : `${rounded(ms / 1_000)} s`;
}
