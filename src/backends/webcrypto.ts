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
import { abortable } from "../runtime/schedule.ts";
import { type Backend, MAX_PLATFORM_ITERATIONS } from "./backend.ts";
import {
  ciphertextLength,
  decodeToken,
  HEAD,
  type OpenedToken,
  PREFIX,
  TAG,
  tokenIv,
  tokenLength,
  tokenPrefix,
  tokenTime,
} from "./token.ts";
import { OpenedWriter } from "./engine.ts";

const HMAC = { name: "HMAC", hash: "SHA-256" };
const GCM_TAG_BITS = 128;
/** Deno's takes 12 and 16 bytes only. */
const LONG_NONCE = "AES-GCM does not take a nonce of this length";

interface Keys {
  readonly subtle: SubtleCrypto;
  readonly signing: CryptoKey;
  readonly encryption: CryptoKey;
}

async function importKeys(subtle: SubtleCrypto, key: Bytes): Promise<Keys> {
  const [signing, encryption] = await Promise.all([
    subtle.importKey("raw", key.subarray(0, 16), HMAC, false, ["sign", "verify"]),
    subtle.importKey("raw", key.subarray(16), "AES-CBC", false, ["encrypt", "decrypt"]),
  ]);
  return { subtle, signing, encryption };
}

async function sealRecord(
  { subtle, signing, encryption }: Keys,
  record: Bytes,
  head: Bytes,
  out: Bytes,
): Promise<void> {
  const prefix = tokenPrefix(head);
  const algorithm = { name: "AES-CBC", iv: tokenIv(prefix) };
  const ciphertext = new Uint8Array(await subtle.encrypt(algorithm, encryption, record));
  const raw = new Uint8Array(PREFIX + ciphertextLength(record.length) + TAG);
  raw.set(prefix);
  raw.set(ciphertext, PREFIX);
  const signed = raw.subarray(0, raw.length - TAG);
  raw.set(new Uint8Array(await subtle.sign("HMAC", signing, signed)), signed.length);
  encodeBase64UrlInto(raw, out);
}

async function openRecord(
  { subtle, signing, encryption }: Keys,
  token: Bytes,
): Promise<OpenedToken | undefined> {
  const raw = decodeToken(token);
  if (!raw) return undefined;
  const signed = raw.subarray(0, raw.length - TAG);
  const tag = raw.subarray(raw.length - TAG);
  if (!await subtle.verify("HMAC", signing, tag, signed)) return undefined;
  const algorithm = { name: "AES-CBC", iv: tokenIv(raw) };
  const plaintext = await undefinedIfRefused(
    subtle.decrypt(algorithm, encryption, signed.subarray(PREFIX)),
  );
  return plaintext && { plaintext, time: tokenTime(raw) };
}

/** Opens tokens; after an abort their plaintexts are wiped, as nobody will have them. */
async function openRecords(keys: Keys, tokens: Batch, signal?: AbortSignal): Promise<Opened> {
  const outcomes = await Promise.allSettled(
    records(tokens).map((token) => openRecord(keys, token)),
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
    async: {
      async seal(key, batch, heads, signal) {
        const count = batchLength(batch);
        const length = mappedOffsets(batch, tokenLength)[count];
        const tokens = new BatchWriter(count, length, batch.lineFeeds);
        const work = async () => {
          const keys = await importKeys(subtle, key);
          await Promise.all(
            records(batch).map((record, index) => {
              const head = heads.subarray(index * HEAD, (index + 1) * HEAD);
              return sealRecord(keys, record, head, tokens.place(tokenLength(record.length)));
            }),
          );
        };
        await abortable(work, signal);
        return tokens.finish();
      },
      async open(key, tokens, signal) {
        const work = async () => await openRecords(await importKeys(subtle, key), tokens, signal);
        return await abortable(work, signal);
      },
      async hmac(key, data) {
        const signing = await subtle.importKey("raw", key, HMAC, false, ["sign"]);
        return new Uint8Array(await subtle.sign("HMAC", signing, data));
      },
    },
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
