/**
 * What ends all sessions of a user: a record with a random text, the epoch, that
 * every session of the user must know which is signed in to from then on. Clocks are
 * not compared: those of two hosts differ, and a second holds many requests.
 *
 *     value   = JSON: 16 random bytes in base64url without padding, 22 characters
 *     context = part(prefix) || part(user)
 *     token under HKDF(root, "ironfern/session-users/1")
 *
 * While keys change there is a record under each of them, of the same epoch: every
 * host sees one, whichever keys it has.
 *
 * @module
 */

import { encodeBase64Url } from "../bytes/base64.ts";
import { decodeAscii, encodeAscii, encodeUtf8 } from "../bytes/text.ts";
import { checkString } from "../checks.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import type { Prefix } from "../storage/names.ts";
import type { Records } from "../storage/records.ts";
import type { StoreChange } from "../storage/store.ts";
import { INFOS, jsonMessage, openJson, sealMessage } from "./keys.ts";
import { namesOf } from "./names.ts";
import type { SessionLogin } from "./state.ts";

const EPOCH = 16;
/** Bytes of the longest name of a user. */
const LONGEST_USER = 4_096;
const USER = encodeAscii("user");

/**
 * Checks a user.
 *
 * @throws {TypeError} If it is no string, is empty, or holds a lone surrogate.
 * @throws {RangeError} If it is longer than 4,096 bytes.
 */
export function checkUser(user: string): string {
  const { length } = encodeUtf8(checkString(user, "user"), "user");
  if (!length) throw new TypeError("Cannot use user: it is empty");
  if (length <= LONGEST_USER) return user;
  throw new RangeError(`Cannot use user: it has more than ${LONGEST_USER} bytes`);
}

/** The records of users. */
export class UserRecords {
  readonly #records: Records;
  readonly #prefix: Prefix;

  /** Reads nothing yet. */
  constructor(records: Records, prefix: Prefix) {
    this.#records = records;
    this.#prefix = prefix;
  }

  /** The names of the user's records, one a key; none without a user. */
  async names(keys: readonly KeyedBackend[], user: string | undefined): Promise<string[]> {
    return user === undefined ? [] : await this.#names(keys, user);
  }

  /**
   * Whether the user's sessions were ended since that login.
   *
   * @param records The user's records, in the order of the keys.
   */
  async isOver(
    keys: readonly KeyedBackend[],
    { user, epochs }: Pick<SessionLogin, "user" | "epochs">,
    records: readonly (string | undefined)[],
  ): Promise<boolean> {
    const now = await this.#open(keys, user, records);
    return !now?.every((epoch) => epochs.includes(epoch));
  }

  /** The epochs that a session has to know which is signed in to now. */
  async epochs(keys: readonly KeyedBackend[], user: string): Promise<readonly string[]> {
    const records = await this.#records.getMany(await this.#names(keys, user));
    const epochs = await this.#open(keys, user, records);
    // With a damaged record nobody could sign in any more.
    return epochs ? [...new Set(epochs)] : [await this.renew(keys, user)];
  }

  /** Ends all sessions that the user signed in to before. */
  async renew(keys: readonly KeyedBackend[], user: string): Promise<string> {
    const names = await this.#names(keys, user);
    const random = encodeBase64Url(crypto.getRandomValues(new Uint8Array(EPOCH)));
    const epoch = decodeAscii(random).replaceAll("=", "");
    const message = jsonMessage(this.#context(user), epoch);
    const changes: StoreChange[] = [];
    for (const [rank, key] of keys.entries()) {
      changes.push([names[rank], await sealMessage(key, INFOS.users, message)]);
    }
    await this.#records.write(changes);
    return epoch;
  }

  /** The epochs of the records; `undefined` if one is damaged. */
  async #open(
    keys: readonly KeyedBackend[],
    user: string,
    records: readonly (string | undefined)[],
  ): Promise<string[] | undefined> {
    const epochs: string[] = [];
    for (const [rank, key] of keys.entries()) {
      const record = records[rank];
      if (record === undefined) continue;
      const opened = await openJson(key, INFOS.users, this.#context(user), record);
      if (typeof opened?.value !== "string") return undefined;
      epochs.push(opened.value);
    }
    return epochs;
  }

  async #names(keys: readonly KeyedBackend[], user: string): Promise<string[]> {
    return await namesOf(keys, this.#prefix, [USER, encodeUtf8(user, "user")]);
  }

  #context(user: string): Uint8Array[] {
    return [this.#prefix.bytes, encodeUtf8(user, "user")];
  }
}
