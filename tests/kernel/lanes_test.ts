/**
 * The kernel's lanes: every number of records and of derivations together, and
 * lengths and iterations of every kind in one batch, against node:crypto.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Hash, pbkdf2Many, pbkdf2Sync } from "@ironfern/ironfern";
import { createCipheriv, createHash, createHmac, pbkdf2Sync as nodePbkdf2Sync } from "node:crypto";
import type { KdfBlock } from "../../src/backends/backend.ts";
import { getBackend } from "../../src/backends/select/available.ts";
import { type Batch, batchTexts, joinBytes, toBatch } from "../../src/bytes/batch.ts";
import { kernelMacs } from "../../src/kernel/batches.ts";
import { getKernel } from "../../src/kernel/kernel.ts";
import { KernelMac } from "../../src/kernel/streams.ts";

const seed = Deno.env.get("IRONFERN_SEED") ??
  String(crypto.getRandomValues(new Int32Array(1))[0]);

const { sync: engine, kdf: { sliced } } = getBackend("wasm");
assert(engine && sliced);

/** The same bytes again for the same seed, test and draws before. */
class Random {
  readonly #stream;

  constructor(test: string) {
    const key = createHash("sha256").update(`${seed} ${test}`).digest();
    this.#stream = createCipheriv("aes-256-ctr", key, new Uint8Array(16));
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#stream.update(new Uint8Array(length)));
  }

  /** A number from 0 to `bound` - 1. */
  below(bound: number): number {
    return new Uint32Array(this.bytes(4).buffer)[0] % bound;
  }

  shuffle<T>(values: T[]): T[] {
    for (let index = values.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      [values[index], values[other]] = [values[other], values[index]];
    }
    return values;
  }
}

/** Registers a test with random bytes of its own. */
function testRandom(name: string, body: (random: Random) => void | Promise<void>): void {
  Deno.test(`${name} (IRONFERN_SEED=${seed})`, () => body(new Random(name)));
}

/** A token by node:crypto; `head` is the time and the IV. */
function nodeToken(key: Uint8Array, record: Uint8Array, head: Uint8Array): string {
  const cipher = createCipheriv("aes-128-cbc", key.subarray(16), head.subarray(8));
  const ciphertext = [cipher.update(record), cipher.final()];
  return signed(key, Buffer.concat([Uint8Array.of(0x80), head, ...ciphertext]));
}

function signed(key: Uint8Array, raw: Uint8Array): string {
  const tag = createHmac("sha256", key.subarray(0, 16)).update(raw).digest();
  return toText(Buffer.concat([raw, tag]));
}

function toText(raw: Uint8Array): string {
  return Uint8Array.from(raw).toBase64({ alphabet: "base64url" });
}

/** Seals and opens a batch of records of these lengths. */
function checkBatch(random: Random, lengths: readonly number[]): void {
  const key = random.bytes(32);
  const records = lengths.map((length) => random.bytes(length));
  const heads = records.map(() => random.bytes(24));
  const expected = records.map((record, index) => nodeToken(key, record, heads[index]));
  const which = `lengths ${lengths}`;

  const tokens = engine!.seal(key, toBatch(records), toBatch(heads).bytes);
  const texts = batchTexts(tokens);
  assertEquals(texts.length, expected.length, which);
  texts.forEach((text, index) => assert(text === expected[index], `record ${index}, ${which}`));

  const { plaintexts, valid, times } = engine!.open(key, tokens);
  assertEquals([...valid], lengths.map(() => 1), which);
  assertEquals([...times], heads.map((head) => new DataView(head.buffer).getBigUint64(0)));
  assertSame(plaintexts, records, which);
}

function assertSame({ bytes, offsets }: Batch, records: Uint8Array[], which: string): void {
  let end = 0;
  const expected = records.map((record) => end += record.length);
  assertEquals([...offsets], [0, ...expected], which);
  assert(Buffer.compare(bytes, Buffer.concat(records)) === 0, which);
}

const COUNTS = [...Array(21).keys(), 63, 64, 65, 257, 600];

/** Lengths of so many records, as lanes may have them. */
const SHAPES: Record<string, (random: Random, count: number) => number[]> = {
  equal(random, count) {
    const length = random.below(300);
    return lengths(count, () => length);
  },
  empty: (_, count) => lengths(count, () => 0),
  short: (random, count) => lengths(count, () => random.below(20)),
  ragged: (random, count) => lengths(count, () => random.below(301)),
  rising: (_, count) => lengths(count, (index) => 5 * index),
  falling: (_, count) => lengths(count, (index) => 5 * (count - index)),
  "one long among short": (random, count) => {
    const place = random.below(Math.max(1, count));
    return lengths(count, (index) => index === place ? 5_000 : random.below(60));
  },
  "one short among long": (random, count) => {
    const place = random.below(Math.max(1, count));
    return lengths(count, (index) => index === place ? random.below(20) : 700);
  },
  "at the ends of blocks": (random, count) =>
    lengths(count, () => Math.max(0, 16 * random.below(30) + random.below(3) - 1)),
};

