/**
 * The pool as the streams of `./export` use it: batches sealed and opened on
 * workers, and what a job leaves to its caller.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { getBackend } from "../../src/backends/select/available.ts";
import { type Batch, singleBatch, toBatch } from "../../src/bytes/batch.ts";
import { makeHeads } from "../../src/fernet/seal.ts";
import { keyGroups } from "../../src/workers/key_groups.ts";
import { crew, defaultWorkers, getPool, type Pool } from "../../src/workers/pool.ts";
import { countKernelCalls } from "../support/kernel_calls.ts";

const BACKENDS = ["wasm", "node"] as const;
const REASON = new Error("the caller has had enough");

async function requirePool(workers: number): Promise<Pool> {
  const pool = await getPool(workers);
  assert(pool);
  return pool;
}

function randomKey(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(32));
}

function makeJob(texts: readonly string[]) {
  return { key: randomKey(), records: toBatch(texts), heads: makeHeads(texts.length, () => 1n) };
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `text ${index} `.repeat(index % 50));
}

for (const backend of BACKENDS) {
  Deno.test(`A batch is sealed and opened as in the calling thread [${backend}]`, async () => {
    const pool = await requirePool(2);
    const engine = getBackend(backend).async;
    for (const count of [0, 1, 7, 1_000]) {
      const { key, records, heads } = makeJob(texts(count));
      const given = structuredClone({ key, records, heads });
      const tokens = await pool.seal({ backend, key, records, heads });
      assertEquals(tokens, await engine.seal(key, records, heads));
      const changed = structuredClone(tokens);
      if (changed.bytes.length) changed.bytes[20] ^= 1;
      for (const each of [tokens, changed]) {
        assertEquals(await pool.open({ backend, key, tokens: each }), await engine.open(key, each));
      }
      assertEquals({ key, records, heads }, given, "the job's bytes are still the caller's");
    }
  });

  Deno.test(`Only the part of a long buffer that a job shows is sent [${backend}]`, async () => {
    const pool = await requirePool(1);
    const { key, records, heads } = makeJob(["one", "two"]);
    const long = new Uint8Array(1_000);
    long.set(records.bytes, 500);
    const part: Batch = { ...records, bytes: long.subarray(500, 500 + records.bytes.length) };
    const tokens = await pool.seal({ backend, key, records: part, heads });
    assertEquals(tokens, await pool.seal({ backend, key, records, heads }));
    assertEquals(long.length, 1_000);
  });

  Deno.test(`A long message is stopped at once, and the next one is served [${backend}]`, async () => {
    const pool = await requirePool(1);
    const key = randomKey();
    const records = singleBatch(new Uint8Array(60_000_000));
    const heads = makeHeads(1, () => 1n);
    const controller = new AbortController();
    const sealing = pool.seal({ backend, key, records, heads }, controller.signal);
    const stopped = assertRejects(() => sealing);
    await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort(REASON);
    assertEquals(await stopped, REASON);
    const job = makeJob(["text"]);
    assertEquals((await pool.seal({ backend, ...job })).offsets.length, 2);
  });

  Deno.test(`Jobs whose workers die are done by others [${backend}]`, async () => {
    const pool = await requirePool(2);
    const jobs = Array.from({ length: 12 }, () => makeJob(texts(400)));
    const sealing = Promise.all(jobs.map((job) => pool.seal({ backend, ...job })));
    for (const worker of crew.workers) worker.terminate();
    const engine = getBackend(backend).async;
    for (const [index, tokens] of (await sealing).entries()) {
      const { key, records, heads } = jobs[index];
      assertEquals(tokens, await engine.seal(key, records, heads));
    }
  });

  Deno.test(`Keys are derived at every cost until they are accepted [${backend}]`, async () => {
    const pool = await requirePool(2);
    const bytes = (text: string) => new TextEncoder().encode(text);
    const shown: number[][] = Array.from({ length: 9 }, () => []);
    const wanted = shown.map((_, index) => ({
      request: {
        hash: "SHA-256",
        length: 32,
        password: bytes("password"),
        salt: bytes(`salt ${index}`),
      } as const,
      costs: [10, 1_500, 2_700],
    }));
    let done = 0;
    const derive = async () => {
      for await (const candidate of pool.keysAt(backend, wanted, {})) {
        const { index, key, cost, last } = candidate;
        shown[index].push(cost);
        assert(key.some(Boolean));
        assertEquals(last, cost === 2_700);
        if (index % 2) await Promise.resolve();
        candidate.accepted = shown[index].length > index % 4;
        if (candidate.accepted || last) done++;
      }
    };
    assertEquals(await countKernelCalls(derive), 0);
    const [all, two, one] = [[10, 1_500, 2_700], [10, 1_500], [10]];
    assertEquals(shown, [one, two, all, all, one, two, all, all, one]);
    assertEquals(done, 9);
  });
}

Deno.test("What fails on a worker fails with its own error in the calling thread", async () => {
  const pool = await requirePool(1);
  const request = { hash: "SHA-256", length: 32 } as const;
  const bytes = new Uint8Array(1);
  const job = { request: { ...request, password: bytes, salt: bytes }, costs: [2 ** 31] };
  const error = await assertRejects(() => pool.keysAt("node", [job], {}).next());
  assertEquals(error.name, "BackendUnavailableError");
  assertEquals((await pool.seal({ backend: "node", ...makeJob(["a"]) })).offsets.length, 2);
});

Deno.test("No workers are wanted where none are asked for", async () => {
  assertEquals(await getPool(0), undefined);
  assertEquals(defaultWorkers(), Math.min(navigator.hardwareConcurrency, 64));
});

Deno.test("Keys are grouped such that workers end together", () => {
  const sizes = (count: number, workers: number, known = true) =>
    [...keyGroups(Array(count).fill(0), workers, known ? count : undefined)]
      .map(({ length }) => length);
  assertEquals(sizes(16, 2), [8, 8]);
  assertEquals(sizes(6, 2), [3, 3]);
  assertEquals(sizes(7, 2), [4, 3]);
  assertEquals(sizes(30, 2), [8, 8, 4, 4, 3, 3]);
  assertEquals(sizes(5, 3), [2, 2, 1]);
  assertEquals(sizes(0, 3), []);
  assertEquals(sizes(20, 2, false), [8, 8, 4]);
  for (let count = 0; count < 200; count++) {
    for (const workers of [1, 2, 3, 5, 64]) {
      const jobs = Array.from({ length: count }, (_, index) => index);
      assertEquals([...keyGroups(jobs, workers, count)].flat(), jobs);
    }
  }
});
