/**
 * Code that leaks: a harness that does not find it finds nothing.
 *
 * @module
 */

import { cbc } from "@noble/ciphers/aes.js";
import { fixedOrRandom, Layout } from "./inputs.ts";
import type { Subject } from "./sample.ts";

const TAG = 32;
const CACHE_LINE = 64;
/** Where the table begins. */
const TABLE = 4_096;
const BLOCK = 16;
const CBC_BYTES = 4 * BLOCK;

/** Kept, so that no engine leaves the work out. */
export const results = { equal: false, sum: 0 };

function isEqual(memory: Uint8Array, a: number, b: number, length: number): boolean {
  for (let index = 0; index < length; index++) {
    if (memory[a + index] !== memory[b + index]) return false;
  }
  return true;
}

/** Tags that differ in their first byte or in their last one. */
function comparison(): Subject {
  const memory = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer as ArrayBuffer);
  return {
    name: "leak: comparison that ends at the first difference",
    memory,
    inputLength: 2 * TAG,
    fill(input, label) {
      input.copyWithin(TAG, 0, TAG);
      input[TAG + (label === 0 ? 0 : TAG - 1)] ^= 1;
    },
    run() {
      results.equal = isEqual(memory, 0, TAG, TAG);
    },
  };
}

/**
 * A lookup for every byte of a secret, each value in a cache line of its own. The
 * fixed secret's lines compete for one set of the cache.
 */
function tableLookups(): Subject {
  const memory = new Uint8Array(TABLE + TAG * 256 * CACHE_LINE).fill(1, TABLE);
  const secret = { start: 0, end: TAG };
  return {
    name: "leak: table indexed by a secret",
    memory,
    ...fixedOrRandom(TAG, secret),
    run() {
      results.sum = 0;
      for (let index = 0; index < TAG; index++) {
        results.sum += memory[TABLE + (index * 256 + memory[index]) * CACHE_LINE];
      }
    },
  };
}

/**
 * AES in JavaScript by tables, as the portable backend has it. What is caught may
 * be the tables, or how an engine keeps numbers of more than 31 bits.
 */
function portableAes(): Subject {
  const layout = new Layout();
  const key = layout.place(BLOCK);
  const iv = layout.place(BLOCK);
  const data = layout.place(CBC_BYTES);
  const memory = new Uint8Array(layout.length);
  const [keyBytes, ivBytes, dataBytes] = [key, iv, data].map(({ start, end }) =>
    memory.subarray(start, end)
  );
  return {
    name: "leak: AES by tables in JavaScript (noble), 4 blocks: key",
    memory,
    ...fixedOrRandom(layout.length, key),
    run: () => cbc(keyBytes, ivBytes).encrypt(dataBytes),
  };
}

/** Every control that has to be caught. */
export function leaks(): Subject[] {
  return [comparison(), tableLookups(), portableAes()];
}
