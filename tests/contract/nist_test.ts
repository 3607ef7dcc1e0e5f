/**
 * NIST's vectors of AES-128-CBC (AESAVS, section 6): known answers, messages of
 * several blocks and the Monte Carlo test. The kernel's own tests run them natively,
 * on each of its implementations.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { createCipheriv, createHmac } from "node:crypto";
import type { Backend } from "../../src/backends/backend.ts";
import { getBackend } from "../../src/backends/select/available.ts";
import type { CbcStream } from "../../src/backends/token.ts";
import {
  type Batch,
  batchRecord,
  batchTexts,
  type Opened,
  toBatch,
} from "../../src/bytes/batch.ts";
import type { Bytes } from "../../src/bytes/bytes.ts";
import { getKernel } from "../../src/kernel/kernel.ts";
import { cbcStream } from "../../src/kernel/streams.ts";
import { testEach } from "../support/backends.ts";
import gfsbox from "../vectors/nist/aes_128_cbc_gfsbox.json" with { type: "json" };
import keysbox from "../vectors/nist/aes_128_cbc_keysbox.json" with { type: "json" };
import mct from "../vectors/nist/aes_128_cbc_mct.json" with { type: "json" };
import mmt from "../vectors/nist/aes_128_cbc_mmt.json" with { type: "json" };
import varkey from "../vectors/nist/aes_128_cbc_varkey.json" with { type: "json" };
import vartxt from "../vectors/nist/aes_128_cbc_vartxt.json" with { type: "json" };

type Direction = "encrypt" | "decrypt";
type Vector = typeof gfsbox["encrypt"][number];

const FILES = [
  ["GFSbox", gfsbox, 7],
  ["KeySbox", keysbox, 21],
  ["VarKey", varkey, 128],
  ["VarTxt", vartxt, 128],
  ["MMT", mmt, 10],
] as const;
const ALL = FILES.reduce((sum, [, , count]) => sum + count, 0);

/** More than the kernel encrypts by byte shuffles, and more than one full step. */
const MANY = 9;

const hex = Uint8Array.fromHex;
const signingKey = crypto.getRandomValues(new Uint8Array(16));

Deno.test("AES-128-CBC: NIST's vectors are all there, both ways", () => {
  for (const [name, file, count] of FILES) {
    assertEquals([file.encrypt.length, file.decrypt.length], [count, count], name);
  }
  assertEquals([mct.encrypt.length, mct.decrypt.length], [100, 100]);
});

/** The vectors of each key: at once, and again and again as a larger batch. */
function* batches(direction: Direction): Generator<Vector[]> {
  for (const [, file] of FILES) {
    for (const vectors of Map.groupBy(file[direction], ({ key }) => key).values()) {
      yield vectors;
      if (vectors.length < MANY) {
        yield Array.from({ length: MANY }, (_, index) => vectors[index % vectors.length]);
      }
    }
  }
}

function fernetKey({ key }: Vector): Bytes {
  return Uint8Array.of(...signingKey, ...hex(key));
}

function head({ iv }: Vector): Uint8Array {
  return Uint8Array.of(...new Uint8Array(8), ...hex(iv));
}

function ciphertexts(tokens: Batch): string[] {
  return batchTexts(tokens).map((text) =>
    Uint8Array.fromBase64(text, { alphabet: "base64url" }).slice(25, -32).toHex()
  );
}

/** By all calls that the backend has. */
async function seal({ sync, async }: Backend, vectors: Vector[]): Promise<Batch[]> {
  const records = toBatch(vectors.map(({ plaintext }) => hex(plaintext)));
  const call = [fernetKey(vectors[0]), records, toBatch(vectors.map(head)).bytes] as const;
  return [await async.seal(...call), ...sync ? [sync.seal(...call)] : []];
}

async function open({ sync, async }: Backend, key: Bytes, tokens: Batch): Promise<Opened[]> {
  return [await async.open(key, tokens), ...sync ? [sync.open(key, tokens)] : []];
}

function assertOpened({ plaintexts, valid }: Opened, vectors: Vector[]): void {
  assertEquals([...valid], vectors.map(() => 1));
  const records = vectors.map((_, index) => batchRecord(plaintexts, index).toHex());
  assertEquals(records, vectors.map(({ plaintext }) => plaintext));
}

testEach(`AES-128-CBC: ${ALL} records encrypt to NIST's ciphertexts`, async (_, engine) => {
  const ran = new Set<Vector>();
  for (const vectors of batches("encrypt")) {
    for (const tokens of await seal(engine, vectors)) {
      ciphertexts(tokens).forEach((ciphertext, index) => {
        const expected = vectors[index].ciphertext;
        assertEquals(ciphertext.slice(0, expected.length), expected);
        // One more block is the padding.
        assertEquals(ciphertext.length, expected.length + 32);
      });
      for (const opened of await open(engine, fernetKey(vectors[0]), tokens)) {
        assertOpened(opened, vectors);
      }
    }
    vectors.forEach((vector) => ran.add(vector));
  }
  assertEquals(ran.size, ALL);
});

