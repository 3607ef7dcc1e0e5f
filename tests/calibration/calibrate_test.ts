/**
 * Calibration: real measurements for their shape, and a clock of the test's own
 * for the arithmetic.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  availableBackends,
  calibrate,
  type CalibrateOptions,
  type Calibration,
  type CalibrationMeasurement,
} from "@ironfern/ironfern";
import type { NativeKdf } from "../../src/backends/backend.ts";
import { getBackend } from "../../src/backends/select/available.ts";
import { BACKENDS, testEach } from "../support/backends.ts";
import { run } from "../support/tools.ts";

const QUICK = { targetMs: 2, rounds: 3, floor: 0 } as const;
const FLOORS = { "SHA-1": 1_400_000, "SHA-256": 600_000, "SHA-384": 220_000, "SHA-512": 220_000 };

const OTHER: CalibrationMeasurement = {
  device: "a phone",
  backend: "wasm",
  hash: "SHA-256",
  iterationsPerSecond: 1_000,
  iterations: 250,
  median: 250,
  spread: 0.01,
  noisy: false,
  measured: 250,
};

/** A value of a type that TypeScript would refuse, as JavaScript passes it. */
// deno-lint-ignore no-explicit-any
function wrong(value: unknown): any {
  return value;
}

/** What must hold of every measurement. */
function assertMeasurement(each: CalibrationMeasurement, { targetMs, hash }: Calibration): void {
  const { iterationsPerSecond, iterations, median, measured } = each;
  assertEquals(each.hash, hash);
  assert(median > 0 && each.spread >= 0 && Number.isFinite(each.spread));
  assertEquals(iterationsPerSecond, 1_000 * iterations / median);
  assert(each.noisy || each.spread <= 0.15);
  assert(Number.isInteger(iterations) && Number.isInteger(measured));
  const fitting = iterationsPerSecond * targetMs / 1_000;
  assert(measured <= fitting && measured > fitting * 0.9, `${measured} of ${fitting}`);
  assert(/^[1-9]\d?0*$/.test(String(measured)), `${measured}`);
}

Deno.test("calibrate measures every backend, and recommends by the fastest", async () => {
  const calls: [number, number | undefined][] = [];
  const result = await calibrate({ ...QUICK, onProgress: (...call) => calls.push(call) });
  assertEquals(result.measurements.map(({ backend }) => backend), availableBackends());
  for (const each of result.measurements) assertMeasurement(each, result);
  const fastest = result.measurements.reduce((a, b) =>
    b.iterationsPerSecond > a.iterationsPerSecond ? b : a
  );
  assertEquals(result.recommended, fastest.measured);
  assertEquals([result.device, result.backend], ["this device", fastest.backend]);
  assertEquals([result.floor, result.floorApplied], [0, false]);
  assert(availableBackends().includes(result.auto));
  const steps = BACKENDS.length * 5;
  assertEquals(calls, Array.from({ length: steps }, (_, index) => [index + 1, steps]));
});

testEach("calibrate measures one backend, with each hash", async (backend) => {
  for (const hash of ["SHA-1", "SHA-256", "SHA-384", "SHA-512"] as const) {
    const result = await calibrate({ ...QUICK, hash, backends: [backend, backend] });
    assertEquals(result.measurements.length, 1);
    assertMeasurement(result.measurements[0], result);
    assertEquals(result.backend, backend);
  }
});

Deno.test("calibrate never recommends less than the published floor", async () => {
  const backends = ["portable"] as const;
  for (const [hash, floor] of Object.entries(FLOORS)) {
    const options = { targetMs: 1, rounds: 3, backends, hash: wrong(hash) };
    const result = await calibrate(options);
    assertEquals([result.recommended, result.floor, result.floorApplied], [floor, floor, true]);
    assert(result.recommendedMs > 1);
    const raised = await calibrate({ ...options, floor: 10 ** 9 });
    assertEquals([raised.recommended, raised.floorApplied], [10 ** 9, true]);
  }
});

Deno.test("calibrate recommends for the slowest device, by its fastest backend", async () => {
  const device = "the server";
  const others = [
    { ...OTHER, device: "a laptop", iterationsPerSecond: 50_000 },
    { ...OTHER, backend: "portable", iterationsPerSecond: 100 },
    { ...OTHER, noisy: true },
  ] as const;
  const result = await calibrate({ ...QUICK, targetMs: 20, device, others });
  assert(result.noisy, "of the phone's WebAssembly, which limits the count");
  assertEquals([result.recommended, result.device, result.backend], [20, "a phone", "wasm"]);
  assertEquals(result.recommendedMs, 20);
  assertEquals(new Set(result.measurements.map((each) => each.device)), new Set([device]));

  // A result's measurements are the others of another device, JSON or not.
  const stored = JSON.parse(JSON.stringify(result.measurements));
  const again = await calibrate({ ...QUICK, others: stored });
  assert(again.recommended > 0);
});

