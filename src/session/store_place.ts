/**
 * Sessions in a store. A session is found by an HMAC of its id, and sealed under a
 * key that is made of the server's key and the id, which only the cookie holds.
 *
 *     context = part(prefix)
 *     token under HKDF(root, "ironfern/session/1" || id), id = 32 random bytes
 *
 * A session stays under the key that it began with, so that no change of keys can
 * bring back one that was ended meanwhile.
 *
 * @module
 */

import { decodeBase64Url, encodeBase64Url } from "../bytes/base64.ts";
import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { decodeAscii, encodeAscii } from "../bytes/text.ts";
import type { Fernet } from "../fernet/fernet.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import type { MultiFernet } from "../fernet/multi_fernet.ts";
import { StorageError } from "../storage/errors.ts";
import { Names, type Prefix } from "../storage/names.ts";
import type { Records } from "../storage/records.ts";
import { tries } from "../storage/tries.ts";
import { recordLength } from "../storage/values.ts";
import { SessionError } from "./errors.ts";
import { INFOS, jsonMessage, openJson, sealMessage, withKeys } from "./keys.ts";
import { namesOf } from "./names.ts";
import type { Held, Place } from "./place.ts";
import {
  isAlive,
  isPast,
  type Lifetimes,
  now,
  readState,
  type SessionState,
  stateJson,
} from "./state.ts";
import { UserRecords } from "./user_records.ts";

const ID = 32;
/** Base64url of 32 bytes, without padding. */
const COOKIE = /^[\w-]{43}$/;
/** Records that are looked at at a time. */
const PAGE = 1_000;
/** Characters of a token that hold its version and its time. */
const TOKEN_START = 12;
const TOKEN_VERSION = 0x80;

/** A session's id, and where it is kept. */
interface Spot {
  readonly id: Bytes;
  /** Under which key: 0 is the newest. */
  readonly rank: number;
  readonly name: string;
}

/** A session in a store. */
interface StoredSession extends Held {
  readonly spot: Spot;
  /** The record, as it was read or written last. */
  readonly record: string;
}

/** Sessions under one prefix of a store. */
export class StorePlace implements Place<StoredSession> {
  readonly #fernet: Fernet | MultiFernet;
  readonly #records: Records;
  readonly #prefix: Prefix;
  readonly #lifetimes: Lifetimes;
  readonly #users: UserRecords;

  /** Reads nothing yet. */
  constructor(
    fernet: Fernet | MultiFernet,
    records: Records,
    prefix: Prefix,
    lifetimes: Lifetimes,
  ) {
    this.#fernet = fernet;
    this.#records = records;
    this.#prefix = prefix;
    this.#lifetimes = lifetimes;
    this.#users = new UserRecords(records, prefix);
  }

  async find(cookie: string): Promise<StoredSession | undefined> {
    const id = readId(cookie);
    if (!id) return undefined;
    return await withKeys(this.#fernet, async (keys) => {
      const names = await namesOf(keys, this.#prefix, [id]);
      const records = await this.#records.getMany(names);
      for (const [rank, name] of names.entries()) {
        const found = await this.#open(keys, { id, rank, name }, records[rank]);
        if (!found) continue;
        const users = await this.#users.names(keys, found.state.login?.user);
        const isOver = await this.#isOver(keys, found, await this.#records.getMany(users));
        return isOver ? undefined : found;
      }
    });
  }

