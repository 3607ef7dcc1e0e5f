/**
 * Fuzzes what reads data of others:
 *
 *     deno task fuzz [--target T]... [--minutes M] [--seed S] [--path P]
 *
 * Each target gets its share of the minutes. A run is named by its seed, which is
 * printed; `--seed` and `--target` repeat it, and `--path`, which is printed with a
 * failure, begins with the input that failed.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { fuzz } from "./fuzz/run.ts";
import { TARGETS } from "./fuzz/targets.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string", multiple: true },
    minutes: { type: "string", default: "1" },
    seed: { type: "string" },
    path: { type: "string" },
  },
});

const chosen = TARGETS.filter(({ name }) => values.target?.includes(name) ?? true);
if (chosen.length < (values.target?.length ?? 1)) {
  throw new TypeError(
    `Cannot find the target: there are ${TARGETS.map(({ name }) => name).join()}`,
  );
}
const seed = Number(values.seed ?? crypto.getRandomValues(new Int32Array(1))[0]);
const milliseconds = Number(values.minutes) * 60_000 / chosen.length;

let total = 0;
for (const target of chosen) {
  const { inputs, seconds, failure } = await fuzz(target, {
    seed,
    milliseconds,
    path: values.path,
  });
  total += inputs;
  const speed = Math.round(inputs / seconds);
  console.log(`${target.name}: ${inputs} inputs in ${seconds.toFixed(1)} s, ${speed} a second`);
  if (!failure) continue;
  const { report, ...found } = failure;
  console.log(`${target.name}: found after ${found.inputs} inputs, ${found.seconds.toFixed(1)} s`);
  console.log(report);
  console.log(`Repeat it: deno task fuzz --target ${target.name} --seed ${seed}`);
  Deno.exitCode = 1;
}
console.log(`${total} inputs with the seed ${seed}`);
