/// <reference lib="dom" />
/**
 * The KDF lab: measures what a key costs in this browser. `?target=`, `?hash=`,
 * `?rounds=` and `?device=` fill in the form.
 *
 * @module
 */

import { availableBackends, calibrate, type Calibration, type Hash } from "../../mod.ts";
import { count } from "./text.ts";
import { draw, element, say, showAttack, showBackends, showResults } from "./view.ts";

const start = element<HTMLButtonElement>("start");
const stop = element<HTMLButtonElement>("stop");
const progress = element<HTMLProgressElement>("progress");
const target = element<HTMLInputElement>("target");
const hash = element<HTMLSelectElement>("hash");
const device = element<HTMLInputElement>("device");
const cards = element<HTMLInputElement>("cards");
const parameters = new URLSearchParams(location.search);
const rounds = roundsOf(parameters.get("rounds"));

let running: AbortController | undefined;
let last: Calibration | undefined;
/** The last number of cards that can be. */
let cardCount = 1;

/** Rounds as the address asks for them; what `calibrate` would refuse is left out. */
function roundsOf(asked: string | null): number {
  return /^\d{1,2}$/.test(asked ?? "") && Number(asked) >= 3 ? Number(asked) : 7;
}

/**
 * The browser and its system, as far as they say so, and four digits: many devices
 * say the same.
 */
function deviceName(): string {
  const { userAgent } = navigator;
  const [, browser = "a browser", version = ""] =
    userAgent.match(/(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/) ?? [];
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera", Version: "Safari" };
  const [system = "an unknown system"] =
    userAgent.match(/Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux/) ?? [];
  const digits = crypto.getRandomValues(new Uint16Array(1))[0].toString(16).padStart(4, "0");
  return `${names[browser] ?? browser} ${version} on ${system}, ${digits}`;
}

function setRunning(controller: AbortController | undefined): void {
  const hadFocus = document.activeElement === (controller ? start : stop);
  running = controller;
  start.disabled = !!controller;
  stop.disabled = !controller;
  progress.hidden = !controller;
  say("steps", controller && "");
  // A button that is switched off loses the focus, and the keyboard its place.
  if (hadFocus) (controller ? stop : start).focus();
}

/** Takes the number of cards, or says that it cannot be and what still counts. */
function readCards(): void {
  const { valid } = cards.validity;
  if (valid) cardCount = cards.valueAsNumber;
  cards.ariaInvalid = String(!valid);
  say(
    "cards-failure",
    valid ? undefined : "Cannot count so many cards: expected an integer from 1 to 1,000,000. " +
      `What is shown is still for ${count(cardCount)}.`,
  );
}

/** Fills a field, unless the value is none for it. */
function fillIn(field: HTMLInputElement | HTMLSelectElement, value: string | null): void {
  if (!value) return;
  // A browser complains of what a number's field cannot take.
  if (field.type === "number" && !/^\d+(\.\d+)?$/.test(value)) return;
  const before = field.value;
  field.value = value;
  if (!field.checkValidity() || field.value !== value) field.value = before;
}

async function measure(): Promise<void> {
  const controller = new AbortController();
  setRunning(controller);
  say("failure", undefined);
  say("status", "Measuring");
  let quarter = 0;
  try {
    const calibration = await calibrate({
      targetMs: target.valueAsNumber,
      hash: hash.value as Hash,
      device: device.value,
      rounds,
      signal: controller.signal,
      onProgress(done, total = done) {
        progress.max = total;
        progress.value = done;
        say("steps", `${done} of ${total}`);
        // Those who listen need not hear every step.
        if (Math.floor(4 * done / total) === quarter) return;
        quarter = Math.floor(4 * done / total);
        say("status", `Measuring, ${25 * quarter} % done`);
      },
    });
    last = calibration;
    showResults(calibration, rounds);
    showAttack(calibration, cardCount);
    draw(calibration, cardCount);
    say("status", "Measured. The results are below.");
  } catch (error) {
    if (controller.signal.aborted) {
      say("status", last ? "Stopped. The results below are of before." : "Stopped.");
    } else {
      say("status", "Not measured.");
      say("failure", error instanceof Error ? error.message : String(error));
    }
  } finally {
    setRunning(undefined);
  }
}

/** The results as a file, whose `measurements` are `others` of `calibrate`. */
function download(calibration: Calibration): void {
  const { userAgent, hardwareConcurrency } = navigator;
  const content = {
    format: "ironfern-calibration",
    version: 1,
    date: new Date().toISOString(),
    userAgent,
    hardwareConcurrency,
    rounds,
    ...calibration,
  };
  const url = URL.createObjectURL(
    new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: "application/json" }),
  );
  const words = calibration.measurements[0].device.match(/[\p{L}\p{N}]+/gu) ?? ["device"];
  const anchor = Object.assign(document.createElement("a"), {
    href: url,
    download: `ironfern-calibration-${words.join("-")}.json`,
  });
  anchor.click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(element("snippet").textContent ?? "");
    say("copied", "Copied.");
  } catch {
    getSelection()?.selectAllChildren(element("snippet"));
    say("copied", "The browser does not let the page copy: the code is selected, so press Ctrl+C.");
  }
}

function redraw(): void {
  if (last) draw(last, cardCount);
}

device.value = deviceName();
fillIn(target, parameters.get("target"));
fillIn(device, parameters.get("device"));
fillIn(hash, parameters.get("hash"));
showBackends(availableBackends());
element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!running) measure();
});
stop.addEventListener("click", () => running?.abort());
element("copy").addEventListener("click", copy);
element("export").addEventListener("click", () => last && download(last));
cards.addEventListener("input", () => {
  readCards();
  if (last) showAttack(last, cardCount);
  redraw();
});
new ResizeObserver(redraw).observe(element("results"));
