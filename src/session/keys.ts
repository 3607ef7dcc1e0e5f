/**
 * Keys of sessions and cookies, and JSON sealed under them. Each purpose has a key
 * of its own, derived by HKDF-SHA256 (RFC 5869) from the caller's.
 *
 *     message = u32be(length of context) || context || 1 || JSON in UTF-8
 *     context = part || part || ...
 *
 * @module
 */

import { pickAsync } from "../backends/select/fernet.ts";
import {
  type Batch,
  batchLoad,
  batchTexts,
  type Opened,
  recordView,
  tokenBatch,
} from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { decodeUtf8, encodeAscii, encodeUtf8 } from "../bytes/text.ts";
import { kindOf } from "../checks.ts";
import { Fernet, keyedBackendOf } from "../fernet/fernet.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { keyedBackendsOf, MultiFernet } from "../fernet/multi_fernet.ts";
import { openBatch } from "../fernet/open.ts";
import { checkMessageLength, makeHeads, MAX_TOKEN, unixTime } from "../fernet/seal.ts";
import { hkdfSync } from "../kdf/hkdf.ts";
import { type Message, messageBatch, messageHead, messageLength, valueAfter } from "../message.ts";
import { type Json, writeJson } from "../storage/json.ts";
import { withDerivedBy } from "../storage/keys.ts";
import { sealMessages } from "../storage/values.ts";

const JSON_TYPE = 1;

/**
 * What keys are derived for. None is the beginning of another one, but for an id of
 * fixed length at the end.
 */
export const INFOS = {
  /** Seals a session; the session's id follows. */
  session: encodeAscii("ironfern/session/1"),
  /** Makes the names of sessions and users. */
  names: encodeAscii("ironfern/session-names/1"),
  /** Seals what ends all sessions of a user. */
  users: encodeAscii("ironfern/session-users/1"),
  /** Seals cookies. */
  cookie: encodeAscii("ironfern/cookie/1"),
} as const;

/** JSON that was opened. */
export interface OpenedJson {
  /** The value. */
  readonly value: Json;
  /** When it was sealed, in Unix seconds. */
  readonly time: bigint;
}

/**
 * Checks the key of sessions or cookies.
 *
 * @throws {TypeError} If it is none.
 */
export function checkFernet(fernet: Fernet | MultiFernet): Fernet | MultiFernet {
  if (fernet instanceof Fernet || fernet instanceof MultiFernet) return fernet;
  throw new TypeError(
    `Cannot use fernet: expected a Fernet or a MultiFernet, got ${kindOf(fernet)}`,
  );
}

/**
 * Does work with copies of the keys, newest first, which are wiped afterwards: keys
 * that are destroyed meanwhile must not go on as zeros.
 *
 * @throws {TypeError} If one of them was destroyed.
 */
export async function withKeys<T>(
  fernet: Fernet | MultiFernet,
  work: (keys: readonly KeyedBackend[]) => Promise<T>,
): Promise<T> {
  const own = fernet instanceof Fernet ? [keyedBackendOf(fernet)] : keyedBackendsOf(fernet);
  const keys = own.map(({ key, backend }) => ({ key: key.slice(), backend }));
  try {
    return await work(keys);
  } finally {
    for (const { key } of keys) key.fill(0);
  }
}

/**
 * The message of a JSON value.
 *
 * @throws {TypeError} If the value would not come back as it is.
 * @throws {RangeError} If it is longer than 256 MiB.
 */
export function jsonMessage(context: readonly Uint8Array[], value: unknown): Message {
  const bytes = encodeUtf8(writeJson(value), "the value");
  const message = { head: messageHead(context, JSON_TYPE), value: bytes };
  checkMessageLength(messageLength(message));
  return message;
}

/** Seals a message under the key that is derived by the info. */
export async function sealMessage(
  root: KeyedBackend,
  info: Bytes,
  message: Message,
): Promise<string> {
  const now = unixTime();
  const { sync } = await pickAsync(root.backend, { count: 1, length: messageLength(message) });
  if (!sync) {
    const [sealed] = await withDerivedBy(
      root,
      info,
      (derived) => sealMessages(derived, [message], () => now),
    );
    return sealed;
  }
  // One promise, where there would be a dozen: they take longer than the sealing.
  const key = hkdfSync(sync, root.key, info);
  try {
    return batchTexts(sync.seal(key, messageBatch([message]), makeHeads(1, () => now)))[0];
  } finally {
    key.fill(0);
  }
}

/** Opens JSON of that context under the key that is derived by the info; else `undefined`. */
export async function openJson(
  root: KeyedBackend,
  info: Bytes,
  context: readonly Uint8Array[],
  token: string,
): Promise<OpenedJson | undefined> {
  if (token.length > MAX_TOKEN) return undefined;
  const opened = await openMessage(root, info, tokenBatch([token]));
  const { plaintexts, valid: [isValid], times: [time] } = opened;
  try {
    if (!isValid) return undefined;
    const json = valueAfter(messageHead(context, JSON_TYPE), recordView(plaintexts, 0));
    return json && { value: JSON.parse(decodeUtf8(json)), time };
  } catch {
    // It is authentic, but another program wrote no JSON.
    return undefined;
  } finally {
    plaintexts.bytes.fill(0);
  }
}

async function openMessage(root: KeyedBackend, info: Bytes, token: Batch): Promise<Opened> {
  const { sync } = await pickAsync(root.backend, batchLoad(token));
  if (!sync) return await withDerivedBy(root, info, (derived) => openBatch(derived, token));
  const key = hkdfSync(sync, root.key, info);
  try {
    return sync.open(key, token);
  } finally {
    key.fill(0);
  }
}
