/**
 * Looks for secrets in the kernel's timing:
 *
 *     deno run -A tests/audit/timing.ts [--samples N] [--only TEXT] [--repeat N] [--wasm FILE]
 *
 * Each row is a t-test between two classes of inputs that differ in a secret
 * only. `--only` picks rows of the kernel by their name, `--repeat` takes each of
 * them so many times and shows all, and `--wasm` tests another build.
 *
 * It exits with 1 if a leak made on purpose is not caught, or a difference where
 * there is none, as the other rows then mean nothing; and with 2 if a row of the
 * kernel reaches the threshold.
 */

import { parseArgs } from "node:util";
import { Kernel } from "../../src/kernel/kernel.ts";
import { kernelModule } from "../../src/kernel/load.ts";
import { describeMachine } from "../../bench/machine.ts";
import { leaks } from "./timing/leaks.ts";
import { type Clock, findClock, sample, type Subject } from "./timing/sample.ts";
import { kernelSubjects, nothingToFind } from "./timing/subjects.ts";
import { compareClasses, THRESHOLD } from "./timing/welch.ts";

/** Widths of the columns; the first one is the name's. */
const WIDTHS = [56, 9, 9, 7, 5, 13];

function row(cells: readonly string[]): string {
  const [name, ...figures] = cells;
  const padded = figures.map((figure, index) => figure.padStart(WIDTHS[index + 1] ?? 0));
  return [name.padEnd(WIDTHS[0]), ...padded].join("  ");
}

/** Tests a subject and prints its row; whether |t| reached the threshold. */
function test(subject: Subject, clock: Clock, count: number): boolean {
  const { times, labels } = sample(subject, clock, count);
  const { t, kept, difference, median } = compareClasses(times, labels);
  const detected = Math.abs(t) >= THRESHOLD;
  console.log(row([
    subject.name,
    (times.length / 2).toLocaleString("en"),
    median.toFixed(0),
    Math.abs(t).toFixed(2),
    `${(100 * kept).toFixed(0)}%`,
    difference.toFixed(2),
    detected ? "DIFFERENCE" : "none detected",
  ]));
  return detected;
}

async function openKernel(path: string | undefined): Promise<Kernel> {
  return new Kernel(
    path === undefined ? kernelModule() : new WebAssembly.Module(await Deno.readFile(path)),
  );
}

function toCount(text: string, option: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  console.error(`error: --${option} takes a whole number above 0`);
  Deno.exit(64);
}

const { values } = parseArgs({
  options: {
    samples: { type: "string", default: "100000" },
    only: { type: "string", default: "" },
    repeat: { type: "string", default: "1" },
    wasm: { type: "string" },
  },
});
const samples = toCount(values.samples, "samples");
const repeats = toCount(values.repeat, "repeat");
const kernel = await openKernel(values.wasm);
const subjects = kernelSubjects(kernel).filter(({ name }) => name.includes(values.only));
if (subjects.length === 0) {
  console.error(`error: --only: no row has ${JSON.stringify(values.only)} in its name`);
  Deno.exit(64);
}

const clock = findClock();
console.log(await describeMachine());
console.log(`Clock: ${clock.name}, whose readings are ${clock.step.toFixed(0)} ns apart at least`);
console.log(
  `|t|: the largest of 101 tests, of all samples and cropped at dudect's 100 percentiles, where\n` +
    `below ${THRESHOLD} is asked for; the share kept and the difference of the means are that test's\n`,
);
console.log(row(["", "a class", "median ns", "|t|", "kept", "difference ns", ""]));

const missed = leaks().filter((leak) => !test(leak, clock, samples));
const falseAlarm = test(nothingToFind(kernel), clock, samples);
console.log();
const detected = new Map<string, number>();
for (const subject of subjects) {
  let count = 0;
  for (let repeat = 0; repeat < repeats; repeat++) count += Number(test(subject, clock, samples));
  if (count > 0) detected.set(subject.name, count);
}

console.log();
for (const { name } of missed) console.log(`NOT CAUGHT: ${name}`);
if (falseAlarm) console.log(`FALSE ALARM: two classes that are alike came out as different`);
for (const [name, count] of detected) {
  console.log(`DIFFERENCE in ${count} of ${repeats}: ${name}`);
}
const passed = missed.length === 0 && !falseAlarm;
if (passed && detected.size === 0) console.log("No leak detected by this test.");
Deno.exitCode = passed ? (detected.size === 0 ? 0 : 2) : 1;
