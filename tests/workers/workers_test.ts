/**
 * Calls on the worker pool: the same results as without it, whatever becomes of
 * the workers.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  decryptMany,
  encryptMany,
  type Hash,
  InvalidTokenError,
  pbkdf2Many,
  upgradeMany,
} from "@ironfern/ironfern";
import { crew } from "../../src/workers/pool.ts";
import type { PoolWorker } from "../../src/workers/worker.ts";
import { countKernelCalls } from "../support/kernel_calls.ts";
import { run } from "../support/tools.ts";

const HASHES: readonly Hash[] = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];
const WORKERS = [0, 1, 2, 3];
const SECRET = "correct horse";
const WASM = { backend: "wasm" } as const;
/** In the calling thread or a worker, longer than any test may last. */
const ENDLESS = 2 ** 32 - 1;
const REASON = new Error("the caller has had enough");

function makeInputs(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    password: `password ${index % 3}`,
    salt: `salt ${index}`,
  }));
}

function hex(keys: readonly Uint8Array[]): string[] {
  return keys.map((key) => key.toHex());
}

function pause(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Ends every worker, as an accident would, and says how many there were. */
function killAll(): number {
  const workers = [...crew.workers];
  workers.forEach((worker) => worker.terminate());
  return workers.length;
}

for (const hash of HASHES) {
  Deno.test(`pbkdf2Many gives the same keys on any number of workers [${hash}]`, async () => {
    const cases = [[0, 10], [1, 1], [2, 999], [5, 1_000], [7, 1_001], [17, 2_500], [33, 3]];
    for (const [count, iterations] of cases) {
      const inputs = makeInputs(count);
      for (const length of [32, 150]) {
        const options = { hash, length, iterations };
        const expected = hex(await pbkdf2Many(inputs, { ...options, backend: "node" }));
        assertEquals(expected.length, count);
        for (const workers of WORKERS) {
          const keys = await pbkdf2Many(inputs, { ...options, ...WASM, workers });
          assertEquals(hex(keys), expected, `${count} keys on ${workers} workers`);
        }
      }
    }
  });
}

Deno.test("Values of several costs come back from any number of workers", async () => {
  const texts = Array.from({ length: 19 }, (_, index) => `text ${index} ✓`);
  for (const workers of WORKERS) {
    const options = { ...WASM, workers };
    const stored = [
      ...await encryptMany(texts.slice(0, 10), SECRET, { ...options, iterations: 1_500 }),
      ...await encryptMany(texts.slice(10), SECRET, { ...options, iterations: 400 }),
    ];
    for (const reading of WORKERS) {
      const costs = { ...WASM, workers: reading, iterations: [400, 1_500] };
      assertEquals(await decryptMany(stored, SECRET, costs), texts);
    }
    assertEquals(await decryptMany([], SECRET, options), []);
    assertEquals(await encryptMany([], SECRET, options), []);
  }
});

Deno.test("upgradeMany does the same on any number of workers", async () => {
  const texts = Array.from({ length: 11 }, (_, index) => `text ${index}`);
  const old = await encryptMany(texts.slice(0, 6), SECRET, { ...WASM, iterations: 300 });
  const fresh = await encryptMany(texts.slice(6), SECRET, { ...WASM, iterations: 900 });
  const costs = { ...WASM, iterations: [300, 900], targetIterations: 900 };
  for (const workers of WORKERS) {
    let last: [done: number, total: number | undefined] = [0, 0];
    const onProgress = (...told: typeof last) => last = told;
    const results = await upgradeMany([...old, ...fresh], SECRET, {
      ...costs,
      workers,
      onProgress,
    });
    assertEquals(results.map(({ upgraded }) => upgraded), texts.map((_, index) => index < 6));
    assertEquals(results.slice(6).map(({ value }) => value), fresh);
    assertEquals(last, [17, 17]);
    const values = results.map(({ value }) => value);
    assertEquals(await decryptMany(values, SECRET, { ...WASM, iterations: 900 }), texts);
  }
});

Deno.test("The first bad value is named, whichever worker comes to it first", async () => {
  const texts = Array.from({ length: 40 }, () => "text");
  const stored = await encryptMany(texts, SECRET, { ...WASM, iterations: 50 });
  const [bad] = await encryptMany(["text"], "another secret", { ...WASM, iterations: 50 });
  for (const places of [[39], [0, 39], [7, 9], [17, 3, 38]]) {
    const values = stored.map((value, index) => places.includes(index) ? bad : value);
    for (const workers of WORKERS) {
      const options = { ...WASM, workers, iterations: [20, 50] };
      const error = await assertRejects(
        () => decryptMany(values, SECRET, options),
        InvalidTokenError,
      );
      assertEquals(error.index, Math.min(...places), `${places} on ${workers} workers`);
    }
  }
});

Deno.test("After a bad value no more keys are begun on workers", async () => {
  const stored = await encryptMany(Array(64).fill("text"), SECRET, { ...WASM, iterations: 50 });
  let done = 0;
  await assertRejects(() =>
    decryptMany(stored, "another secret", {
      ...WASM,
      workers: 2,
      iterations: 5_000,
      onProgress: (count) => done = count,
    }), InvalidTokenError);
  assert(done < 40, `${done} values were tried`);
});

Deno.test("Progress counts every key once, in order", async () => {
  const told: number[][] = [];
  const onProgress = (done: number, total = 0) => told.push([done, total]);
  await pbkdf2Many(makeInputs(21), { ...WASM, workers: 2, iterations: 700, onProgress });
  assertEquals(told, Array.from({ length: 21 }, (_, index) => [index + 1, 21]));
});

Deno.test("An abort stops the call at once, and the workers are there for the next", async () => {
  const inputs = makeInputs(20);
  const endless = { ...WASM, workers: 2, iterations: ENDLESS };
  const before = await pbkdf2Many(inputs, { ...WASM, workers: 2, iterations: 1_000 });
  const warm = [...crew.workers];
  for (const wait of [0, 1, 30]) {
    const controller = new AbortController();
    const stopped = assertRejects(() =>
      pbkdf2Many(inputs, { ...endless, signal: controller.signal })
    );
    await pause(wait);
    controller.abort(REASON);
    assertEquals(await stopped, REASON);
    const after = await pbkdf2Many(inputs, { ...WASM, workers: 2, iterations: 1_000 });
    assertEquals(hex(after), hex(before));
  }
  const aborted = pbkdf2Many(inputs, { ...endless, signal: AbortSignal.abort(REASON) });
  assertEquals(await assertRejects(() => aborted), REASON);
  // They have stopped: none was ended, and none was added.
  assertEquals([...crew.workers], warm);
});

Deno.test("A call that waits for busy workers is stopped too", async () => {
  const inputs = makeInputs(8);
  const [first, second] = [new AbortController(), new AbortController()];
  const options = { ...WASM, workers: crew.workers.size || 1, iterations: ENDLESS };
  const busy = assertRejects(() => pbkdf2Many(inputs, { ...options, signal: first.signal }));
  await pause(5);
  const waiting = assertRejects(() => pbkdf2Many(inputs, { ...options, signal: second.signal }));
  await pause(5);
  second.abort(REASON);
  assertEquals(await waiting, REASON);
  first.abort(REASON);
  assertEquals(await busy, REASON);
  assertEquals((await pbkdf2Many(inputs, { ...options, iterations: 10 })).length, 8);
});

Deno.test("A progress callback that throws ends the call with its error", async () => {
  const options = { ...WASM, workers: 2, iterations: 1_000 };
  const onProgress = () => {
    throw REASON;
  };
  const failed = pbkdf2Many(makeInputs(30), { ...options, onProgress });
  assertEquals(await assertRejects(() => failed), REASON);
  assertEquals((await pbkdf2Many(makeInputs(3), options)).length, 3);
});

Deno.test("Workers that die are replaced, and the keys are right", async () => {
  const inputs = makeInputs(12);
  const iterations = 60_000;
  const expected = hex(await pbkdf2Many(inputs, { backend: "node", iterations }));
  for (const deaths of [1, 2]) {
    let killed = 0;
    let told = 0;
    // The first keys are there when the workers die, the others are not.
    const onProgress = () => {
      told++;
      if (told % 4 === 1 && killed < deaths) killed += Math.min(1, killAll());
    };
    const call = pbkdf2Many(inputs, { ...WASM, workers: 2, iterations, onProgress });
    assertEquals(hex(await call), expected);
    assertEquals([killed, told], [deaths, inputs.length]);
  }
  killAll();
  const costs = { ...WASM, workers: 2, iterations: 100 };
  assertEquals((await pbkdf2Many(inputs, costs)).length, 12);
  assertNotEquals(crew.workers.size, 0);
});

Deno.test("What kills every worker it is given to is done in the calling thread", async () => {
  const inputs = makeInputs(6);
  const options = { ...WASM, iterations: 200_000 };
  const expected = hex(await pbkdf2Many(inputs, { ...options, backend: "node" }));
  const doomed = new Set<PoolWorker>();
  const timer = setInterval(() => {
    for (const worker of crew.workers) {
      if (doomed.has(worker)) continue;
      doomed.add(worker);
      worker.ready.then(() => worker.terminate());
    }
  }, 1);
  try {
    assertEquals(hex(await pbkdf2Many(inputs, { ...options, workers: 1 })), expected);
  } finally {
    clearInterval(timer);
  }
  assert(doomed.size >= 3, `${doomed.size} workers were ended`);
});

Deno.test("The calling thread's kernel has no part in what workers derive", async () => {
  const options = { ...WASM, iterations: 2_000 };
  const calls = (workers: number) =>
    countKernelCalls(() => pbkdf2Many(makeInputs(16), { ...options, workers }));
  assertEquals(await calls(2), 0);
  assertNotEquals(await calls(0), 0);
});

Deno.test("Long work has workers unasked, short work has none", async () => {
  killAll();
  await pbkdf2Many(makeInputs(16), { ...WASM, iterations: 10_000 });
  assertEquals(crew.workers.size, 0);
  await pbkdf2Many(makeInputs(16), { ...WASM, iterations: 130_000 });
  const most = navigator.hardwareConcurrency;
  assertEquals(crew.workers.size, most > 1 ? Math.min(most, 2) : 0);
});

Deno.test("Backends that have no use for workers do without them", async () => {
  killAll();
  for (const backend of ["webcrypto", "node", "portable"] as const) {
    const options = { backend, iterations: 500 };
    const keys = await pbkdf2Many(makeInputs(9), { ...options, workers: 2 });
    assertEquals(hex(keys), hex(await pbkdf2Many(makeInputs(9), { ...WASM, iterations: 500 })));
  }
  assertEquals(crew.workers.size, 0);
});

Deno.test("A number of workers is an integer from 0 to 64", async () => {
  const calls = [
    (workers: number) => pbkdf2Many([], { iterations: 1, workers }),
    (workers: number) => encryptMany([], SECRET, { workers }),
    (workers: number) => decryptMany([], SECRET, { workers }),
    (workers: number) => upgradeMany([], SECRET, { workers }),
  ];
  for (const call of calls) {
    for (const workers of [-1, 65, 1.5, NaN, Infinity]) {
      await assertRejects(() => call(workers), RangeError, "Cannot use workers");
    }
    await assertRejects(() => call("2" as unknown as number), TypeError, "Cannot use workers");
    assertEquals(await call(64), []);
  }
});

Deno.test("The worker's body is what its sources make, without the kernel's text", async () => {
  const args = ["run", "-A", "scripts/build_workers.ts", "--check"];
  const { success, stdout, stderr } = await run(Deno.execPath(), args);
  assert(success, stdout + stderr);
});
