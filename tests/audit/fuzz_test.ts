/**
 * A few seconds of fuzzing, of each target, with the same seed each run, so that a
 * change is judged by what it changes: the task `fuzz` takes another seed each time,
 * and as long as it is told to.
 *
 * @module
 */

import { assert } from "@std/assert";
import { testWithPython } from "../support/python.ts";
import { fuzz, type Target } from "./fuzz/run.ts";
import { TARGETS } from "./fuzz/targets.ts";

const MILLISECONDS = 3_000;
const seed = Number(Deno.env.get("IRONFERN_SEED") ?? 7);

async function run(target: Target): Promise<void> {
  const { inputs, failure } = await fuzz(target, { seed, milliseconds: MILLISECONDS });
  assert(!failure, `deno task fuzz --target ${target.name} --seed ${seed}\n${failure?.report}`);
  assert(inputs > 0);
}

for (const target of TARGETS) {
  const name = `fuzz: ${target.name}`;
  if (target.name === "pyca") testWithPython(name, () => run(target));
  else Deno.test(name, () => run(target));
}