function lengths(count: number, length: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => length(index));
}

for (const [shape, lengthsOf] of Object.entries(SHAPES)) {
  testRandom(`Batches of 0 to 20 records and larger ones: ${shape}`, (random) => {
    for (const count of COUNTS) checkBatch(random, lengthsOf(random, count));
  });
}

testRandom("1 to 9 records longer than the kernel encrypts in one go", (random) => {
  for (let count = 1; count <= 9; count++) {
    for (const more of [-16, -1, 0, 1, 16]) checkBatch(random, lengths(count, () => 4_096 + more));
    for (let round = 0; round < 3; round++) {
      checkBatch(random, lengths(count, () => 3_000 + random.below(8_000)));
    }
  }
});

testRandom("Records of every length from 0 to 300, alone and in each other's company", (random) => {
  const all = [...Array(301).keys()];
  for (const length of all) {
    checkBatch(random, [length]);
    const others = lengths(random.below(12), () => random.below(301));
    checkBatch(random, random.shuffle([length, ...others]));
  }
  checkBatch(random, all);
  checkBatch(random, all.reverse());
  checkBatch(random, random.shuffle(all));
});

testRandom("Lengths around whole blocks up to 64 KiB, mixed", (random) => {
  const around = (multiple: number) => [multiple - 1, multiple, multiple + 1];
  const fine = lengths(512, (index) => 16 * (index + 1)).flatMap(around);
  const coarse = lengths(64, (index) => 1_024 * (index + 1))
    .flatMap((length) => [0, 16, 64].flatMap((more) => around(length - more)));
  const all = random.shuffle([...fine, ...coarse]);
  let checked = 0;
  while (all.length > 0) {
    const batch = all.splice(0, 1 + random.below(20));
    checkBatch(random, batch);
    checked += batch.length;
  }
  assertEquals(checked, 3 * 512 + 9 * 64);
});

testRandom("HMACs of every length from 0 to 300, whole and in pieces", (random) => {
  for (let length = 0; length <= 300; length++) {
    const [key, message] = [random.bytes(random.below(150)), random.bytes(length)];
    const expected = createHmac("sha256", key).update(message).digest("hex");
    const which = `${length} bytes`;
    assertEquals(engine.hmac(key, message).toHex(), expected, which);
    const mac = new KernelMac(getKernel(), key);
    try {
      for (let start = 0; start < length;) {
        const end = start + random.below(100);
        mac.update(message.subarray(start, end));
        start = end;
      }
      assertEquals(mac.digest().toHex(), expected, which);
    } finally {
      mac.free();
    }
  }
});

/** Tokens that are not valid, made of one that is. */
const SPOILED: Record<string, (key: Uint8Array, raw: Buffer, random: Random) => string> = {
  "a bit of the tag"(_, raw, random) {
    return flipped(raw, raw.length - 1 - random.below(32), random);
  },
  "a bit of the ciphertext"(_, raw, random) {
    return flipped(raw, 25 + random.below(raw.length - 25 - 32), random);
  },
  "a bit of the time or of the IV": (_, raw, random) => flipped(raw, 1 + random.below(24), random),
  "the version, signed"(key, raw) {
    return signed(key, Buffer.concat([Uint8Array.of(0x81), raw.subarray(1, -32)]));
  },
  "a part of a block, signed": (key, raw) => signed(key, raw.subarray(0, -33)),
  "the padding, signed"(key, raw) {
    // What is changed here in the block before is changed in the last byte of all.
    const spoiled = Buffer.from(raw.subarray(0, -32));
    spoiled[spoiled.length - 17] ^= 0xff;
    return signed(key, spoiled);
  },
  "a character"(_, raw, random) {
    const text = toText(raw);
    const place = random.below(text.length);
    return `${text.slice(0, place)}!${text.slice(place + 1)}`;
  },
  "the end": (_, raw) => toText(raw.subarray(0, -16)),
  "everything": () => "",
};

function flipped(raw: Buffer, place: number, random: Random): string {
  const copy = Buffer.from(raw);
  copy[place] ^= 1 << random.below(8);
  return toText(copy);
}

for (const [what, spoil] of Object.entries(SPOILED)) {
  testRandom(`A token at every place of 1 to 20 is refused, and only it: ${what}`, (random) => {
    const key = random.bytes(32);
    for (let count = 1; count <= 20; count++) {
      const records = lengths(count, () => random.below(120)).map((length) => random.bytes(length));
      const tokens = records.map((record) => nodeToken(key, record, random.bytes(24)));
      for (let place = 0; place < count; place++) {
        const raw = Buffer.from(tokens[place], "base64url");
        const texts = tokens.with(place, spoil(key, raw, random));
        const batch = toBatch(texts);
        const { plaintexts, valid, times } = engine.open(key, batch);
        const which = `place ${place} of ${count}`;
        assertEquals([...valid], lengths(count, (index) => Number(index !== place)), which);
        assertEquals(times[place], 0n, which);
        assertSame(plaintexts, records.with(place, new Uint8Array()), which);
      }
    }
  });
}

