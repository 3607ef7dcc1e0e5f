/**
 * Whole processes with workers, and without those that they would have: they give
 * the same keys and end by themselves.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../support/tools.ts";

const PRELUDE = `
import { pbkdf2Many } from "${ROOT}mod.ts";
import { crew } from "${ROOT}src/workers/pool.ts";

const inputs = Array.from({ length: 16 }, (_, index) => ({ password: "p", salt: "s" + index }));
const iterations = 20_000;
const derive = async (options) => {
  const keys = await pbkdf2Many(inputs, { iterations, ...options });
  return keys.map((key) => key.toHex()).join();
};
const onWorkers = () => derive({ backend: "wasm", workers: 2 });
const tell = async (keys) => {
  const expected = await derive({ backend: "portable" });
  console.log(JSON.stringify({ right: keys === expected, workers: crew.workers.size }));
};
`;

/** What a program printed; it has a minute. */
async function runProgram(program: string, ...flags: string[]): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, PRELUDE + program);
    const signal = AbortSignal.timeout(60_000);
    const args = ["run", "--no-check", "--no-prompt", "--config", "deno.json", ...flags, file];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: ROOT,
      signal,
    }).output();
    const [printed, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert(success, signal.aborted ? "it does not end by itself" : printed + complaints);
    assertEquals(complaints, "");
    return printed.trim();
  } finally {
    await Deno.remove(file);
  }
}

function testProgram(name: string, workers: number, program: string, ...flags: string[]): void {
  Deno.test(name, async () => {
    const expected = JSON.stringify({ right: true, workers });
    assertEquals(await runProgram(program, ...flags), expected);
  });
}

testProgram(
  "A process with idle workers ends by itself",
  2,
  "await tell(await onWorkers());",
);

testProgram(
  "A process ends whose call was stopped",
  2,
  `
const keys = await onWorkers();
const signal = AbortSignal.timeout(50);
const endless = { iterations: 2 ** 32 - 1, backend: "wasm", workers: 2, signal };
const outcome = await pbkdf2Many(inputs, endless).catch((error) => error.name);
if (outcome !== "TimeoutError") throw new Error(outcome);
await tell(keys);
`,
);

testProgram(
  "Where there are no threads of any kind the calling thread derives",
  0,
  `
process.getBuiltinModule = () => undefined;
delete globalThis.Worker;
await tell(await onWorkers());
`,
);

testProgram(
  "Where no thread can be started the calling thread derives, and none is tried again",
  0,
  `
let tries = 0;
process.getBuiltinModule = () => undefined;
globalThis.Worker = class {
  constructor() {
    tries++;
    throw new Error("forbidden");
  }
};
const keys = [await onWorkers(), await onWorkers()];
if (tries !== 2 || keys[0] !== keys[1]) throw new Error("tries: " + tries);
await tell(keys[0]);
`,
);

testProgram(
  "Where threads end before they answer the calling thread derives",
  0,
  `
let tries = 0;
process.getBuiltinModule = () => undefined;
// A page's policy forbids Workers in this way: by an event, and not at once.
globalThis.Worker = class extends EventTarget {
  constructor() {
    super();
    tries++;
    setTimeout(() => this.dispatchEvent(new Event("error", { cancelable: true })), 5);
  }
  postMessage() {}
  terminate() {}
};
const keys = [await onWorkers(), await onWorkers()];
if (tries !== 2 || keys[0] !== keys[1]) throw new Error("tries: " + tries);
await tell(keys[0]);
`,
);

testProgram(
  "Where threads never answer the calling thread derives",
  0,
  `
let tries = 0;
process.getBuiltinModule = () => undefined;
globalThis.Worker = class extends EventTarget {
  constructor() {
    super();
    tries++;
  }
  postMessage() {}
  terminate() {}
};
// The bound is some seconds: here they pass faster.
const { setTimeout } = globalThis;
globalThis.setTimeout = (run, milliseconds = 0) => setTimeout(run, milliseconds / 50);
const keys = [await onWorkers(), await onWorkers()];
if (tries !== 2 || keys[0] !== keys[1]) throw new Error("tries: " + tries);
await tell(keys[0]);
`,
);

testProgram(
  "A thread that is busy while its workers start has them nonetheless",
  2,
  `
// The bound of some seconds passes ten times as fast, in less than this thread is busy.
const { setTimeout } = globalThis;
globalThis.setTimeout = (run, milliseconds = 0) => setTimeout(run, milliseconds / 10);
const keys = onWorkers();
while (!crew.workers.size) await new Promise((resolve) => setImmediate(resolve));
const end = performance.now() + 1_000;
while (performance.now() < end);
await tell(await keys);
`,
);

testProgram(
  "Where the kernel cannot be compiled workers do without it",
  1,
  `
import { getPool } from "${ROOT}src/workers/pool.ts";
WebAssembly.Module = class {
  constructor() {
    throw new WebAssembly.CompileError("forbidden");
  }
};
const keys = await derive({ backend: "node" });
const pool = await getPool(1);
const job = { backend: "node", key: new Uint8Array(32), heads: new Uint8Array(24) };
const records = { bytes: new Uint8Array(3), offsets: Uint32Array.of(0, 3), lineFeeds: false };
const tokens = await pool.seal({ ...job, records });
const { valid } = await pool.open({ ...job, tokens });
if (valid.join() !== "1") throw new Error("not opened");
await tell(keys);
`,
);
