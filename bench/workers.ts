/**
 * What the worker pool is worth: how late timers are while keys are derived on it
 * and in the calling thread, how soon keys are there, against WebCrypto, which has
 * threads of its own, and how soon an export is sealed and opened.
 *
 *     deno run -A bench/workers.ts [--keys 64] [--rounds 7] [--mb 256]
 */

import { parseArgs } from "node:util";
import { Fernet, pbkdf2Many } from "@ironfern/ironfern";
import { openExport, sealExport } from "@ironfern/ironfern/export";
import { describeMachine } from "./machine.ts";
import { median } from "../src/calibration/statistics.ts";
import { type Contestant, interleave } from "./measure.ts";

const ITERATIONS = 600_000;
const INTERVAL_MS = 10;
const IDLE_MS = 3_000;
const TABLE_KEYS = 16;
const PASSWORD = "correct horse battery staple";

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "64" },
    rounds: { type: "string", default: "7" },
    mb: { type: "string", default: "256" },
  },
});
const keyCount = Number(values.keys);
const rounds = Number(values.rounds);
const megabytes = Number(values.mb);

function makeInputs(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    password: PASSWORD,
    salt: `a salt of its own: ${index}`,
  }));
}

function onKernel(count: number, workers: number): Promise<Uint8Array[]> {
  const options = { iterations: ITERATIONS, backend: "wasm", workers } as const;
  return pbkdf2Many(makeInputs(count), options);
}

async function onWebCrypto(count: number): Promise<Uint8Array[]> {
  const { subtle } = crypto;
  const bytes = (text: string) => new TextEncoder().encode(text);
  return await Promise.all(
    makeInputs(count).map(async ({ password, salt }) => {
      const key = await subtle.importKey("raw", bytes(password), "PBKDF2", false, ["deriveBits"]);
      const parameters = { name: "PBKDF2", hash: "SHA-256", iterations: ITERATIONS };
      return new Uint8Array(
        await subtle.deriveBits({ ...parameters, salt: bytes(salt) }, key, 256),
      );
    }),
  );
}

/** How late a timer is, in milliseconds, each time until the work is done. */
async function lateness(work: () => Promise<unknown>): Promise<number[]> {
  const late: number[] = [];
  let working = true;
  const done = work().finally(() => working = false);
  while (working) {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    late.push(performance.now() - start - INTERVAL_MS);
  }
  await done;
  return late;
}

async function printLateness(workers: number): Promise<void> {
  console.log(
    `\nA timer of ${INTERVAL_MS} ms, late by, while ${keyCount} keys of ` +
      `${ITERATIONS.toLocaleString("en")} iterations are derived`,
  );
  const cases: Readonly<Record<string, () => Promise<unknown>>> = {
    "nothing is derived": () => new Promise((resolve) => setTimeout(resolve, IDLE_MS)),
    [`on ${workers} workers`]: () => onKernel(keyCount, workers),
    "in the calling thread": () => onKernel(keyCount, 0),
  };
  for (const [name, work] of Object.entries(cases)) {
    const late = await lateness(work);
    const figure = (milliseconds: number) => `${milliseconds.toFixed(2).padStart(8)} ms`;
    console.log(
      `  ${name.padEnd(22)} median ${figure(median(late))}, worst ${figure(Math.max(...late))}` +
        ` (${late.length} times)`,
    );
  }
}

async function printSpeed(workers: number): Promise<void> {
  const contestants: Contestant[] = [
    ...[...new Set([workers, 1, 0])].map((count) => ({
      name: count ? `wasm, workers: ${count}` : "wasm, calling thread",
      run: () => onKernel(TABLE_KEYS, count),
    })),
    { name: "WebCrypto, Promise.all", run: () => onWebCrypto(TABLE_KEYS) },
  ];
  const outputs = await Promise.all(contestants.map(({ run }) => run() as Promise<Uint8Array[]>));
  const texts = outputs.map((keys) => keys.map((key) => key.toHex()).join());
  if (new Set(texts).size !== 1) throw new Error("The contestants do not agree on the keys");
  console.log(
    `\n${TABLE_KEYS} keys of ${ITERATIONS.toLocaleString("en")} iterations, warm: medians of ` +
      `${rounds} interleaved rounds (fastest to slowest), speed against WebCrypto`,
  );
  const timings = await interleave(contestants, rounds);
  const reference = timings[timings.length - 1].median;
  for (const { name, median, least, most } of timings) {
    console.log(
      `  ${name.padEnd(22)} ${median.toFixed(0).padStart(6)} ms ` +
        `(${least.toFixed(0)} to ${most.toFixed(0)})  ${(reference / median).toFixed(2)}x`,
    );
  }
}

/** An export of random bytes, from memory to nowhere: no disk is in the way. */
async function printExports(workers: number): Promise<void> {
  const chunk = new Uint8Array(1_000_000);
  for (let start = 0; start < chunk.length; start += 50_000) {
    crypto.getRandomValues(chunk.subarray(start, start + 50_000));
  }
  const key = Fernet.generateKey();
  const source = (length: number) => {
    let left = length;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left-- > 0) controller.enqueue(chunk.slice());
        else controller.close();
      },
    });
  };
  const lengthOf = async (stream: ReadableStream<Uint8Array>) => {
    let length = 0;
    for await (const part of stream) length += part.length;
    return length;
  };
  const sealed = await new Response(
    source(megabytes).pipeThrough(sealExport({ key })) as ReadableStream<Uint8Array<ArrayBuffer>>,
  ).blob();
  const expected = megabytes * chunk.length;
  const counts = [...new Set([workers, 1, 0])];
  const contestants: Contestant[] = counts.flatMap((count) => [
    {
      name: `seal, workers: ${count}`,
      run: async () => {
        const length = await lengthOf(
          source(megabytes).pipeThrough(sealExport({ key, workers: count })),
        );
        if (length < expected) throw new Error("Too little was sealed");
      },
      warmUp: () => lengthOf(source(20).pipeThrough(sealExport({ key, workers: count }))),
    },
    {
      name: `open, workers: ${count}`,
      run: async () => {
        const opening = openExport({ key, workers: count });
        const length = await lengthOf(sealed.stream().pipeThrough(opening));
        if (length !== expected) throw new Error("Not all was opened");
      },
      warmUp: () => {},
    },
  ]);
  console.log(`\nAn export of ${megabytes} MB: medians of ${rounds} interleaved rounds`);
  for (const { name, median, least, most } of await interleave(contestants, rounds)) {
    const rate = (megabytes / median * 1_000).toFixed(0).padStart(5);
    console.log(
      `  ${name.padEnd(22)} ${median.toFixed(0).padStart(6)} ms ` +
        `(${least.toFixed(0)} to ${most.toFixed(0)})  ${rate} MB/s`,
    );
  }
}

const processors = Math.max(1, navigator.hardwareConcurrency);
console.log(await describeMachine());
await printSpeed(processors);
await printExports(processors);
await printLateness(processors);