/**
 * Replaces the clock, and WebCrypto by a machine that derives so many iterations
 * a millisecond and needs some time to start.
 */
async function withClock<T>(
  { grain = 0, speed = 1_000, start = 0.5, noise = () => 1 }: {
    grain?: number;
    speed?: number;
    start?: number;
    noise?: () => number;
  },
  body: (requests: number[]) => Promise<T>,
): Promise<T> {
  const native = getBackend("webcrypto").kdf.native as { derive: NativeKdf["derive"] };
  const { derive } = native;
  const { now } = performance;
  let time = 1_000;
  const requests: number[] = [];
  performance.now = () => {
    time += 0.001;
    return grain ? Math.floor(time / grain) * grain : time;
  };
  native.derive = (_, iterations) => {
    requests.push(iterations);
    time += (start + iterations / speed) * noise();
    return Promise.resolve(new Uint8Array(32));
  };
  try {
    return await body(requests);
  } finally {
    native.derive = derive;
    performance.now = now;
  }
}

const ALONE = { backends: ["webcrypto"], floor: 0 } as const;

Deno.test("calibrate counts what a derivation needs to start", async () => {
  for (const [targetMs, expected] of [[1, 500], [10, 9_500], [250, 240_000]] as const) {
    const { measurements: [each] } = await withClock({}, () => calibrate({ ...ALONE, targetMs }));
    assert(Math.abs(each.measured - expected) <= expected * 0.05, `${targetMs}: ${each.measured}`);
    assertEquals([each.noisy, each.spread < 0.01], [false, true]);
  }
});

Deno.test("calibrate lengthens its rounds for a coarse clock", async () => {
  for (const grain of [1, 16.7, 100]) {
    const { measurements: [each] } = await withClock(
      { grain },
      () => calibrate({ ...ALONE, targetMs: 5 }),
    );
    assert(each.measured >= 4_000 && each.measured <= 5_000, `${grain}: ${each.measured}`);
    assert(!each.noisy, `${grain}`);
  }
});

Deno.test("calibrate tells a noisy machine", async () => {
  let turn = 0;
  const noise = () => [1, 1.5, 2][turn++ % 3];
  const { measurements: [each] } = await withClock({ noise }, () => calibrate(ALONE));
  assert(each.noisy && each.spread > 0.15, `${each.spread}`);
});

Deno.test("calibrate tells a machine that changes its speed for all the rounds", async () => {
  for (const [factor, noisy] of [[1.5, true], [0.6, true], [1.1, false]] as const) {
    let now = 1;
    const options = {
      ...ALONE,
      // The rounds begin after the warm-up and the guess.
      onProgress: (done: number) => now = done < 2 ? 1 : factor,
    };
    const result = await withClock({ noise: () => now }, () => calibrate(options));
    const [each] = result.measurements;
    assert(each.spread < 0.01, `${each.spread}`);
    assertEquals([each.noisy, result.noisy], [noisy, noisy], `${factor}`);
  }
});

Deno.test("calibrate does not take a target that cannot be had for noise", async () => {
  for (const start of [1.01, 2, 50]) {
    const { measurements: [each] } = await withClock(
      { start },
      () => calibrate({ ...ALONE, targetMs: 1 }),
    );
    assertEquals([each.noisy, each.median > 1], [false, true], `${start}`);
  }
  const { measurements: [each] } = await withClock(
    { speed: 1e12 },
    () => calibrate({ ...ALONE, targetMs: 250 }),
  );
  assertEquals([each.noisy, each.iterations], [false, 2 ** 32 - 1]);
});

Deno.test("calibrate says that the floor takes too long only where it does", async () => {
  const floor = 605_000;
  let isUnderTarget = 0;
  for (let speed = 2_380; speed < 2_480; speed += 5) {
    const { recommended, recommendedMs, targetMs, floorApplied, measurements: [each] } =
      await withClock({ speed }, () => calibrate({ ...ALONE, floor }));
    assertEquals(recommended, Math.max(floor, each.measured));
    assertEquals(floorApplied, recommendedMs > targetMs, `${recommendedMs} ms`);
    isUnderTarget += Number(each.measured < floor && !floorApplied);
  }
  assert(isUnderTarget > 0, "the case at issue was not met");
});

