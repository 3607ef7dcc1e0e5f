/**
 * What a backend is: bytes in, bytes out, and nothing of passphrases.
 *
 * @module
 */

import type { Batch, Opened } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import type { ImportedKeys } from "./imported_keys.ts";
import type { OpenedToken, Primitives } from "./token.ts";

/** The name of a backend. */
export type BackendName = "wasm" | "webcrypto" | "node" | "portable";

/** The name of a hash, as WebCrypto writes it. */
export type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

/** Bytes of each hash's digest. */
export const DIGEST_LENGTH: Readonly<Record<Hash, number>> = {
  "SHA-1": 20,
  "SHA-256": 32,
  "SHA-384": 48,
  "SHA-512": 64,
};

/** Iterations that PBKDF2 of WebCrypto and node:crypto takes at most: OpenSSL counts in a signed 32-bit number. */
export const MAX_PLATFORM_ITERATIONS = 2 ** 31 - 1;

/**
 * Fernet over a batch, in the calling thread. `key` has 32 bytes: the first 16
 * sign, the last 16 encrypt.
 */
export interface FernetEngine {
  /**
   * Seals every record. `heads` has 24 bytes a record, what precedes the
   * ciphertext but for the version byte: the time (u64be) and the IV.
   */
  seal(key: Bytes, records: Batch, heads: Bytes): Batch;
  /** Opens every token: base64, structure, MAC, padding, in this order. */
  open(key: Bytes, tokens: Batch): Opened;
  /** HMAC-SHA256 (RFC 2104): 32 bytes. */
  hmac(key: Bytes, data: Bytes): Bytes;
  /**
   * The HMACs of a batch's records, back to back; absent where one at a time is as
   * fast. `undefined` where the batch is too long for that.
   */
  hmacMany?(key: Bytes, records: Batch): Bytes | undefined;
  /** A token at a time, as text; absent where that is slower than a batch. */
  readonly single?: SingleEngine;
}

/** Fernet of one message, from bytes to text and back: long ones are not copied into a batch. */
export interface SingleEngine {
  /** As {@linkcode FernetEngine.seal}, of one record and its 24 bytes of head. */
  seal(key: Bytes, record: Bytes, head: Bytes): string;
  /** As {@linkcode FernetEngine.open}; a bad token is `undefined`. */
  open(key: Bytes, token: string): OpenedToken | undefined;
}

/** A key, and what the platform has made of it. */
export interface SingleKey {
  /** As in {@linkcode FernetEngine}. */
  readonly key: Bytes;
  /** Where the platform's keys are kept for the next call. */
  readonly imported?: ImportedKeys;
}

/**
 * {@linkcode SingleEngine} by promises. What is not read of the key and the record
 * when the call returns was copied: both are the caller's again. The key is read
 * before anything is asked of the signal, which may run the caller's code.
 */
export interface AsyncSingleEngine {
  /** As {@linkcode SingleEngine.seal}. */
  seal(key: SingleKey, record: Bytes, head: Bytes, signal?: AbortSignal): Promise<string>;
  /** As {@linkcode SingleEngine.open}. */
  open(key: SingleKey, token: string, signal?: AbortSignal): Promise<OpenedToken | undefined>;
}

/** {@linkcode FernetEngine} by promises; `signal` rejects with its reason. */
export interface AsyncFernetEngine {
  /** As {@linkcode FernetEngine.seal}. */
  seal(key: Bytes, records: Batch, heads: Bytes, signal?: AbortSignal): Promise<Batch>;
  /** As {@linkcode FernetEngine.open}. */
  open(key: Bytes, tokens: Batch, signal?: AbortSignal): Promise<Opened>;
  /** As {@linkcode FernetEngine.hmac}. */
  hmac(key: Bytes, data: Bytes): Promise<Bytes>;
  /** As {@linkcode FernetEngine.single}. */
  readonly single?: AsyncSingleEngine;
}

/** What PBKDF2 (RFC 8018, section 5.2) takes, but for the iterations. */
export interface KdfRequest {
  /** The hash under HMAC. */
  readonly hash: Hash;
  /** The password's bytes. */
  readonly password: Bytes;
  /** The salt's bytes. */
  readonly salt: Bytes;
  /** Bytes of the derived key. */
  readonly length: number;
}

/** An output block of PBKDF2 in the making. */
export interface KdfBlock {
  /** The block for the iterations done so far, as many bytes as the digest. */
  output(): Bytes;
  /** Wipes its state. It cannot be used afterwards. */
  free(): void;
}

/** PBKDF2 that can stop at any iteration, look, and go on. */
export interface SlicedKdf {
  /** How many blocks can be in the making at once. */
  readonly slots: number;
  /** How many blocks one call works on with profit. */
  readonly lanes: number;
  /** Does the first iteration of block `index`, which counts from 1. */
  start(request: KdfRequest, index: number): KdfBlock;
  /** Does `iterations` more iterations, 1,000 at most, of every block. */
  run(blocks: readonly KdfBlock[], iterations: number): void;
}

/** PBKDF2 of the platform, which runs to its end. */
export interface NativeKdf {
  /** Derives in the calling thread; absent where there are only promises. */
  deriveSync?(request: KdfRequest, iterations: number): Bytes;
  /** Derives off the calling thread. */
  derive(request: KdfRequest, iterations: number): Promise<Bytes>;
}

/** AES-256-GCM with a 32-byte nonce and a 16-byte tag after the ciphertext. */
export interface GcmEngine {
  /** Encrypts; `key` has 32 bytes. */
  seal(key: Bytes, nonce: Bytes, plaintext: Bytes): Promise<Bytes>;
  /** Decrypts, or says `undefined` when the tag is wrong. */
  open(key: Bytes, nonce: Bytes, ciphertext: Bytes): Promise<Bytes | undefined>;
}

/** One of the engines behind the public functions. */
export interface Backend {
  /** Its name in the `backend` option. */
  readonly name: BackendName;
  /** Fernet in the calling thread; absent where there are only promises. */
  readonly sync?: FernetEngine;
  /** Fernet by promises. */
  readonly async: AsyncFernetEngine;
  /** What its engines are made of, where each part of it can be used by itself. */
  readonly primitives?: Primitives;
  /** The whole lines at the start of a text, as many as fit a batch. */
  readonly takeLines?: (text: Bytes) => Batch;
  /** PBKDF2, of one kind or the other. */
  readonly kdf: { sliced: SlicedKdf; native?: undefined } | {
    native: NativeKdf;
    sliced?: undefined;
  };
  /** AES-GCM; absent from the WASM kernel. */
  readonly gcm?: GcmEngine;
}