const DIGESTS = { "SHA-1": 20, "SHA-256": 32, "SHA-384": 48, "SHA-512": 64 };
const HASHES = Object.keys(DIGESTS) as Hash[];

function expectedKey(
  hash: Hash,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): string {
  const name = hash.replace("-", "").toLowerCase();
  return Uint8Array.from(nodePbkdf2Sync(password, salt, iterations, length, name)).toHex();
}

/** Derives `count` blocks together, each of which leaves after its own iterations. */
function checkDerivations(random: Random, count: number, hashes: readonly Hash[]): void {
  const jobs = Array.from({ length: count }, () => {
    const hash = hashes[random.below(hashes.length)];
    const [password, salt] = [random.bytes(random.below(200)), random.bytes(random.below(200))];
    const index = 1 + random.below(3);
    const iterations = 1 + random.below(60);
    const block: KdfBlock = sliced!.start({ hash, password, salt, length: 0 }, index);
    return { hash, password, salt, index, iterations, block, left: iterations - 1 };
  });
  try {
    for (;;) {
      const running = random.shuffle(jobs.filter(({ left }) => left > 0));
      if (running.length === 0) break;
      const step = Math.min(...running.map(({ left }) => left));
      sliced!.run(running.map(({ block }) => block), step);
      for (const job of running) job.left -= step;
    }
    for (const { hash, password, salt, index, iterations, block } of jobs) {
      const end = DIGESTS[hash] * index;
      const key = expectedKey(hash, password, salt, iterations, end);
      const expected = key.slice(-2 * DIGESTS[hash]);
      assertEquals(block.output().toHex(), expected, `${hash}, ${iterations} iterations, ${count}`);
    }
  } finally {
    for (const { block } of jobs) block.free();
  }
}

for (const hashes of [...HASHES.map((hash) => [hash]), HASHES]) {
  testRandom(`1 to 20 derivations of ragged iterations: ${hashes.join(", ")}`, (random) => {
    for (let count = 1; count <= 20; count++) {
      for (let round = 0; round < 4; round++) checkDerivations(random, count, hashes);
    }
    checkDerivations(random, sliced.slots, hashes);
  });
}

for (const hash of HASHES) {
  testRandom(`Derived keys of 1 to 130 bytes: ${hash}`, (random) => {
    for (let length = 1; length <= 130; length++) {
      const [password, salt] = [random.bytes(1 + random.below(150)), random.bytes(16)];
      const iterations = 1 + random.below(40);
      const key = pbkdf2Sync(password, salt, { hash, iterations, length, backend: "wasm" });
      assertEquals(key.toHex(), expectedKey(hash, password, salt, iterations, length));
    }
  });

  testRandom(`1 to 20 keys of one call, of any length: ${hash}`, async (random) => {
    for (let count = 1; count <= 20; count++) {
      const [length, iterations] = [1 + random.below(130), 1 + random.below(60)];
      const inputs = Array.from({ length: count }, () => ({
        password: random.bytes(1 + random.below(150)),
        salt: random.bytes(random.below(150)),
      }));
      const keys = await pbkdf2Many(inputs, { hash, iterations, length, backend: "wasm" });
      const expected = inputs.map(({ password, salt }) =>
        expectedKey(hash, password, salt, iterations, length)
      );
      assertEquals(keys.map((key) => key.toHex()), expected);
    }
  });
}

testRandom("HMACs of a batch, with and without line feeds", (random) => {
  for (const count of [0, 1, 2, 3, 4, 5, 100]) {
    const key = random.bytes(random.below(150));
    const records = Array.from({ length: count }, () => random.bytes(random.below(200)));
    const expected = records.map((each) => createHmac("sha256", key).update(each).digest("hex"));
    for (const lineFeeds of [false, true]) {
      const macs = kernelMacs(getKernel(), key, joinBytes(records, lineFeeds));
      assertEquals(macs?.toHex(), expected.join(""), `${count} records`);
    }
  }
});

Deno.test("A batch of HMACs that does not fit the arena is left to others", () => {
  const kernel = getKernel();
  const bytes = new Uint8Array(kernel.arenaLength);
  assertEquals(kernelMacs(kernel, new Uint8Array(32), joinBytes([bytes])), undefined);
  const expected = createHmac("sha256", new Uint8Array(32)).update(bytes).digest("hex");
  assertEquals(engine.hmac(new Uint8Array(32), bytes).toHex(), expected);
});

Deno.test("A batch of HMACs needs no slot of the kernel", () => {
  const kernel = getKernel();
  const key = new Uint8Array(32);
  const slots = Array.from(
    { length: kernel.exports.mac_slots() },
    () => new KernelMac(kernel, key),
  );
  try {
    const expected = createHmac("sha256", key).update(key).digest("hex");
    assertEquals(kernelMacs(kernel, key, joinBytes([key]))?.toHex(), expected);
  } finally {
    for (const slot of slots) slot.free();
  }
});