Deno.test("calibrate is right again after a moment in which the machine did other work", async () => {
  for (let from = 0; from < 60; from++) {
    let turn = 0;
    const noise = () => Math.abs(++turn - from) < 2 ? 50 : 1;
    const options = { ...ALONE, targetMs: 20 };
    const { measurements: [each] } = await withClock({ noise }, () => calibrate(options));
    assert(each.measured >= 18_000 && each.measured <= 20_000, `${from}: ${each.measured}`);
  }
});

Deno.test("calibrate derives no longer than it has to", async () => {
  const request = { ...ALONE, targetMs: 60_000, rounds: 3 };
  const { result, most } = await withClock({}, async (requests) => {
    const result = await calibrate(request);
    return { result, most: Math.max(...requests) };
  });
  assert(most <= 1_100_000, `${most}`);
  assertEquals(result.measurements[0].measured, 59_000_000);
});

Deno.test("calibrate refuses a clock that stands still, or is too coarse", async () => {
  const { now } = performance;
  performance.now = () => 7;
  try {
    const error = await assertRejects(() => calibrate(QUICK), Error, "stands still");
    assertEquals(error.constructor, Error);
  } finally {
    performance.now = now;
  }
  await withClock({ grain: 300 }, async () => {
    await assertRejects(() => calibrate(ALONE), Error, "in steps of 300 ms");
  });
});

Deno.test("calibrate compares the keys before it times anything", async () => {
  const native = getBackend("node").kdf.native as { derive: NativeKdf["derive"] };
  const { derive } = native;
  let calls = 0;
  native.derive = async (request, iterations) => {
    calls++;
    const key = await derive(request, iterations);
    key[31] ^= 1;
    return key;
  };
  try {
    const backends = ["wasm", "node"] as const;
    await assertRejects(
      () => calibrate({ ...QUICK, backends }),
      Error,
      'the backends "wasm" and "node" derive different keys',
    );
    assertEquals(calls, 1);
  } finally {
    native.derive = derive;
  }
});

testEach("calibrate stops when it is aborted", async (backend) => {
  const reason = new Error("enough");
  const backends = [backend];
  for (const after of [0, 1, 2, 4]) {
    const controller = new AbortController();
    if (after === 0) controller.abort(reason);
    let last = 0;
    const onProgress = (done: number) => {
      last = done;
      if (done === after) controller.abort(reason);
    };
    const { signal } = controller;
    const error = await assertRejects(() => calibrate({ ...QUICK, backends, signal, onProgress }));
    assertEquals([error, last], [reason, after]);
  }
});

Deno.test("calibrate stops in the midst of a derivation", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const onProgress = () => setTimeout(() => controller.abort(reason), 20);
  const { signal } = controller;
  const options = { targetMs: 60_000, backends: ["wasm"], signal, onProgress } as const;
  assertEquals(await assertRejects(() => calibrate(options)), reason);
});

type Row = readonly [CalibrateOptions, typeof TypeError | typeof RangeError, string];

