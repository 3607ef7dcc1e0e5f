/**
 * Several batches at once, in order: what the streams of sealed exports rest on.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ordered } from "../../src/streams/ordered.ts";
import { pause } from "../support/sealed.ts";

const REASON = new Error("enough");

/** Numbers from 0 on, slow and fast ones; counts how many were taken and closed. */
function numbers(count: number, failAt = Infinity) {
  const seen = { taken: 0, closed: 0 };
  async function* source() {
    try {
      for (let value = 0; value < count; value++) {
        if (value % 3 === 0) await pause();
        if (value === failAt) throw REASON;
        seen.taken++;
        yield value;
      }
    } finally {
      seen.closed++;
    }
  }
  return { seen, source: source() };
}

Deno.test("Results come in the order of the inputs, with so many at once", async () => {
  for (const limit of [1, 2, 5]) {
    let running = 0;
    let most = 0;
    const { seen, source } = numbers(40);
    const results: number[] = [];
    const full = Promise.withResolvers<void>();
    const work = async (value: number) => {
      most = Math.max(most, ++running);
      // Without waiting for each other, they may end too soon on a busy machine.
      if (running === limit) full.resolve();
      await full.promise;
      await pause(Math.random() * 5);
      running--;
      return 2 * value;
    };
    for await (const result of ordered(source, () => limit, work)) results.push(result);
    assertEquals(results, Array.from({ length: 40 }, (_, value) => 2 * value));
    assertEquals(most, limit);
    assertEquals(seen, { taken: 40, closed: 1 });
  }
});

Deno.test("A result does not wait for inputs that are slow to come", async () => {
  async function* source() {
    yield 1;
    await new Promise(() => {});
  }
  const results = ordered(source(), () => 3, (value) => Promise.resolve(value));
  assertEquals(await results.next(), { done: false, value: 1 });
});

Deno.test("Who takes no results stops the reading", async () => {
  for (const limit of [1, 3]) {
    const { seen, source } = numbers(100);
    const results = ordered(source, () => limit, (value) => Promise.resolve(value));
    assertEquals(await results.next(), { done: false, value: 0 });
    await pause(50);
    assert(seen.taken <= limit + 1, `${seen.taken}`);
    await results.return();
    await pause(20);
    assertEquals(seen.closed, 1);
    assert(seen.taken <= limit + 1);
  }
});

Deno.test("The first failure in order is thrown, after the results before it", async () => {
  const { seen, source } = numbers(100);
  const results: number[] = [];
  const work = async (value: number) => {
    await pause(20 - 2 * value); // the later the sooner
    if (value >= 3) throw new Error(`value ${value}`);
    return value;
  };
  const reading = (async () => {
    for await (const result of ordered(source, () => 6, work)) results.push(result);
  })();
  await assertRejects(() => reading, Error, "value 3");
  assertEquals(results, [0, 1, 2]);
  await pause(50);
  assertEquals(seen.closed, 1);
});

Deno.test("A failure of the source is thrown", async () => {
  const { source } = numbers(100, 6);
  const results = ordered(source, () => 2, (value) => Promise.resolve(value));
  const reading = (async () => {
    for await (const _ of results);
  })();
  assertEquals(await reading.catch((error) => error), REASON);
});
