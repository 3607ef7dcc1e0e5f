/**
 * Timings of a subject under inputs of two classes, in random order.
 *
 * @module
 */

import process from "node:process";

/** Code under test, and where its inputs go. */
export interface Subject {
  /** Its name in the table. */
  readonly name: string;
  /** Where the code reads its input from. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Bytes of an input. */
  readonly inputLength: number;
  /** Makes `input`, which is full of random bytes, one of class 0 or of class 1. */
  fill(input: Uint8Array<ArrayBuffer>, label: number): void;
  /** What has to be done once the input is in the memory; not timed. */
  begin?(): void;
  /** What is timed. */
  run(): void;
  /** What ends it; not timed. */
  end?(): void;
}

/** A clock. */
export interface Clock {
  /** Its name. */
  readonly name: string;
  /** Nanoseconds since some time. */
  now(): number;
  /** The least that two readings one after the other were apart, if at all. */
  readonly step: number;
}

/** Inputs that are made at once, before any of them is timed. */
const BATCH = 5_000;
/** A sample lasts at least so many of the clock's steps. */
const LEAST_STEPS = 20;
/** The warm-up ends when so many batches in a row were not faster than before. */
const STEADY_BATCHES = 8;
const MOST_WARM_UP_BATCHES = 100;
/** What counts as faster. */
const FASTER = 0.98;

function stepOf(now: () => number): number {
  let least = Infinity;
  for (let reading = 0, before = now(); reading < 200_000; reading++) {
    const time = now();
    if (time > before) least = Math.min(least, time - before);
    before = time;
  }
  return least;
}

/** The finer of the runtime's clocks; where they are alike, the cheaper one. */
export function findClock(): Clock {
  const start = process.hrtime.bigint();
  const clocks = [
    { name: "performance.now", now: () => performance.now() * 1e6 },
    { name: "process.hrtime.bigint", now: () => Number(process.hrtime.bigint() - start) },
  ].map((clock) => ({ ...clock, step: stepOf(clock.now) }));
  return clocks[1].step < clocks[0].step / 2 ? clocks[1] : clocks[0];
}

function randomFill(bytes: Uint8Array<ArrayBuffer>): void {
  for (let start = 0; start < bytes.length; start += 65_536) {
    crypto.getRandomValues(bytes.subarray(start, start + 65_536));
  }
}

/** As many 0 as 1, in random order. */
function shuffledLabels(): Uint8Array {
  const labels = Uint8Array.from({ length: BATCH }, (_, index) => index % 2);
  const numbers = new Uint32Array(BATCH);
  randomFill(new Uint8Array(numbers.buffer));
  for (let last = BATCH - 1; last > 0; last--) {
    const other = numbers[last] % (last + 1);
    [labels[last], labels[other]] = [labels[other], labels[last]];
  }
  return labels;
}

/** The inputs of a batch, whose order is decided before the first one is timed. */
class Batch {
  readonly #subject: Subject;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #inputs: Uint8Array<ArrayBuffer>[];
  labels = shuffledLabels();

  constructor(subject: Subject) {
    this.#subject = subject;
    const { inputLength } = subject;
    this.#bytes = new Uint8Array(BATCH * inputLength);
    this.#inputs = Array.from(
      { length: BATCH },
      (_, index) => this.#bytes.subarray(index * inputLength, (index + 1) * inputLength),
    );
  }

  /** New inputs in a new order. */
  prepare(): void {
    this.labels = shuffledLabels();
    randomFill(this.#bytes);
    this.#inputs.forEach((input, index) => this.#subject.fill(input, this.labels[index]));
  }

  /** Times all inputs, each copied to the same place before. */
  time(clock: Clock, repeats: number, samples: Float64Array): void {
    const subject = this.#subject;
    for (let index = 0; index < BATCH; index++) {
      subject.memory.set(this.#inputs[index]);
      subject.begin?.();
      const start = clock.now();
      for (let repeat = 0; repeat < repeats; repeat++) subject.run();
      samples[index] = clock.now() - start;
      subject.end?.();
    }
  }
}

function median(samples: Float64Array): number {
  return samples.toSorted()[samples.length >> 1];
}

/** Times batches until the engine has optimised all that is timed; its time then. */
function warmUp(batch: Batch, clock: Clock, repeats: number): number {
  const samples = new Float64Array(BATCH);
  let least = Infinity;
  let steady = 0;
  for (let count = 0; steady < STEADY_BATCHES && count < MOST_WARM_UP_BATCHES; count++) {
    batch.prepare();
    batch.time(clock, repeats, samples);
    const time = median(samples);
    steady = time < FASTER * least ? 0 : steady + 1;
    least = Math.min(least, time);
  }
  return least;
}

/** Samples of both classes, in nanoseconds for one run. */
export interface Samples {
  /** How long each took. */
  readonly times: Float64Array;
  /** The class of each. */
  readonly labels: Uint8Array;
}

/** Takes at least `count` samples of each class. */
export function sample(subject: Subject, clock: Clock, count: number): Samples {
  const batch = new Batch(subject);
  const time = warmUp(batch, clock, 1);
  const repeats = Math.max(1, Math.ceil(LEAST_STEPS * clock.step / time));
  if (repeats > 1) warmUp(batch, clock, repeats);

  const batches = Math.ceil(2 * count / BATCH);
  const times = new Float64Array(batches * BATCH);
  const labels = new Uint8Array(batches * BATCH);
  for (let index = 0; index < batches; index++) {
    batch.prepare();
    batch.time(clock, repeats, times.subarray(index * BATCH, (index + 1) * BATCH));
    labels.set(batch.labels, index * BATCH);
  }
  return { times: times.map((time) => time / repeats), labels };
}