/** A token of the ciphertext, to which node:crypto adds the block of padding. */
function tokenOf(vector: Vector): Uint8Array {
  const cipher = createCipheriv("aes-128-cbc", hex(vector.key), hex(vector.ciphertext).slice(-16));
  const signed = Buffer.concat([Uint8Array.of(0x80), head(vector), hex(vector.ciphertext)]);
  const padded = Buffer.concat([signed, cipher.final()]);
  const tag = createHmac("sha256", signingKey).update(padded).digest();
  const text = Uint8Array.of(...padded, ...tag).toBase64({ alphabet: "base64url" });
  return new TextEncoder().encode(text);
}

testEach(`AES-128-CBC: ${ALL} of NIST's ciphertexts decrypt in tokens`, async (_, engine) => {
  const ran = new Set<Vector>();
  for (const vectors of batches("decrypt")) {
    const tokens = toBatch(vectors.map(tokenOf));
    for (const opened of await open(engine, fernetKey(vectors[0]), tokens)) {
      assertOpened(opened, vectors);
    }
    vectors.forEach((vector) => ran.add(vector));
  }
  assertEquals(ran.size, ALL);
});

/** The ends of a vector, by direction: what goes in and what comes out. */
function ends({ plaintext, ciphertext }: Vector, direction: Direction): [string, string] {
  return direction === "encrypt" ? [plaintext, ciphertext] : [ciphertext, plaintext];
}

function kernelStream(direction: Direction, key: Bytes, iv: Bytes): CbcStream {
  return cbcStream(getKernel(), `cbc_${direction}`, key, iv);
}

for (const direction of ["encrypt", "decrypt"] as const) {
  Deno.test(`AES-128-CBC: ${ALL} messages ${direction} in the kernel's stream`, () => {
    let ran = 0;
    for (const vector of FILES.flatMap(([, file]) => file[direction])) {
      const [input, output] = ends(vector, direction);
      const begin = () => kernelStream(direction, hex(vector.key), hex(vector.iv));
      assertEquals(begin()(hex(input)).toHex(), output);
      const stream = begin();
      const blocks = input.match(/.{32}/g) ?? [];
      assertEquals(blocks.map((block) => stream(hex(block)).toHex()).join(""), output);
      ran++;
    }
    assertEquals(ran, ALL);
  });

  Deno.test(`AES-128-CBC: the Monte Carlo test, to ${direction} in the kernel's stream`, () => {
    checkMonteCarlo(direction, (key, iv) => kernelStream(direction, key, iv));
  });
}

/**
 * AESAVS, section 6.4.2: 1,000 blocks in one stream, of which each is what came out
 * two steps before, for each of 100 keys.
 */
function checkMonteCarlo(
  direction: Direction,
  begin: (key: Bytes, iv: Bytes) => CbcStream,
): void {
  const vectors = mct[direction];
  let key = hex(vectors[0].key);
  let iv = hex(vectors[0].iv);
  let input: Bytes = hex(ends(vectors[0], direction)[0]);
  for (const [count, vector] of vectors.entries()) {
    const [given, output] = ends(vector, direction);
    const begins = [key, iv, input].map((bytes) => bytes.toHex());
    assertEquals(begins, [vector.key, vector.iv, given], `count ${count}`);
    const stream = begin(key, iv);
    let last = iv;
    for (let step = 0; step < 1_000; step++) {
      const block = new Uint8Array(stream(input));
      input = last;
      last = block;
    }
    assertEquals(last.toHex(), output, `count ${count}`);
    key = key.map((byte, index) => byte ^ last[index]);
    iv = last;
  }
}

/** Encrypts each block in a batch of records, all of them that block. */
function batchStream(count: number, key: Bytes, iv: Bytes): CbcStream {
  const { sync } = getBackend("wasm");
  assert(sync);
  const both = Uint8Array.of(...signingKey, ...key);
  let chain: Uint8Array = iv;
  return (block) => {
    const records = toBatch(Array.from({ length: count }, () => block));
    const heads = new Uint8Array(24 * count);
    for (let index = 0; index < count; index++) heads.set(chain, 24 * index + 8);
    const [ciphertext] = ciphertexts(sync.seal(both, records, heads)).slice(-1);
    return chain = hex(ciphertext.slice(0, 32));
  };
}

// The kernel encrypts up to four records by byte shuffles, and more bitsliced.
for (const count of [1, 5]) {
  Deno.test(`AES-128-CBC: the Monte Carlo test in the kernel's batches of ${count}`, () => {
    checkMonteCarlo("encrypt", (key, iv) => batchStream(count, key, iv));
  });
}
