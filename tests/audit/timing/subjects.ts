/**
 * What the kernel does with secrets, through the exports that are shipped.
 *
 * @module
 */

import type { Kernel, KernelExports } from "../../../src/kernel/kernel.ts";
import { fixedOrRandom, Layout, type Place } from "./inputs.ts";
import type { Subject } from "./sample.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const KEY = 32;
const HEAD = 24;
const BLOCK = 16;
const TAG = 32;
const CBC_BYTES = 4 * BLOCK;
/** Bytes in a record; its token has no base64 padding. */
const RECORD = 40;
const TOKEN = 140;
const MESSAGE = 128;
const SALT = 16;
const ITERATIONS = 10;
const SHA_256 = 1;
/** Bytes of a token's time and of its plaintext's length. */
const RESULT = 12;

/** The kernel and its arena. */
interface Target {
  readonly exports: KernelExports;
  readonly memory: Bytes;
}

/** All that is tested of a kernel. */
export function kernelSubjects(kernel: Kernel): Subject[] {
  const { exports } = kernel;
  const target: Target = {
    exports,
    memory: new Uint8Array(
      exports.memory.buffer as ArrayBuffer,
      exports.arena_address(),
      kernel.arenaLength,
    ),
  };
  return [
    ...cbc(target, "cbc_encrypt"),
    ...cbc(target, "cbc_decrypt"),
    ...[1, 8, 16].flatMap((count) => seal(target, count)),
    ...[1, 8].flatMap((count) => open(target, count)),
    ...hmac(target),
    macComparison(target),
    pbkdf2Start(target),
    ...[1, 4].map((count) => pbkdf2Slice(target, count)),
  ];
}

/** A subject that is no leak, for want of a difference: both classes are random. */
export function nothingToFind(kernel: Kernel): Subject {
  const [subject] = kernelSubjects(kernel);
  return { ...subject, name: "no difference: both classes random", fill: () => {} };
}

/** One subject for each of the secrets. */
function each(
  names: Record<string, Place>,
  subject: (name: string, secret: Place) => Subject,
): Subject[] {
  return Object.entries(names).map(([name, secret]) => subject(name, secret));
}

function cbc({ exports, memory }: Target, operation: "cbc_encrypt" | "cbc_decrypt"): Subject[] {
  const layout = new Layout();
  const key = layout.place(BLOCK);
  const iv = layout.place(BLOCK);
  const data = layout.place(CBC_BYTES);
  return each({ key, text: data }, (name, secret) => ({
    name: `${operation}, ${CBC_BYTES / BLOCK} blocks: ${name}`,
    memory,
    ...fixedOrRandom(layout.length, secret),
    run: () => exports[operation](key.start, iv.start, data.start, CBC_BYTES),
  }));
}

/** Offsets of records of one length. */
function writeOffsets(input: Bytes, { start }: Place, count: number, length: number): void {
  const view = new DataView(input.buffer, input.byteOffset + start);
  for (let index = 0; index <= count; index++) view.setUint32(4 * index, index * length, true);
}

function sealLayout(count: number) {
  const layout = new Layout();
  const places = {
    key: layout.place(KEY),
    heads: layout.place(count * HEAD),
    offsets: layout.place(4 * (count + 1)),
    records: layout.place(count * RECORD),
    tokens: layout.place(4 * (count + 1)),
  };
  return { ...places, length: layout.length };
}

/** Everything that is not secret, and `seal_batch` itself. */
function sealing({ exports }: Target, count: number) {
  const layout = sealLayout(count);
  const { key, heads, offsets, records, tokens, length } = layout;
  return {
    ...layout,
    writePublic(input: Bytes): void {
      writeOffsets(input, offsets, count, RECORD);
      writeOffsets(input, tokens, count, TOKEN);
    },
    run(): void {
      exports.seal_batch(
        count,
        false,
        key.start,
        heads.start,
        offsets.start,
        records.start,
        tokens.start,
        length,
      );
    },
  };
}

function seal(target: Target, count: number): Subject[] {
  const { key, records, length, writePublic, run } = sealing(target, count);
  return each({ key, text: records }, (name, secret) => ({
    name: `seal_batch of ${count}: ${name}`,
    memory: target.memory,
    ...fixedOrRandom(length, secret, writePublic),
    run,
  }));
}

/** Seals in the kernel's arena, before anything is timed. */
function sealer(target: Target, count: number): (key: Bytes, records: Bytes) => Bytes {
  const { key, records, length, writePublic, run } = sealing(target, count);
  const { memory } = target;
  return (keyBytes, recordBytes) => {
    memory.fill(0, 0, length);
    memory.set(keyBytes, key.start);
    memory.set(recordBytes, records.start);
    writePublic(memory);
    run();
    return memory.slice(length, length + count * TOKEN);
  };
}

function openLayout(count: number) {
  const layout = new Layout();
  const places = {
    key: layout.place(KEY),
    offsets: layout.place(4 * (count + 1)),
    tokens: layout.place(count * TOKEN),
  };
  const { length } = layout;
  const times = layout.place(count * RESULT).start;
  return { ...places, length, times, out: layout.length };
}

