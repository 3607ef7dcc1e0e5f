/**
 * WebCrypto, which has promises only.
 *
 * @module
 */

import {
  type Batch,
  batchLength,
  BatchWriter,
  mappedOffsets,
  type Opened,
  recordView,
} from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { encodeBase64UrlInto } from "../bytes/base64.ts";
import { BackendUnavailableError } from "../errors.ts";
import { hostGlobal } from "../runtime/host.ts";
import { abortable, runSync } from "../runtime/schedule.ts";
import {
  type AsyncFernetEngine,
  type AsyncSingleEngine,
  type Backend,
  MAX_PLATFORM_ITERATIONS,
} from "./backend.ts";
import {
  decodeToken,
  decodeTokenText,
  equalBytes,
  HEAD,
  type MacStream,
  type OpenedToken,
  PREFIX,
  type Primitives,
  TAG,
  textOfRaw,
  tokenIv,
  tokenLength,
  tokenPrefix,
  tokenTime,
} from "./token.ts";
import { type ImportedKeys, importKeys, type PlatformKeys } from "./imported_keys.ts";
import { OpenedWriter, scratchOf } from "./engine.ts";

const HMAC = { name: "HMAC", hash: "SHA-256" };
const GCM_TAG_BITS = 128;
/** Deno's takes 12 and 16 bytes only. */
const LONG_NONCE = "AES-GCM does not take a nonce of this length";

/** WebCrypto, and where HMAC is done by something else: see `select/parts.ts`. */
interface Parts {
  readonly subtle: SubtleCrypto;
  readonly mac?: Primitives["mac"];
}

/** A MAC that the calling thread makes, of which no more than the key is read at once. */
function beginMac({ mac }: Parts, key: Bytes): MacStream | undefined {
  return mac?.(key.subarray(0, 16));
}

/** Seals a record into the raw token, which `take` is given: it is valid until that returns. */
async function sealRecord<T>(
  { subtle, mac }: { readonly subtle: SubtleCrypto; readonly mac: MacStream | undefined },
  { signing, encryption }: PlatformKeys,
  record: Bytes,
  head: Uint8Array,
  take: (raw: Bytes) => T,
): Promise<T> {
  const prefix = tokenPrefix(head);
  const algorithm = { name: "AES-CBC", iv: tokenIv(prefix) };
  const encrypting = subtle.encrypt(algorithm, encryption, record);
  const ciphertext = new Uint8Array(await encrypting);
  const length = PREFIX + ciphertext.length + TAG;
  const raw = mac ? scratchOf(length) : new Uint8Array(length);
  raw.set(prefix);
  raw.set(ciphertext, PREFIX);
  const signed = raw.subarray(0, length - TAG);
  if (mac) {
    mac.update(signed);
    raw.set(mac.digest(), signed.length);
  } else {
    raw.set(new Uint8Array(await subtle.sign("HMAC", signing, signed)), signed.length);
  }
  return take(raw);
}

/** Opens a raw token. Nothing is decrypted before the MAC is checked. */
async function openRaw(
  { subtle }: Parts,
  { signing, encryption }: PlatformKeys,
  raw: Bytes,
  mac: MacStream | undefined,
): Promise<OpenedToken | undefined> {
  const signed = raw.subarray(0, raw.length - TAG);
  const tag = raw.subarray(raw.length - TAG);
  if (mac) {
    mac.update(signed);
    if (!equalBytes(mac.digest(), tag)) return undefined;
  } else if (!await subtle.verify("HMAC", signing, tag, signed)) {
    return undefined;
  }
  const time = tokenTime(raw);
  const algorithm = { name: "AES-CBC", iv: tokenIv(raw) };
  const plaintext = await undefinedIfRefused(
    subtle.decrypt(algorithm, encryption, signed.subarray(PREFIX)),
  );
  return plaintext && { plaintext, time };
}

/** A message at a time: the platform reads it, and the key, before the call returns. */
function singleEngine(parts: Parts): AsyncSingleEngine {
  const { subtle } = parts;
  return {
    async seal({ key, imported }, record, head, signal) {
      const mac = beginMac(parts, key);
      const seal = (keys: PlatformKeys, bytes: Bytes) =>
        sealRecord({ subtle, mac }, keys, bytes, head, (raw) => runSync(textOfRaw(raw)));
      const ready = imported?.ready;
      if (ready) return await abortable(() => seal(ready, record), signal);
      const own = record.slice();
      const keys = importedOf(imported, subtle, key);
      try {
        return await abortable(async () => await seal(await keys, own), signal);
      } finally {
        // The platform has its own copy, or is not going to ask for one.
        own.fill(0);
      }
    },
    async open({ key, imported }, token, signal) {
      const ready = imported?.ready;
      const mac = beginMac(parts, key);
      const atOnce = ready && mac;
      const raw = decodeTokenText(token, atOnce ? scratchOf : (length) => new Uint8Array(length));
      if (!raw) return undefined;
      const keys = ready ?? importedOf(imported, subtle, key);
      const work = async () => {
        const opened = await openRaw(parts, ready ?? await keys, raw, mac);
        if (signal?.aborted) opened?.plaintext.fill(0);
        return opened;
      };
      return await abortable(work, signal);
    },
  };
}

