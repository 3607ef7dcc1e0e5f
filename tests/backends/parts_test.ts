/**
 * Engines composed of several backends' parts: byte for byte what each backend makes
 * by itself, and what it opens and refuses.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { getBackend } from "../../src/backends/select/available.ts";
import { bestParts, Parts } from "../../src/backends/select/parts.ts";
import { fernetEngines, openOne, sealInto } from "../../src/backends/engine.ts";
import { ImportedKeys } from "../../src/backends/imported_keys.ts";
import { tokenLength } from "../../src/backends/token.ts";
import { webCryptoEngine } from "../../src/backends/webcrypto.ts";
import { batchTexts, singleBatch } from "../../src/bytes/batch.ts";
import { decodeAscii, encodeAscii } from "../../src/bytes/text.ts";

const [wasm, node] = [getBackend("wasm"), getBackend("node")];
assert(wasm.sync && node.sync && wasm.primitives && node.primitives);
const composed = fernetEngines({ ...wasm.primitives, mac: node.primitives.mac });
const reversed = fernetEngines({ ...node.primitives, mac: wasm.primitives.mac });
const threads = webCryptoEngine({ subtle: crypto.subtle, mac: node.primitives.mac });
const plain = webCryptoEngine({ subtle: crypto.subtle });

const LENGTHS = [0, 1, 15, 16, 17, 100, 4_095, 4_096, 65_519, 131_073, 196_608, 200_001, 1_200_000];
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((given) => new Uint8Array(given));
const message = fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.constantFrom(...LENGTHS))
  .chain((length) => bytes(64).map((some) => new Uint8Array(length).map((_, at) => some[at % 64])));

Deno.test("Composed engines seal as the kernel and node:crypto do, and open it", async () => {
  const property = fc.asyncProperty(bytes(32), bytes(24), message, async (key, head, record) => {
    const expected = batchTexts(wasm.sync!.seal(key, singleBatch(record), head))[0];
    assert(batchTexts(node.sync!.seal(key, singleBatch(record), head))[0] === expected);
    const imported = new ImportedKeys();
    for (const { sync, async } of [composed, reversed, node]) {
      assert(sync?.single && async.single);
      assert(sync.single.seal(key, record, head) === expected);
      assert(batchTexts(sync.seal(key, singleBatch(record), head))[0] === expected);
      assert(await async.single.seal({ key }, record, head) === expected);
      assertEquals(sync.single.open(key, expected)?.plaintext, record);
      assertEquals((await async.single.open({ key }, expected))?.plaintext, record);
    }
    for (const { single, seal } of [threads, plain, threads]) {
      assert(single);
      assert(await single.seal({ key, imported }, record, head) === expected);
      assert(batchTexts(await seal(key, singleBatch(record), head))[0] === expected);
      assertEquals((await single.open({ key, imported }, expected))?.plaintext, record);
    }
    for (const length of [0, 1 << 20]) {
      const parts = bestParts({ wasm, node }, length);
      assert(parts);
      const out = new Uint8Array(tokenLength(record.length));
      sealInto(parts, key, record, head, out);
      assert(decodeAscii(out) === expected);
      assertEquals(openOne(parts, key, out)?.plaintext, record);
    }
  });
  await fc.assert(property, { numRuns: 40 });
});

Deno.test("Composed engines refuse every changed token", async () => {
  for (const length of [20, 3_000, 150_000, 1_300_000]) {
    const [key, head] = [new Uint8Array(32).fill(3), new Uint8Array(24).fill(5)];
    const good = batchTexts(node.sync!.seal(key, singleBatch(new Uint8Array(length)), head))[0];
    const flip = (at: number) =>
      good.slice(0, at) + (good[at] === "A" ? "B" : "A") + good.slice(at + 1);
    const bad = [
      "",
      "gAAA",
      good.slice(4),
      `${good.slice(0, -4)}`,
      `${good}AAAA`,
      flip(30),
      flip(good.length >> 1),
      flip(good.length - 8),
      `${good.slice(0, 60)}+${good.slice(61)}`,
      `${good.slice(0, 60)} ${good.slice(61)}`,
      `${good.slice(0, 60)}\u0141${good.slice(61)}`,
      `${good.slice(0, 60)}\n${good.slice(60)}`,
    ];
    for (const token of bad) {
      for (const { sync, async } of [composed, reversed, node]) {
        assertEquals(sync?.single?.open(key, token), undefined);
        assertEquals(await async.single?.open({ key }, token), undefined);
        assertEquals(openOne(node.primitives!, key, encodeAscii(token)), undefined);
      }
      for (const { single } of [threads, plain]) {
        assertEquals(await single?.open({ key }, token), undefined);
      }
    }
  }
});

Deno.test("A part is not looked for before it may be chosen", () => {
  const asked: string[] = [];
  const parts = new Parts((name) => {
    asked.push(name);
    return getBackend(name);
  });
  assertEquals(parts.sync({ count: 1, length: 100 })?.name, "wasm");
  assertEquals(parts.sync({ count: 1_000, length: 100 })?.name, "wasm");
  assertEquals(parts.single(100, () => 0), undefined);
  assertEquals(parts.async({ count: 1, length: 100 }), undefined);
  assertEquals([...new Set(asked)], ["wasm"]);
  assert(parts.sync({ count: 1, length: 100_000 })?.sync.single);
});

Deno.test("Without some part, what is left does the work", () => {
  const only = (...names: string[]) =>
    new Parts((name) => names.includes(name) ? getBackend(name) : undefined);
  for (const length of [10, 1 << 20]) {
    const load = { count: 1, length };
    assertEquals(only("node").sync(load)?.name, "node");
    assertEquals(only("wasm").sync(load)?.name, "wasm");
    assertEquals(only("webcrypto").sync(load), undefined);
  }
  assertEquals(only("wasm").single(1 << 20, () => 0), undefined);
  assert(only("webcrypto").single(1 << 20, () => 0) === getBackend("webcrypto").async.single);
  assert(only("node").single(1 << 20, () => 0) === getBackend("node").async.single);
});