/** `open_batch` itself, and a check of what it says of every token. */
function opening({ exports, memory }: Target, count: number, areValid: boolean) {
  const { key, offsets, tokens, times, out } = openLayout(count);
  const lengths = new Uint32Array(memory.buffer, memory.byteOffset + times + 8 * count, count);
  return {
    run: () => exports.open_batch(count, false, key.start, offsets.start, tokens.start, times, out),
    end() {
      for (const length of lengths) {
        if ((length === RECORD) !== areValid) throw new Error("The kernel took a token amiss");
      }
    },
  };
}

function open(target: Target, count: number): Subject[] {
  const { key, offsets, tokens, length } = openLayout(count);
  const sealTokens = sealer(target, count);
  const subject = (secret: "key" | "text"): Subject => ({
    name: `open_batch of ${count}: ${secret}`,
    memory: target.memory,
    inputLength: length,
    fill(input, label) {
      const random = input.slice(0, KEY + count * RECORD);
      if (label === 0 || secret !== "key") random.fill(0, 0, KEY);
      if (label === 0 || secret !== "text") random.fill(0, KEY);
      const keyBytes = random.subarray(0, KEY);
      input.fill(0);
      input.set(keyBytes, key.start);
      writeOffsets(input, offsets, count, TOKEN);
      input.set(sealTokens(keyBytes, random.subarray(KEY)), tokens.start);
    },
    ...opening(target, count, true),
  });
  return [subject("key"), subject("text")];
}

/** Forged tokens: the first wrong byte of the MAC is the first one or the last one. */
function macComparison(target: Target): Subject {
  const { key, offsets, tokens, length } = openLayout(1);
  const sealTokens = sealer(target, 1);
  const alphabet = "base64url";
  return {
    name: "open_batch of 1: place of the wrong byte in the MAC",
    memory: target.memory,
    inputLength: length,
    fill(input, label) {
      const random = input.slice(0, KEY + RECORD + 1);
      const keyBytes = random.subarray(0, KEY);
      const text = sealTokens(keyBytes, random.subarray(KEY, KEY + RECORD));
      const raw = Uint8Array.fromBase64(new TextDecoder().decode(text), { alphabet });
      raw[raw.length - (label === 0 ? TAG : 1)] ^= 1 + random[KEY + RECORD] % 255;
      input.fill(0);
      input.set(keyBytes, key.start);
      writeOffsets(input, offsets, 1, TOKEN);
      input.set(new TextEncoder().encode(raw.toBase64({ alphabet })), tokens.start);
    },
    ...opening(target, 1, false),
  };
}

function hmac({ exports, memory }: Target): Subject[] {
  const layout = new Layout();
  const key = layout.place(KEY);
  const message = layout.place(MESSAGE);
  return each({ key, message }, (name, secret) => ({
    name: `HMAC of ${MESSAGE} bytes: ${name}`,
    memory,
    ...fixedOrRandom(layout.length, secret),
    run() {
      const slot = exports.mac_start(key.start, KEY);
      exports.mac_update(slot, message.start, MESSAGE);
      exports.mac_tag(slot, layout.length);
      exports.mac_free(slot);
    },
  }));
}

function pbkdf2Layout(count: number) {
  const layout = new Layout();
  const slots = layout.place(count);
  const salt = layout.place(SALT);
  const passwords = layout.place(count * KEY);
  return { slots, salt, passwords, length: layout.length };
}

function startDerivations({ exports }: Target, count: number): void {
  const { salt, passwords } = pbkdf2Layout(count);
  for (let index = 0; index < count; index++) {
    exports.derivation_start(
      SHA_256,
      passwords.start + index * KEY,
      KEY,
      salt.start,
      SALT,
      1,
    );
  }
}

function freeDerivations({ exports }: Target, count: number): void {
  for (let slot = 0; slot < count; slot++) exports.derivation_free(slot);
}

function pbkdf2Start(target: Target): Subject {
  const { passwords, length } = pbkdf2Layout(1);
  return {
    name: "derivation_start: password",
    memory: target.memory,
    ...fixedOrRandom(length, passwords),
    run() {
      startDerivations(target, 1);
      freeDerivations(target, 1);
    },
  };
}

function pbkdf2Slice(target: Target, count: number): Subject {
  const { slots, passwords, length } = pbkdf2Layout(count);
  return {
    name: `derivation_run of ${count}, ${ITERATIONS} iterations: password`,
    memory: target.memory,
    ...fixedOrRandom(length, passwords, (input) => {
      // Every slot is free before, so that these are the ones given out.
      for (let slot = 0; slot < count; slot++) input[slots.start + slot] = slot;
    }),
    begin: () => startDerivations(target, count),
    run: () => target.exports.derivation_run(slots.start, count, ITERATIONS),
    end: () => freeDerivations(target, count),
  };
}
