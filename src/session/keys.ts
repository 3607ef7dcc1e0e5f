/**
 * Keys of sessions and cookies, and JSON sealed under them. Each purpose has a key
 * of its own, derived by HKDF-SHA256 (RFC 5869) from the caller's.
 *
 *     message = u32be(length of context) || context || 1 || JSON in UTF-8
 *     context = part || part || ...
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { decodeUtf8, encodeAscii, encodeUtf8 } from "../bytes/text.ts";
import { kindOf } from "../checks.ts";
import { Fernet, keyedBackendOf } from "../fernet/fernet.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { keyedBackendsOf, MultiFernet } from "../fernet/multi_fernet.ts";
import { checkMessageLength, unixTime } from "../fernet/seal.ts";
import { type Message, messageHead, messageLength, valueAfter } from "../message.ts";
import { type Json, writeJson } from "../storage/json.ts";
import { withDerivedBy } from "../storage/keys.ts";
import { openRecords, sealMessages } from "../storage/values.ts";

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
  const [sealed] = await withDerivedBy(
    root,
    info,
    (derived) => sealMessages(derived, [message], () => now),
  );
  return sealed;
}

/** Opens JSON of that context under the key that is derived by the info; else `undefined`. */
export async function openJson(
  root: KeyedBackend,
  info: Bytes,
  context: readonly Uint8Array[],
  token: string,
): Promise<OpenedJson | undefined> {
  const [opened] = await withDerivedBy(root, info, (derived) => openRecords([derived], [token]));
  if (!opened) return undefined;
  const { message, time } = opened;
  try {
    const json = valueAfter(messageHead(context, JSON_TYPE), message);
    return json && { value: JSON.parse(decodeUtf8(json)), time };
  } catch {
    // It is authentic, but another program wrote no JSON.
    return undefined;
  } finally {
    message.fill(0);
  }
}
