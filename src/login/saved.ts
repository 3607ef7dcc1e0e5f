/**
 * Logins in a store.
 *
 *     name     prefix || hex(first 16 bytes of
 *                HMAC-SHA256(derive(root, "ironfern/login-names/1"), part(prefix) || part(id)))
 *     record   token under derive(root, "ironfern/login/1" || id)
 *     context  part(issuer) || part(client id)
 *     value    JSON {"user", "tokens", "remember": false?, "epochs": [...]?,
 *                "lease": {"by", "until"}?}
 *     id       32 random bytes, which only the browser's cookie holds, as base64url
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { encodeUtf8 } from "../bytes/text.ts";
import type { Fernet } from "../fernet/fernet.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import type { MultiFernet } from "../fernet/multi_fernet.ts";
import { joinBytes } from "../bytes/batch.ts";
import { joinParts } from "../message.ts";
import { jsonMessage, openJson, sealMessage, withKeys } from "../session/keys.ts";
import { UserRecords } from "../session/user_records.ts";
import { hmacAll, withDerivedBy } from "../storage/keys.ts";
import { hex, Names, type Prefix } from "../storage/names.ts";
import type { Records } from "../storage/records.ts";
import { fromBase64Url } from "../storage/vault_header.ts";
import type { ProviderClient } from "./client.ts";
import { INFOS, loginInfo } from "./keys.ts";
import { randomText } from "./oauth.ts";
import { checkTokens, type Tokens } from "./tokens.ts";
import type { User } from "./user.ts";

const ID = /^[\w-]{43}$/;
/** Bytes of an HMAC that stand in a name. */
const NAME_BYTES = 16;
/** Records that are looked at together. */
const PAGE = 1_000;
/** Seconds that records are kept after their end: a request under way may have begun before it. */
const MARGIN = 3_600;
/** Characters of a token that hold its version and its time, and the next ones. */
const TIME_TEXT = 12;

/** Who is refreshing a login at the moment. */
export interface Lease {
  /** A random text. */
  readonly by: string;
  /** Until when, in Unix milliseconds. */
  readonly until: number;
}

/** A login as it is saved. */
export interface SavedLogin {
  /** Who signed in. */
  readonly user: User;
  /** The tokens. */
  readonly tokens: Tokens;
  /** `false` where it lasts as long as the browser is open: it signs nobody in again. */
  readonly remember?: false;
  /** What ended all logins of the user before: see `UserRecords`. */
  readonly epochs?: readonly string[];
  /** Who is refreshing it. */
  readonly lease?: Lease;
}

/** A login that was found. */
export interface FoundLogin extends SavedLogin {
  /** The login's id. */
  readonly id: string;
  /** The record's name. */
  readonly name: string;
  /** The record. */
  readonly record: string;
  /** When it was written, in Unix seconds. */
  readonly time: number;
  /** Which of the keys it is under: 0 is the newest. */
  readonly keyRank: number;
  /** Whose login it is. */
  readonly client: ProviderClient;
}

/** Logins in a store. */
export class SavedLogins {
  /** Seconds that a login is kept after its last use. */
  readonly life: number;
  readonly #fernet: Fernet | MultiFernet;
  readonly #records: Records;
  readonly #prefix: Prefix;
  readonly #clients: readonly ProviderClient[];
  readonly #users: UserRecords;

  /** Reads nothing yet. */
  constructor(
    fernet: Fernet | MultiFernet,
    records: Records,
    prefix: Prefix,
    life: number,
    clients: readonly ProviderClient[],
  ) {
    this.#fernet = fernet;
    this.#records = records;
    this.#prefix = prefix;
    this.life = life;
    this.#clients = clients;
    this.#users = new UserRecords(records, prefix);
  }

