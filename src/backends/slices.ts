/**
 * Fernet over messages of some ten KiB in a worker, where the time of the CPU counts
 * and nobody waits: one message at a time through the platform's ciphers, a few at
 * once through the kernel's lanes. Memory is made once for each lane and used again.
 *
 * @module
 */

import { encodeBase64UrlInto } from "../bytes/base64.ts";
import { type Batch, batchLength, LINE_FEED, mappedOffsets, recordView } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { BackendUnavailableError } from "../errors.ts";
import { builtinModule, hostGlobal } from "../runtime/host.ts";
import { release } from "../runtime/memory.ts";
import {
  ciphertextLength,
  decodeToken,
  equalBytes,
  HEAD,
  PREFIX,
  TAG,
  tokenIv,
  tokenLength,
  tokenTime,
  unpaddedLength,
} from "./token.ts";
import { createWasm } from "./wasm.ts";

/** The parts that a slice engine is made of. */
export type SliceEngineName =
  /** AES and HMAC of node:crypto. */
  | "node"
  /** AES of WebCrypto, HMAC of node:crypto. */
  | "mixed"
  /** The kernel. */
  | "wasm";

/** A message that was opened. Whoever asked for it wipes it. */
export interface OpenedSlice {
  /** The message. */
  readonly plaintext: Uint8Array;
  /** The token's Unix time in seconds. */
  readonly time: bigint;
}

/** Does one call after the other, each with memory of the lane. */
export interface SliceLane {
  /** Seals records into `out`, which their tokens fill, with a line feed after each. */
  seal(records: Batch, heads: Bytes, out: Bytes): void | Promise<void>;
  /** Opens tokens: base64, structure, MAC, padding, in this order. */
  open(tokens: Batch): Opening | Promise<Opening>;
  /** Wipes what was opened, and gives its memory back. */
  drop(opened: Opening): void;
  /** Wipes the lane's memory. */
  free(): void;
}

/** What came of tokens: a bad one is `undefined`. */
type Opening = readonly (OpenedSlice | undefined)[];

/** Seals and opens under one key. */
export interface SliceEngine {
  /** How many messages one call takes with profit. */
  readonly together: number;
  /** How many lanes keep it busy. */
  readonly lanes: number;
  /** Makes a lane. */
  lane(): SliceLane;
}

interface Cipher {
  setAutoPadding(padding: boolean): void;
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
}

interface Hmac {
  update(data: Uint8Array): Hmac;
  digest(): Uint8Array;
}

/** As much of node:crypto as is used; a static import would not load elsewhere. */
interface NodeCrypto {
  createCipheriv(name: string, key: Uint8Array, iv: Uint8Array): Cipher;
  createDecipheriv(name: string, key: Uint8Array, iv: Uint8Array): Cipher;
  createHmac(hash: string, key: Uint8Array): Hmac;
}

const VERSION = 0x80;
const AES = "aes-128-cbc";
/** Messages that the kernel's lanes take at once. */
const KERNEL_TOGETHER = 8;
/** While WebCrypto's threads encrypt, this one signs and writes; more gain nothing (measured). */
const MIXED_LANES = 3;

/**
 * Makes an engine under a key of 32 bytes, which has to stay until the last call.
 *
 * @throws {BackendUnavailableError} If this runtime lacks a part of it.
 */
export async function makeSliceEngine(name: SliceEngineName, key: Bytes): Promise<SliceEngine> {
  if (name === "wasm") return kernelSlices(key);
  const crypto = builtinModule<NodeCrypto>("node:crypto");
  if (!crypto) throw new BackendUnavailableError("node", "this runtime has no node:crypto");
  return name === "node" ? nodeSlices(crypto, key) : await mixedSlices(crypto, key);
}

/** Bytes that are needed again and again. */
class Scratch {
  #bytes: Bytes = new Uint8Array();

