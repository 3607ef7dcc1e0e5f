/**
 * Whether `calibrate` is right: it is run ten times, and after each run the counts
 * that it gave are timed:
 *
 *     deno run -A bench/calibration.ts [--target MS] [--hash NAME] [--runs N] [--strict]
 *
 * The median of what the counts take has to lie within 20 % of the target, on a
 * quiet machine; with `--strict` the exit code says so.
 *
 * @module
 */

import {
  availableBackends,
  type BackendName,
  calibrate,
  type CalibrateOptions,
  pbkdf2,
} from "@ironfern/ironfern";
import { parseArgs } from "node:util";
import { describeMachine } from "./machine.ts";
import { median } from "../src/calibration/statistics.ts";

const TOLERANCE = 0.2;

interface Found {
  readonly backend: BackendName;
  readonly counts: number[];
  readonly times: number[];
  noisy: number;
}

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "250" },
    hash: { type: "string", default: "SHA-256" },
    runs: { type: "string", default: "10" },
    strict: { type: "boolean", default: false },
  },
});
const targetMs = Number(values.target);
const hash = values.hash as CalibrateOptions["hash"];
if (!/^[1-9]\d{0,2}$/.test(values.runs)) {
  throw new RangeError(`Cannot use --runs ${values.runs}: expected an integer from 1 to 999`);
}
const runs = Number(values.runs);

const [load] = Deno.loadavg();
console.log(await describeMachine());
console.log(
  `${runs} runs of calibrate, ${hash}, target ${targetMs} ms; ` +
    `load average at the start: ${load.toFixed(1)}`,
);
const found = availableBackends().map((backend): Found => ({
  backend,
  counts: [],
  times: [],
  noisy: 0,
}));
for (let run = 1; run <= runs; run++) {
  const { measurements } = await calibrate({ targetMs, hash });
  // At once, so that a machine whose speed drifts is the same for both.
  for (const { backend, measured: iterations, noisy } of measurements) {
    const each = found.find((known) => known.backend === backend)!;
    const start = performance.now();
    await pbkdf2("correct horse", "a salt of 16 byt", { iterations, hash, backend });
    each.times.push(performance.now() - start);
    each.counts.push(iterations);
    if (noisy) each.noisy++;
  }
}
for (const { backend, counts, times, noisy } of found) {
  const off = median(times) / targetMs - 1;
  const verdict = Math.abs(off) <= TOLERANCE ? "within 20 %" : "MISSED";
  if (values.strict && verdict === "MISSED") Deno.exitCode = 1;
  const count = (iterations: number) => iterations.toLocaleString("en");
  console.log(
    `  ${backend.padEnd(9)} counts ${count(Math.min(...counts))} to ${count(Math.max(...counts))}` +
      ` take ${median(times).toFixed(0)} ms in the median (${Math.min(...times).toFixed(0)} to ` +
      `${Math.max(...times).toFixed(0)} ms), ${off < 0 ? "" : "+"}${(100 * off).toFixed(1)} %: ` +
      `${verdict}${noisy ? `; told to be noisy in ${noisy} runs` : ""}`,
  );
}
