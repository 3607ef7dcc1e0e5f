/**
 * The kernel's instance, its arena, and the wiping of both.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { kernelModule } from "./load.ts";

/** The kernel's interface: numbers only. Places are offsets into the arena. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  arena_address(): number;
  arena_length(): number;
  stack_end(): number;
  derivation_slots(): number;
  mac_slots(): number;
  seal_batch(
    count: number,
    lineFeeds: boolean,
    key: number,
    heads: number,
    offsets: number,
    records: number,
    tokens: number,
    out: number,
  ): void;
  open_batch(
    count: number,
    lineFeeds: boolean,
    key: number,
    offsets: number,
    tokens: number,
    times: number,
    out: number,
  ): void;
  mac_batch(
    count: number,
    lineFeeds: boolean,
    key: number,
    keyLength: number,
    offsets: number,
    records: number,
    out: number,
  ): void;
  find_lines(text: number, length: number, ends: number, room: number): number;
  cbc_encrypt(key: number, iv: number, data: number, length: number): void;
  cbc_decrypt(key: number, iv: number, data: number, length: number): void;
  mac_start(key: number, length: number): number;
  mac_update(slot: number, data: number, length: number): void;
  mac_tag(slot: number, out: number): void;
  mac_free(slot: number): void;
  derivation_start(
    hash: number,
    password: number,
    passwordLength: number,
    salt: number,
    saltLength: number,
    block: number,
  ): number;
  derivation_run(slots: number, count: number, iterations: number): void;
  derivation_output(slot: number, out: number): number;
  derivation_free(slot: number): void;
}

/** The arena during one call: places are given out from its start. */
export class Arena {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #used = 0;

  /** Takes the arena's bytes. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** Gives out a place of `length` bytes, aligned to 8. */
  place(length: number): number {
    const place = this.#used;
    if (place + length > this.#bytes.length) {
      throw new RangeError("Cannot fit the batch into the kernel's arena: split it");
    }
    this.#used = Math.min(place + Math.ceil(length / 8) * 8, this.#bytes.length);
    return place;
  }

  /** Copies bytes in and says where they are. */
  write(bytes: Uint8Array): number {
    const place = this.place(bytes.length);
    this.#bytes.set(bytes, place);
    return place;
  }

  /** Copies the memory of a typed array in and says where it is. */
  writeWords(words: Uint32Array): number {
    return this.write(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }

  /** A copy of `length` bytes. */
  read(place: number, length: number): Bytes {
    return this.#bytes.slice(place, place + length);
  }

  /** Copies as many bytes as `out` has into it. */
  readInto(place: number, out: Bytes): void {
    out.set(this.#bytes.subarray(place, place + out.length));
  }

  /** Wipes all that was given out. */
  wipe(): void {
    this.#bytes.fill(0, 0, this.#used);
    this.#used = 0;
  }
}

/** The kernel: an instance, and another one after a call that did not come back. */
export class Kernel {
  /** Bytes in the arena. */
  readonly arenaLength: number;
  readonly #module: WebAssembly.Module;
  #exports: KernelExports;
  #arena: Arena;
  #stack: Uint8Array;
  #generation = 0;
  #broken = false;

  /** Instantiates the module. */
  constructor(module: WebAssembly.Module) {
    this.#module = module;
    const { exports, arena, stack } = instantiate(module);
    this.#exports = exports;
    this.#arena = arena;
    this.#stack = stack;
    this.arenaLength = exports.arena_length();
  }

  /** What the module exports. */
  get exports(): KernelExports {
    return this.#exports;
  }

  /** Counts the instances: what is in the slots of one is not in the next one's. */
  get generation(): number {
    if (this.#broken) this.#restart();
    return this.#generation;
  }

  /**
   * Does `work` with the arena, then wipes what it put there and the kernel's
   * stack, where copies of keys and of words of plaintext are left by any call.
   *
   * A call that throws (the kernel traps, or JavaScript's stack overflows within
   * it) leaves the instance unusable: all of its memory is wiped, and the next
   * call has a new one.
   *
   * @param generation The instance whose slots the work is about, if it is.
   */
  call<T>(work: (kernel: KernelExports, arena: Arena) => T, generation = this.generation): T {
    if (generation !== this.generation) {
      throw new Error("Cannot go on: the kernel was started anew after a failure, so call again");
    }
    this.#broken = true;
    try {
      const result = work(this.#exports, this.#arena);
      this.#arena.wipe();
      this.#stack.fill(0);
      this.#broken = false;
      return result;
    } finally {
      if (this.#broken) this.#wipe();
    }
  }

  #wipe(): void {
    new Uint8Array(this.#exports.memory.buffer).fill(0);
  }

  #restart(): void {
    this.#wipe();
    const { exports, arena, stack } = instantiate(this.#module);
    this.#exports = exports;
    this.#arena = arena;
    this.#stack = stack;
    this.#generation++;
    this.#broken = false;
  }
}

function instantiate(module: WebAssembly.Module) {
  const instance = new WebAssembly.Instance(module, {});
  const exports = instance.exports as unknown as KernelExports;
  const buffer = exports.memory.buffer as ArrayBuffer;
  const arena = new Arena(
    new Uint8Array(buffer, exports.arena_address(), exports.arena_length()),
  );
  return { exports, arena, stack: new Uint8Array(buffer, 0, exports.stack_end()) };
}

let kernel: Kernel | undefined;

/**
 * This thread's instance.
 *
 * @throws {BackendUnavailableError} If the kernel cannot be compiled here.
 */
export function getKernel(): Kernel {
  return kernel ??= new Kernel(kernelModule());
}