  take(length: number): Bytes {
    if (this.#bytes.length < length) this.#bytes = new Uint8Array(length);
    return this.#bytes.subarray(0, length);
  }

  wipe(): void {
    this.#bytes.fill(0);
  }
}

/** Room for a raw token, with what precedes the ciphertext. */
function rawToken(scratch: Scratch, recordLength: number, head: Bytes): Bytes {
  const raw = scratch.take(PREFIX + ciphertextLength(recordLength) + TAG);
  raw[0] = VERSION;
  raw.set(head, 1);
  return raw;
}

/** Signs a raw token and writes it as text. */
function finishToken(crypto: NodeCrypto, key: Bytes, raw: Bytes, out: Bytes): void {
  const signed = raw.subarray(0, raw.length - TAG);
  raw.set(hmac(crypto, key, signed), signed.length);
  encodeBase64UrlInto(raw, out);
}

function hmac(crypto: NodeCrypto, key: Bytes, data: Uint8Array): Uint8Array {
  return crypto.createHmac("sha256", key.subarray(0, 16)).update(data).digest();
}

/** Decodes and authenticates. */
function authenticToken(crypto: NodeCrypto, key: Bytes, token: Bytes): Bytes | undefined {
  const raw = decodeToken(token);
  if (!raw) return undefined;
  const tagStart = raw.length - TAG;
  const right = equalBytes(hmac(crypto, key, raw.subarray(0, tagStart)), raw.subarray(tagStart));
  return right ? raw : undefined;
}

const ciphertextOf = (raw: Bytes) => raw.subarray(PREFIX, raw.length - TAG);

function nodeSlices(crypto: NodeCrypto, key: Bytes): SliceEngine {
  const sealOne = (record: Bytes, raw: Bytes, out: Bytes) => {
    const cipher = crypto.createCipheriv(AES, key.subarray(16), tokenIv(raw));
    const body = cipher.update(record);
    raw.set(body, PREFIX);
    raw.set(cipher.final(), PREFIX + body.length);
    finishToken(crypto, key, raw, out);
  };
  const openOne = (token: Bytes): OpenedSlice | undefined => {
    const raw = authenticToken(crypto, key, token);
    if (!raw) return undefined;
    const cipher = crypto.createDecipheriv(AES, key.subarray(16), tokenIv(raw));
    cipher.setAutoPadding(false);
    const { buffer, byteOffset, length } = cipher.update(ciphertextOf(raw));
    const padded = new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
    const unpadded = unpaddedLength(padded);
    if (unpadded !== undefined) {
      return { plaintext: padded.subarray(0, unpadded), time: tokenTime(raw) };
    }
    padded.fill(0);
  };
  const lane = (): SliceLane => {
    const scratch = new Scratch();
    return {
      seal(records, heads, out) {
        forEachRecord(records, heads, out, (record, head, line) => {
          sealOne(record, rawToken(scratch, record.length, head), line);
        });
      },
      open: (tokens) => recordsOf(tokens).map(openOne),
      // Whose the memory is that it gives, node:crypto does not say.
      drop: wipeAll,
      free: () => scratch.wipe(),
    };
  };
  return { together: 1, lanes: 1, lane };
}

async function mixedSlices(crypto: NodeCrypto, key: Bytes): Promise<SliceEngine> {
  const subtle = hostGlobal<Crypto>("crypto")?.subtle;
  if (!subtle) throw new BackendUnavailableError("webcrypto", "crypto.subtle is absent");
  const uses: KeyUsage[] = ["encrypt", "decrypt"];
  const aes = await subtle.importKey("raw", key.subarray(16), "AES-CBC", false, uses);
  const algorithm = (raw: Bytes) => ({ name: "AES-CBC", iv: tokenIv(raw) });
  const sealOne = async (record: Bytes, raw: Bytes, out: Bytes) => {
    const body = new Uint8Array(await subtle.encrypt(algorithm(raw), aes, record));
    raw.set(body, PREFIX);
    release(body);
    finishToken(crypto, key, raw, out);
  };
  const openOne = async (token: Bytes): Promise<OpenedSlice | undefined> => {
    const raw = authenticToken(crypto, key, token);
    if (!raw) return undefined;
    try {
      const plaintext = await subtle.decrypt(algorithm(raw), aes, ciphertextOf(raw));
      return { plaintext: new Uint8Array(plaintext), time: tokenTime(raw) };
    } catch (error) {
      // That is its word for bad padding.
      if (error instanceof Error && error.name === "OperationError") return undefined;
      throw error;
    }
  };
  const lane = (): SliceLane => {
    const scratch = new Scratch();
    return {
      async seal(records, heads, out) {
        const sealed: Promise<void>[] = [];
        forEachRecord(records, heads, out, (record, head, line) => {
          // Each has room of its own, as all are under way at once.
          const room = sealed.length ? new Scratch() : scratch;
          sealed.push(sealOne(record, rawToken(room, record.length, head), line));
        });
        await Promise.all(sealed);
      },
      open: (tokens) => Promise.all(recordsOf(tokens).map(openOne)),
      drop: releaseAll,
      free: () => scratch.wipe(),
    };
  };
  return { together: 1, lanes: MIXED_LANES, lane };
}

function kernelSlices(key: Bytes): SliceEngine {
  const { sync } = createWasm();
  if (!sync) throw new Error("unreachable: the kernel is synchronous");
  const lane = (): SliceLane => ({
    seal(records, heads, out) {
      const { bytes } = sync.seal(key, records, heads);
      out.set(bytes);
      release(bytes);
    },
    open(tokens) {
      const { plaintexts, valid, times } = sync.open(key, tokens);
      return Array.from(
        valid,
        (ok, index) =>
          ok ? { plaintext: recordView(plaintexts, index), time: times[index] } : undefined,
      );
    },
    drop: releaseAll,
    // The kernel wipes its own memory.
    free() {},
  });
  return { together: KERNEL_TOGETHER, lanes: 1, lane };
}

function wipeAll(opened: Opening): void {
  for (const slice of opened) slice?.plaintext.fill(0);
}

function releaseAll(opened: Opening): void {
  wipeAll(opened);
  // They may all be in one buffer.
  for (const slice of opened) if (slice) release(slice.plaintext);
}

function recordsOf(batch: Batch): Bytes[] {
  return Array.from({ length: batchLength(batch) }, (_, index) => recordView(batch, index));
}

/** Calls back with each record, its head, and where its token is to stand. */
function forEachRecord(
  records: Batch,
  heads: Bytes,
  out: Bytes,
  seal: (record: Bytes, head: Bytes, line: Bytes) => void,
): void {
  const offsets = mappedOffsets(records, tokenLength);
  for (let index = 0; index < batchLength(records); index++) {
    const end = offsets[index + 1] - 1;
    out[end] = LINE_FEED;
    const head = heads.subarray(index * HEAD, (index + 1) * HEAD);
    seal(recordView(records, index), head, out.subarray(offsets[index], end));
  }
}
