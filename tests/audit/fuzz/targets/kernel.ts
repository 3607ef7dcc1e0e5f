/**
 * The kernel's raw exports: any numbers are taken or trap, and nothing is written but
 * where the call says. Numbers that fit give what node:crypto gives.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import type { KernelExports } from "../../../../src/kernel/kernel.ts";
import { kernelModule } from "../../../../src/kernel/load.ts";
import { target } from "../run.ts";

/** Bytes of the arena that calls are about; what follows them is watched. */
const ROOM = 4_096;

interface Instance {
  readonly exports: KernelExports;
  readonly arena: Uint8Array;
}

let instance: Instance | undefined;

function fresh(): Instance {
  const { exports } = new WebAssembly.Instance(kernelModule(), {});
  const kernel = exports as unknown as KernelExports;
  const { buffer } = kernel.memory;
  return {
    exports: kernel,
    arena: new Uint8Array(buffer, kernel.arena_address(), kernel.arena_length()),
  };
}

const number = fc.oneof(
  { weight: 8, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.nat(ROOM) },
  { weight: 1, arbitrary: fc.constantFrom(8 << 20, (8 << 20) - 1, -1, 2 ** 31 - 1, -(2 ** 31)) },
);

/** A call, and from where to where it may write; nothing of the arena where it traps. */
interface Call {
  readonly name: keyof KernelExports & string;
  readonly args: readonly number[];
  /** What the arena is filled with: with zeros more of the offsets in it are good. */
  readonly mark: number;
  readonly writes: (args: readonly number[]) => readonly [number, number];
}

function call(
  name: Call["name"],
  count: number,
  writes: Call["writes"] = () => [0, 0],
): fc.Arbitrary<Call> {
  const args = fc.array(number, { minLength: count, maxLength: count });
  const mark = fc.constantFrom(0, 0xa5);
  return fc.tuple(args, mark).map(([args, mark]) => ({ name, args, mark, writes }));
}

const END = 8 << 20;
const calls = fc.oneof(
  call("seal_batch", 8, (args) => [args[7], END]),
  call("open_batch", 7, (args) => [args[5], END]),
  call("find_lines", 4, ([, , ends, room]) => [ends, ends + 4 * room]),
  call("cbc_encrypt", 4, () => [0, END]),
  call("cbc_decrypt", 4, () => [0, END]),
  call("mac_start", 2),
  call("mac_update", 3),
  call("mac_tag", 2, ([, out]) => [out, out + 32]),
  call("mac_free", 1),
  call("derivation_start", 6),
  call("derivation_run", 3),
  call("derivation_output", 2, ([, out]) => [out, out + 64]),
  call("derivation_free", 1),
);

/** Whole use: a text, a key, and where they stand. */
const uses = fc.record({
  key: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  iv: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  // One byte in sixteen is a line feed.
  text: fc.uint8Array({ maxLength: 300, size: "max" })
    .map((text) => text.map((byte) => byte < 16 ? 10 : byte)),
  gap: fc.nat(40),
});

function checkUse(
  { exports, arena }: Instance,
  { key, iv, text, gap }: { key: Uint8Array; iv: Uint8Array; text: Uint8Array; gap: number },
): void {
  const data = text.subarray(0, text.length - text.length % 16);
  const at = 32 + gap;
  arena.set(key, 0);
  arena.set(iv, 16);
  arena.set(data, at);
  exports.cbc_encrypt(0, 16, at, data.length);
  const expected = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(data);
  assert(expected.equals(arena.subarray(at, at + data.length)), "cbc_encrypt");
  arena.set(iv, 16);
  arena.set(data, at);
  exports.cbc_decrypt(0, 16, at, data.length);
  const opened = createDecipheriv("aes-128-cbc", key, iv).setAutoPadding(false).update(data);
  assert(opened.equals(arena.subarray(at, at + data.length)), "cbc_decrypt");
  arena.set(text, at);
  const slot = exports.mac_start(0, key.length);
  assert(slot >= 0, "no slot");
  exports.mac_update(slot, at, text.length);
  exports.mac_tag(slot, 0);
  exports.mac_free(slot);
  const tag = createHmac("sha256", key).update(text).digest();
  assert(tag.equals(arena.subarray(0, 32)), "mac");
  const count = exports.find_lines(at, text.length, 1_024, 301);
  const ends = new Uint32Array(arena.slice(1_024, 1_024 + 4 * count).buffer);
  const feeds = [...text.keys()].filter((place) => text[place] === 10).map((place) => place + 1);
  assertEquals([...ends], feeds);
}

function checkCall(kernel: Instance, { name, args, mark, writes }: Call): boolean {
  const { exports, arena } = kernel;
  arena.fill(mark, 0, 2 * ROOM);
  // A run of 2^31 iterations would take a day.
  const bounded = name === "derivation_run" ? [args[0], args[1], args[2] & 15] : args;
  const kernelCall = exports[name] as (...args: number[]) => unknown;
  try {
    kernelCall(...bounded);
  } catch (error) {
    assert(error instanceof WebAssembly.RuntimeError, String(error));
    return false;
  }
  const [start, end] = writes(args.map((number) => number >>> 0));
  for (let at = 0; at < 2 * ROOM; at++) {
    if (at >= start && at < end) continue;
    if (arena[at] !== mark) throw new Error(`${name} wrote at ${at}`);
  }
  return true;
}

/** The kernel. */
export const kernelTarget = target<{ call: Call } | { use: Parameters<typeof checkUse>[1] }>({
  name: "kernel",
  input: fc.oneof(calls.map((call) => ({ call })), uses.map((use) => ({ use }))),
  batch: 100,
  check(inputs) {
    // Slots that a run of calls took are free again in the next one.
    instance = undefined;
    for (const input of inputs) {
      instance ??= fresh();
      if ("use" in input) {
        instance.arena.fill(0, 0, 2 * ROOM);
        checkUse(instance, input.use);
      } else if (!checkCall(instance, input.call)) {
        instance = undefined;
      }
      // Of 16 slots of MACs some are taken by calls that do not free them.
      if (instance && "call" in input && input.call.name.endsWith("_start")) instance = undefined;
    }
  },
});