  /** Saves a new login, and returns its id. */
  async create(client: ProviderClient, login: SavedLogin): Promise<string> {
    const id = randomText();
    await withKeys(this.#fernet, async (keys) => {
      const [newest] = keys;
      const [name] = await this.#names([newest], id);
      const epochs = await this.#users.epochs(keys, login.user.id);
      const record = await this.#seal(newest, client, id, {
        ...login,
        ...epochs.length && { epochs },
      });
      await this.#records.write([[name, record]]);
    });
    return id;
  }

  /**
   * The login of an id, which may be any text; `undefined` where there is none.
   *
   * @param isAny Whether one counts that `endAll` ended: its tokens are still to be revoked.
   */
  async find(id: string | undefined, isAny = false): Promise<FoundLogin | undefined> {
    if (id === undefined || !ID.test(id) || !fromBase64Url(id)) return undefined;
    return await withKeys(this.#fernet, async (keys) => {
      const names = await this.#names(keys, id);
      const records = await this.#records.getMany(names);
      for (const [keyRank, record] of records.entries()) {
        if (record === undefined) continue;
        const opened = await this.#open(keys[keyRank], id, record);
        if (!opened) continue;
        if (!isAny && await this.#isOver(keys, opened)) return undefined;
        return { ...opened, id, name: names[keyRank], record, keyRank };
      }
    });
  }

  /** Ends all logins of a user that were saved before. */
  async endAll(user: string): Promise<void> {
    await withKeys(this.#fernet, (keys) => this.#users.renew(keys, user));
  }

  /** Seals what is to come in the place of a login that was found. */
  async seal(found: FoundLogin, next: SavedLogin): Promise<FoundLogin> {
    const { id, client, keyRank, name } = found;
    const time = Math.floor(Date.now() / 1_000);
    const record = await withKeys(
      this.#fernet,
      (keys) => this.#seal(keys[keyRank], client, id, next),
    );
    return { ...valueOf(next), id, name, record, time, keyRank, client };
  }

  /** Puts `next` in the place of exactly what was found; `null` removes it. */
  async swap({ name, record }: FoundLogin, next: FoundLogin | null): Promise<boolean> {
    return await this.#records.swap(name, record, next?.record ?? null);
  }

  /** Removes the login of an id, whatever others make of it meanwhile. */
  async remove(id: string): Promise<void> {
    if (!ID.test(id) || !fromBase64Url(id)) return;
    const names = await withKeys(this.#fernet, (keys) => this.#names(keys, id));
    await this.#records.write(names.map((name) => [name, null]));
  }

  /** Removes logins that were not used for longer than they last; how many. */
  async sweep(): Promise<number> {
    const own = new Names(this.#prefix, "hidden");
    const names = (await this.#records.names(this.#prefix.text)).filter((each) =>
      own.includes(each)
    );
    let removed = 0;
    for (let start = 0; start < names.length; start += PAGE) {
      const some = names.slice(start, start + PAGE);
      for (const [index, record] of (await this.#records.getMany(some)).entries()) {
        // Later than that: what ended all logins of a user has to outlive each of them.
        const end = timeOf(record ?? "") + this.life + MARGIN;
        if (record === undefined || end >= Date.now() / 1_000) continue;
        if (await this.#records.swap(some[index], record, null)) removed++;
      }
    }
    return removed;
  }

  /** Whether the user's logins were ended since that one was saved. */
  async #isOver(
    keys: readonly KeyedBackend[],
    { user: { id: user }, epochs = [] }: SavedLogin,
  ): Promise<boolean> {
    const records = await this.#records.getMany(await this.#users.names(keys, user));
    return await this.#users.isOver(keys, { user, epochs }, records);
  }

  /** The names of an id, one for each key. */
  async #names(keys: readonly KeyedBackend[], id: string): Promise<string[]> {
    const text = joinParts([this.#prefix.bytes, idBytes(id)]);
    return await Promise.all(keys.map(async (key) => {
      const mac = await withDerivedBy(key, INFOS.names, (key) => hmacAll(key, joinBytes([text])));
      return this.#prefix.text + hex(mac.subarray(0, NAME_BYTES));
    }));
  }

  async #seal(
    key: KeyedBackend,
    client: ProviderClient,
    id: string,
    login: SavedLogin,
  ): Promise<string> {
    const message = jsonMessage(contextOf(client), valueOf(login));
    return await sealMessage(key, loginInfo(idBytes(id)), message);
  }

  async #open(key: KeyedBackend, id: string, record: string) {
    const info = loginInfo(idBytes(id));
    for (const client of this.#clients) {
      const opened = await openJson(key, info, contextOf(client), record);
      if (!opened) continue;
      const login = readLogin(opened.value, client);
      const time = Number(opened.time);
      // It may be a login with another provider of the same issuer and client.
      if (login && time + this.life >= Date.now() / 1_000) return { ...login, time, client };
    }
  }
}

/** What is kept of a login. */
function valueOf({ user, tokens, remember, epochs, lease }: SavedLogin): SavedLogin {
  return {
    user,
    tokens,
    ...remember === false && { remember },
    ...epochs && { epochs },
    ...lease && { lease },
  };
}

/** A login as its record has it, if it is one of this provider. */
function readLogin(value: unknown, { provider }: ProviderClient): SavedLogin | undefined {
  const { user, tokens, remember, epochs, lease } = (value ?? {}) as Partial<SavedLogin>;
  // Records of other programs may have less of the user than ours.
  if (typeof user?.id !== "string" || (user.provider ?? provider.id) !== provider.id) {
    return undefined;
  }
  const isLease = typeof lease?.by === "string" && Number.isFinite(lease.until);
  return valueOf({
    user,
    tokens: checkTokens(tokens),
    ...remember === false && { remember },
    ...Array.isArray(epochs) && { epochs },
    ...isLease && { lease },
  });
}

function contextOf({ provider, plan }: ProviderClient): Bytes[] {
  return [provider.issuer, plan.clientId].map((part) => encodeUtf8(part, "the provider"));
}

function idBytes(id: string): Bytes {
  return fromBase64Url(id) ?? new Uint8Array();
}

/** The time that stands in a token in the clear; `Infinity` where it is no token. */
function timeOf(record: string): number {
  const bytes = fromBase64Url(record.slice(0, TIME_TEXT));
  return bytes?.length === 9 ? Number(new DataView(bytes.buffer).getBigUint64(1)) : Infinity;
}