const BAD: readonly Row[] = [
  ...[0, -1, 0.5, 1e9, 60_001, NaN, Infinity].map((targetMs): Row => [
    { targetMs },
    RangeError,
    `Cannot use targetMs ${targetMs}: expected milliseconds from 1 to 60000`,
  ]),
  ...["250", null, 250n, {}].map((targetMs): Row => [
    { targetMs: wrong(targetMs) },
    TypeError,
    "Cannot use targetMs: expected a number",
  ]),
  ...["MD5", "sha-256", "", 256, "toString"].map((hash): Row => [
    { hash: wrong(hash) },
    TypeError,
    "expected one of SHA-1, SHA-256, SHA-384, SHA-512",
  ]),
  [{ backends: [] }, TypeError, "`backends` is empty"],
  [{ backends: wrong(["auto"]) }, TypeError, 'Cannot calibrate "auto"'],
  [{ backends: wrong(["gpu"]) }, TypeError, 'Cannot use the backend "gpu"'],
  [{ backends: wrong([undefined]) }, TypeError, "Cannot use the backend of type null"],
  [{ backends: wrong("wasm") }, TypeError, "expected an array"],
  [{ floor: -1 }, RangeError, "Cannot use floor -1"],
  [{ floor: 1.5 }, RangeError, "Cannot use floor 1.5"],
  [{ floor: 599_999 }, RangeError, "the published one of SHA-256 is 600000"],
  [{ floor: 2 ** 32 }, RangeError, "Cannot use floor 4294967296"],
  [{ floor: wrong("0") }, TypeError, "Cannot use floor: expected a number"],
  [{ rounds: 2 }, RangeError, "Cannot use rounds 2: expected an integer from 3 to 99"],
  [{ rounds: 100 }, RangeError, "Cannot use rounds 100"],
  [{ device: "" }, RangeError, "it has 0 characters"],
  [{ device: "x".repeat(201) }, RangeError, "it has 201 characters"],
  [{ device: wrong(1) }, TypeError, "the device's name: expected a string"],
  [{ signal: wrong({}) }, TypeError, "Cannot use signal: expected an AbortSignal, got Object"],
  [{ signal: wrong(null) }, TypeError, "Cannot use signal"],
  [{ onProgress: wrong(5) }, TypeError, "Cannot use onProgress: expected a function, got number"],
  [wrong(null), TypeError, "Cannot use the options: expected an object"],
  [wrong(250), TypeError, "Cannot use the options: expected an object"],
];

const BAD_OTHERS: readonly (readonly [unknown, Row[1], string])[] = [
  [{}, TypeError, "Cannot use others: expected an array"],
  [[null], TypeError, "Cannot use others[0]: expected a measurement, got null"],
  [[OTHER, 1], TypeError, "Cannot use others[1]: expected a measurement, got number"],
  [[{ ...OTHER, device: undefined }], TypeError, "the device of others[0]"],
  [[{ ...OTHER, device: "y".repeat(300) }], RangeError, "the device of others[0]"],
  [[{ ...OTHER, device: "this device" }], RangeError, "give each device a name of its own"],
  [
    [OTHER, { ...OTHER, backend: "portable" }, { ...OTHER, iterationsPerSecond: 500 }],
    RangeError,
    'others[2]: others[0] has the backend "wasm" of "a phone" already, so give each device a name',
  ],
  [[{ ...OTHER, backend: "auto" }], TypeError, "the backend of others[0]"],
  [[{ ...OTHER, backend: "gpu" }], TypeError, "wasm, webcrypto, node"],
  [[{ ...OTHER, backend: undefined }], TypeError, "the backend of others[0]"],
  [[{ ...OTHER, hash: "SHA-512" }], RangeError, "it was not measured with SHA-256"],
  [[{ ...OTHER, noisy: "no" }], TypeError, "noisy of others[0]"],
  [[{ ...OTHER, iterationsPerSecond: "1e6" }], TypeError, "iterationsPerSecond of others[0]"],
  ...[0, -1, NaN, Infinity, 1e13, 1e-9].map((value) =>
    [
      [{ ...OTHER, iterationsPerSecond: value }],
      RangeError,
      `iterationsPerSecond of others[0]: ${value} is not from`,
    ] as const
  ),
  [[{ ...OTHER, iterations: 0 }], RangeError, "iterations of others[0]"],
  [[{ ...OTHER, median: 0 }], RangeError, "median of others[0]"],
  [[{ ...OTHER, spread: -1 }], RangeError, "spread of others[0]"],
  [[{ ...OTHER, measured: 2 ** 32 }], RangeError, "measured of others[0]"],
  [Array.from({ length: 10_001 }, () => OTHER), RangeError, "Cannot use others: there are 10001"],
];

Deno.test("calibrate tells misuse at once", async () => {
  const rows = [
    ...BAD,
    ...BAD_OTHERS.map(([others, ...rest]): Row => [{ others: wrong(others) }, ...rest]),
  ];
  for (const [options, expected, message] of rows) {
    const error = await assertRejects(() => calibrate(options), expected);
    assertStringIncludes(error.message, message);
    assertEquals(error.constructor, expected);
  }
});

Deno.test("calibrate refuses a backend that is not here", async () => {
  const script = `
    Object.defineProperty(globalThis, "process", { value: undefined });
    const { calibrate } = await import("@ironfern/ironfern");
    const error = await calibrate({ backends: ["node"] }).catch((error) => error);
    console.log(error.name, error.message);
  `;
  const { stdout } = await run(Deno.execPath(), ["eval", "--config", "deno.json", script]);
  assertMatch(stdout, /^BackendUnavailableError .*"node"/);
});