function importedOf(
  imported: ImportedKeys | undefined,
  subtle: SubtleCrypto,
  key: Bytes,
): Promise<PlatformKeys> {
  return imported ? imported.get(subtle, key) : importKeys(subtle, key);
}

/** Opens tokens; after an abort their plaintexts are wiped, as nobody will have them. */
async function openRecords(
  parts: Parts,
  key: Bytes,
  tokens: Batch,
  signal?: AbortSignal,
): Promise<Opened> {
  const keys = await importKeys(parts.subtle, key);
  const outcomes = await Promise.allSettled(
    records(tokens).map(async (token) => {
      const raw = decodeToken(token);
      return raw && await openRaw(parts, keys, raw, beginMac(parts, key));
    }),
  );
  try {
    signal?.throwIfAborted();
    const results = new OpenedWriter(tokens);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") throw outcome.reason;
      results.add(outcome.value);
    }
    return results.finish();
  } finally {
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") outcome.value?.plaintext.fill(0);
    }
  }
}

/** WebCrypto rejects bad padding and bad tags with an OperationError. */
async function undefinedIfRefused(result: Promise<ArrayBuffer>): Promise<Bytes | undefined> {
  try {
    return new Uint8Array(await result);
  } catch (error) {
    if (error instanceof Error && error.name === "OperationError") return undefined;
    throw error;
  }
}

function records(batch: Batch): Bytes[] {
  return Array.from({ length: batchLength(batch) }, (_, index) => recordView(batch, index));
}

/** Fernet on WebCrypto, or on its AES with another's HMAC. */
export function webCryptoEngine(parts: Parts): AsyncFernetEngine {
  const { subtle } = parts;
  return {
    async seal(key, batch, heads, signal) {
      const count = batchLength(batch);
      const length = mappedOffsets(batch, tokenLength)[count];
      const tokens = new BatchWriter(count, length, batch.lineFeeds);
      const work = async () => {
        const keys = await importKeys(subtle, key);
        await Promise.all(
          records(batch).map((record, index) => {
            const head = heads.subarray(index * HEAD, (index + 1) * HEAD);
            const out = tokens.place(tokenLength(record.length));
            const mac = beginMac(parts, key);
            return sealRecord(
              { subtle, mac },
              keys,
              record,
              head,
              (raw) => encodeBase64UrlInto(raw, out),
            );
          }),
        );
      };
      await abortable(work, signal);
      return tokens.finish();
    },
    async open(key, tokens, signal) {
      return await abortable(() => openRecords(parts, key, tokens, signal), signal);
    },
    async hmac(key, data) {
      const signing = await subtle.importKey("raw", key, HMAC, false, ["sign"]);
      return new Uint8Array(await subtle.sign("HMAC", signing, data));
    },
    single: singleEngine(parts),
  };
}

/**
 * The backend.
 *
 * @throws {BackendUnavailableError} If there is no `crypto.subtle`, as on pages
 * that did not come over HTTPS.
 */
export function createWebCrypto(): Backend {
  const subtle = hostGlobal<Crypto>("crypto")?.subtle;
  if (!subtle) {
    throw new BackendUnavailableError(
      "webcrypto",
      "crypto.subtle is absent, as on pages that did not come over HTTPS",
    );
  }
  return {
    name: "webcrypto",
    async: webCryptoEngine({ subtle }),
    kdf: {
      native: {
        async derive({ hash, password, salt, length }, iterations) {
          const key = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
          const algorithm = { name: "PBKDF2", hash, salt, iterations };
          const bits = subtle.deriveBits(algorithm, key, 8 * length);
          // Node's word for it is an OperationError, which says nothing.
          const tooMany = iterations > MAX_PLATFORM_ITERATIONS ? ["OperationError"] : [];
          return new Uint8Array(
            await supported(bits, "PBKDF2 does not take so many iterations", tooMany),
          );
        },
      },
    },
    gcm: {
      async seal(key, nonce, plaintext) {
        const algorithm = { name: "AES-GCM", iv: nonce, tagLength: GCM_TAG_BITS };
        const gcmKey = await subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
        const sealed = subtle.encrypt(algorithm, gcmKey, plaintext);
        return new Uint8Array(await supported(sealed, LONG_NONCE));
      },
      async open(key, nonce, ciphertext) {
        const algorithm = { name: "AES-GCM", iv: nonce, tagLength: GCM_TAG_BITS };
        const gcmKey = await subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
        const opened = subtle.decrypt(algorithm, gcmKey, ciphertext);
        return await undefinedIfRefused(supported(opened, LONG_NONCE));
      },
    },
  };
}

/** Names what a runtime's WebCrypto lacks, as a backend that is not there. */
async function supported<T>(
  result: Promise<T>,
  lack: string,
  names: readonly string[] = [],
): Promise<T> {
  try {
    return await result;
  } catch (cause) {
    const known = ["NotSupportedError", ...names];
    if (!(cause instanceof Error && known.includes(cause.name))) throw cause;
    throw new BackendUnavailableError("webcrypto", `this runtime's ${lack}`, { cause });
  }
}