  async create(state: SessionState): Promise<StoredSession> {
    return await withKeys(this.#fernet, async (keys) => {
      const id = crypto.getRandomValues(new Uint8Array(ID));
      const [name] = await namesOf(keys.slice(0, 1), this.#prefix, [id]);
      const created = await this.#seal(keys, { id, rank: 0, name }, state);
      if (await this.#records.swap(name, null, created.record)) return created;
      throw new SessionError("conflict");
    });
  }

  async update(
    held: StoredSession,
    change: (state: SessionState) => SessionState,
  ): Promise<StoredSession> {
    const updated = await this.#replace(held, async (keys, current) => {
      return await this.#seal(keys, held.spot, change(current.state));
    });
    if (updated?.next) return updated.next;
    throw new SessionError("gone");
  }

  async touch(held: StoredSession): Promise<StoredSession> {
    const { spot, record, state } = held;
    return await withKeys(this.#fernet, async (keys) => {
      const next = await this.#seal(keys, spot, state);
      return await this.#records.swap(spot.name, record, next.record) ? next : held;
    });
  }

  async take(held: StoredSession): Promise<SessionState | undefined> {
    const taken = await this.#replace(held, () => Promise.resolve(undefined));
    return taken?.current.state;
  }

  async remove({ spot }: StoredSession): Promise<void> {
    await this.#records.write([[spot.name, null]]);
  }

  async epochs(user: string): Promise<readonly string[]> {
    return await withKeys(this.#fernet, (keys) => this.#users.epochs(keys, user));
  }

  /** Ends all sessions that the user signed in to before. */
  async endAll(user: string): Promise<void> {
    await withKeys(this.#fernet, (keys) => this.#users.renew(keys, user));
  }

  /** Removes records that are too old for any session; how many. */
  async sweep(): Promise<number> {
    const kept = new Names(this.#prefix, "hidden");
    const names = (await this.#records.names(this.#prefix.text))
      .filter((name) => kept.includes(name));
    let removed = 0;
    for (let start = 0; start < names.length; start += PAGE) {
      const some = names.slice(start, start + PAGE);
      const records = await this.#records.getMany(some);
      for (const [index, name] of some.entries()) {
        const record = records[index];
        if (record === undefined || !isPast(tokenTime(record), this.#lifetimes.absolute)) continue;
        if (await this.#records.swap(name, record, null)) removed++;
      }
    }
    return removed;
  }

  /** Puts another record, or none, in the place of what is kept; `undefined` if nothing is. */
  async #replace(
    held: StoredSession,
    nextOf: (
      keys: readonly KeyedBackend[],
      current: StoredSession,
    ) => Promise<StoredSession | undefined>,
  ): Promise<{ current: StoredSession; next: StoredSession | undefined } | undefined> {
    return await withKeys(this.#fernet, async (keys) => {
      const { spot, state: { login } } = held;
      const users = await this.#users.names(keys, login?.user);
      for await (const _ of tries()) {
        const [record, ...userRecords] = await this.#records.getMany([spot.name, ...users]);
        const current = await this.#open(keys, spot, record);
        // An id has one user for ever: whoever signs in gets another id.
        if (!current || current.state.login?.user !== login?.user) return undefined;
        if (await this.#isOver(keys, current, userRecords)) return undefined;
        const next = await nextOf(keys, current);
        if (await this.#records.swap(spot.name, current.record, next?.record ?? null)) {
          return { current, next };
        }
      }
      throw new SessionError("conflict");
    });
  }

  /** A record as a session that has not expired. */
  async #open(
    keys: readonly KeyedBackend[],
    spot: Spot,
    record: string | undefined,
  ): Promise<StoredSession | undefined> {
    if (record === undefined) return undefined;
    const context = [this.#prefix.bytes];
    const opened = await openJson(keys[spot.rank], sessionInfo(spot.id), context, record);
    const state = opened && readState(opened.value);
    if (!state) return undefined;
    const time = Number(opened.time);
    if (!isAlive(state, time, this.#lifetimes)) return undefined;
    return { state, time, cookie: cookieOf(spot.id), spot, record };
  }

  async #isOver(
    keys: readonly KeyedBackend[],
    { state: { login } }: StoredSession,
    userRecords: readonly (string | undefined)[],
  ): Promise<boolean> {
    return login !== undefined && await this.#users.isOver(keys, login, userRecords);
  }

  async #seal(
    keys: readonly KeyedBackend[],
    spot: Spot,
    state: SessionState,
  ): Promise<StoredSession> {
    const message = jsonMessage([this.#prefix.bytes], stateJson(state));
    const { maxRecord } = this.#records;
    const length = recordLength(message);
    if (length > maxRecord) {
      const reason = `the session has ${length} characters, and the store allows ${maxRecord}`;
      throw new StorageError("too-large", { reason });
    }
    const time = now();
    const record = await sealMessage(keys[spot.rank], sessionInfo(spot.id), message);
    return { state, time, cookie: cookieOf(spot.id), spot, record };
  }
}

function sessionInfo(id: Bytes): Bytes {
  return concatBytes([INFOS.session, id]);
}

function cookieOf(id: Bytes): string {
  return decodeAscii(encodeBase64Url(id)).replaceAll("=", "");
}

function readId(cookie: string): Bytes | undefined {
  return COOKIE.test(cookie) ? decodeBase64Url(encodeAscii(`${cookie}=`)) : undefined;
}

/** When a token was made, by what it says in the clear; NaN if it is none. */
function tokenTime(token: string): number {
  const bytes = decodeBase64Url(encodeAscii(token.slice(0, TOKEN_START)));
  if (bytes?.length !== TOKEN_START / 4 * 3 || bytes[0] !== TOKEN_VERSION) return NaN;
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(1));
}
