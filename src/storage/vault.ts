/**
 * A vault: a random key that several secrets open, for the storages of a prefix.
 *
 * @module
 */

import { checkOptions, kindOf } from "../checks.ts";
import { StorageError } from "./errors.ts";
import { type KeyRoots, registerKeys } from "./keys.ts";
import { checkPrefix, vaultName } from "./names.ts";
import { recordsOf } from "./records.ts";
import type { StringStore } from "./store.ts";
import { addKey, addSlot, dropOldKeys, removeSlot } from "./vault_changes.ts";
import { readHeader } from "./vault_header.ts";
import { IdleLock, TabLock } from "./vault_lock.ts";
import { createVault, openVault } from "./vault_open.ts";
import {
  checkPlace,
  type Place,
  publicSlot,
  recordNames,
  type VaultOptions,
  type VaultSlot,
} from "./vault_place.ts";
import { keyed, type VaultSecret } from "./vault_slots.ts";
import { type Opened, VaultState } from "./vault_state.ts";

/**
 * The key of the storages of one prefix, random, and sealed in the store under each
 * of several secrets: a passphrase, a key, a passkey, a KMS. A passphrase is changed
 * by a new slot and the removal of the old one, with no value sealed anew.
 *
 * A secret that is removed, or was known to somebody, opens old copies of the
 * header, and whoever had the vault open has its keys. `addKey`, then `rotate` of
 * the storage, then `dropOldKeys` protect what is written from then on.
 *
 * @example A vault with a passphrase and a recovery key
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { EncryptedStorage, Vault } from "@ironfern/ironfern/storage";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new Map<string, string>();
 * const vault = await Vault.create(store, { passphrase: "correct horse", iterations: 100_000 });
 * const recovery = Fernet.generateKey(); // to be printed and put away
 * await vault.addSlot({ key: recovery });
 * await new EncryptedStorage(store, { fernet: vault }).set("token", "secret");
 * vault.lock();
 *
 * const opened = await Vault.open(store, { key: recovery });
 * assertEquals(await new EncryptedStorage(store, { fernet: opened }).get("token"), "secret");
 * ```
 */
export class Vault {
  readonly #place: Place;
  readonly #idle: IdleLock;
  readonly #tabs: TabLock;
  readonly #callbacks: (() => void)[] = [];
  readonly #state: VaultState;
  #locked = false;

  private constructor(place: Place, opened: Opened) {
    this.#place = place;
    this.#state = new VaultState(place, opened, () => this.#checkUnlocked());
    this.#idle = new IdleLock(place.lockAfter, () => this.lock());
    this.#tabs = new TabLock(opened.header.id, () => this.#lock(false));
    registerKeys(this, (work) => this.#withKeys(work));
  }

  /**
   * Makes a vault with a random key. It never overwrites one.
   *
   * @param store Where the records are.
   * @param secret The first secret that opens it: no passkey, which may be lost.
   * @param options The prefix; when it locks; bounds.
   * @returns The vault, unlocked.
   * @throws {StorageError} `vault-exists`; `vault-lost`, if there are records but no
   * header; `iterations-out-of-range`; `full`, `unavailable`.
   * @throws {TypeError} If an argument is of the wrong kind, or the secret is empty
   * or a passkey.
   * @throws {RangeError} If a number is out of its bounds.
   *
   * @example A vault that is there already
   * ```ts
   * import { StorageError, Vault } from "@ironfern/ironfern/storage";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * const secret = { passphrase: "correct horse", iterations: 100_000 };
   * await Vault.create(store, secret);
   * const error = await assertRejects(() => Vault.create(store, secret), StorageError);
   * assertEquals(error.code, "vault-exists");
   * ```
   */
  static async create(
    store: StringStore,
    secret: VaultSecret,
    options?: VaultOptions,
  ): Promise<Vault> {
    const place = checkPlace(store, options);
    return new Vault(place, await createVault(place, secret));
  }

  /**
   * Unlocks the vault of a store. A wrong secret changes nothing. All passphrases
   * with the same number of iterations take one derivation.
   *
   * @param store Where the records are.
   * @param secret A passphrase, a key or a wrapper that it has a slot for.
   * @param options The prefix; when it locks; bounds.
   * @returns The vault, unlocked.
   * @throws {StorageError} `wrong-secret`; `no-vault`; `vault-lost`, if there are
   * records but no header; `bad-vault`; `iterations-out-of-range`, before anything is
   * derived; `unavailable`.
   * @throws {TypeError} If an argument is of the wrong kind, or the secret empty.
   * @throws {RangeError} If a number is out of its bounds.
   *
   * @example A wrong passphrase
   * ```ts
   * import { StorageError, Vault } from "@ironfern/ironfern/storage";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * await Vault.create(store, { passphrase: "correct horse", iterations: 100_000 });
   * const open = () => Vault.open(store, { passphrase: "wrong horse" });
   * assertEquals((await assertRejects(open, StorageError)).code, "wrong-secret");
   * ```
   */
  static async open(
    store: StringStore,
    secret: VaultSecret,
    options?: VaultOptions,
  ): Promise<Vault> {
    const place = checkPlace(store, options);
    return new Vault(place, await openVault(place, secret));
  }

  /**
   * Tells what opens a store's vault. It needs no secret, and verifies nothing.
   *
   * @param store Where the records are.
   * @param options The prefix.
   * @returns The slots, or `undefined` where there is no vault.
   * @throws {StorageError} `bad-vault`, `unavailable`.
   *
   * @example Whether to ask for a passphrase
   * ```ts
   * import { Vault } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * assertEquals(await Vault.inspect(store), undefined);
   * await Vault.create(store, { passphrase: "correct horse", iterations: 100_000 });
   * assertEquals((await Vault.inspect(store))?.map(({ kind }) => kind), ["passphrase"]);
   * ```
   */
  static async inspect(
    store: StringStore,
    options?: Pick<VaultOptions, "prefix">,
  ): Promise<readonly VaultSlot[] | undefined> {
    const { prefix } = checkOptions(options, ["prefix"]);
    const record = await recordsOf(store).get(vaultName(checkPrefix(prefix)));
    if (record === undefined) return undefined;
    const header = readHeader(record);
    if (!header) throw new StorageError("bad-vault");
    return header.slots.map(publicSlot);
  }

  /**
   * Removes a vault, and with it every record of its prefix: for those who have lost
   * all secrets and begin anew. Nothing can be read afterwards.
   *
   * @param store Where the records are.
   * @param options The prefix, and whether names are hidden.
   * @throws {StorageError} `unavailable`.
   *
   * @example Begin anew
   * ```ts
   * import { Vault } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * await Vault.create(store, { passphrase: "forgotten", iterations: 100_000 });
   * await Vault.erase(store);
   * assertEquals(store.size, 0);
   * ```
   */
  static async erase(
    store: StringStore,
    options?: Pick<VaultOptions, "prefix" | "names">,
  ): Promise<void> {
    const place = checkPlace(store, checkOptions(options, ["prefix", "names"]));
    // The header goes last: records without one would be taken for those of a lost vault.
    const names = [...await recordNames(place), vaultName(place.prefix)];
    for (const name of names) await place.records.write([[name, null]]);
  }

  /** Whether it is locked: storages on it then throw `locked`. */
  get locked(): boolean {
    return this.#locked;
  }

  /**
   * Wipes the keys here, and locks the vault in all tabs of the browser.
   *
   * @example Lock by hand
   * ```ts
   * import { EncryptedStorage, StorageError, Vault } from "@ironfern/ironfern/storage";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * const vault = await Vault.create(store, { passphrase: "a", iterations: 100_000 });
   * const storage = new EncryptedStorage(store, { fernet: vault });
   * vault.lock();
   * assertEquals((await assertRejects(() => storage.get("a"), StorageError)).code, "locked");
   * ```
   */
  lock(): void {
    this.#lock(true);
  }

  /**
   * Calls a function once, when the vault locks: by hand, after a time without use,
   * or in another tab.
   *
   * @param callback The function. Of a locked vault it is called at once.
   *
   * @example Ask for the passphrase again
   * ```ts
   * import { Vault } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const vault = await Vault.create(new Map(), { passphrase: "a", iterations: 100_000 });
   * let asked = 0;
   * vault.onLock(() => asked++);
   * vault.lock();
   * assertEquals(asked, 1);
   * ```
   */
  onLock(callback: () => void): void {
    if (typeof callback !== "function") {
      throw new TypeError(`Cannot use the callback: expected a function, got ${kindOf(callback)}`);
    }
    if (this.#locked) callback();
    else this.#callbacks.push(callback);
  }

  /**
   * Adds another secret that opens the vault, such as a recovery key or a passkey.
   *
   * @param secret The secret.
   * @returns Its slot.
   * @throws {StorageError} `locked`; `conflict`; `iterations-out-of-range`;
   * `unavailable`.
   * @throws {TypeError} If the secret is of the wrong kind, or empty.
   *
   * @example Another passphrase
   * ```ts
   * import { Vault } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * const vault = await Vault.create(store, { passphrase: "old", iterations: 100_000 });
   * const [{ id }] = (await Vault.inspect(store))!;
   * await vault.addSlot({ passphrase: "new", iterations: 100_000 });
   * await vault.removeSlot(id);
   * assertEquals((await Vault.open(store, { passphrase: "new" })).locked, false);
   * ```
   */
  async addSlot(secret: VaultSecret): Promise<VaultSlot> {
    return publicSlot(await addSlot(this.#place, this.#state, secret));
  }

  /**
   * Removes a secret: it opens no copy of the header that is written from now on.
   *
   * @param id The slot's id.
   * @throws {StorageError} `locked`; `conflict`; `unavailable`.
   * @throws {RangeError} If there is no such slot, or it is the last one that is no
   * passkey.
   *
   * @example The last slot
   * ```ts
   * import { Vault } from "@ironfern/ironfern/storage";
   * import { assertRejects } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * const vault = await Vault.create(store, { passphrase: "a", iterations: 100_000 });
   * const [{ id }] = (await Vault.inspect(store))!;
   * await assertRejects(() => vault.removeSlot(id), RangeError);
   * ```
   */
  async removeSlot(id: string): Promise<void> {
    await removeSlot(this.#state, id);
  }

  /**
   * Makes a new key the newest: what is written from now on is sealed with it, and
   * `EncryptedStorage.rotate` brings the rest under it.
   *
   * @throws {StorageError} `locked`; `conflict`; `unavailable`.
   * @throws {RangeError} If there are 8 keys already: then drop the old ones first.
   *
   * @example A new key
   * ```ts
   * import { EncryptedStorage, Vault } from "@ironfern/ironfern/storage";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * const vault = await Vault.create(store, { passphrase: "a", iterations: 100_000 });
   * const storage = new EncryptedStorage(store, { fernet: vault });
   * await storage.set("token", "secret");
   * await vault.addKey();
   * assertEquals((await storage.rotate()).rotated, 1);
   * await vault.dropOldKeys();
   * assertEquals(await storage.get("token"), "secret");
   * ```
   */
  async addKey(): Promise<void> {
    await addKey(this.#state);
  }

  /**
   * Forgets all keys but the newest.
   *
   * @throws {StorageError} `conflict`, if a record is under one of them; `locked`;
   * `unavailable`.
   *
   * @example A record under an old key
   * ```ts
   * import { EncryptedStorage, StorageError, Vault } from "@ironfern/ironfern/storage";
   * import { assertRejects } from "@std/assert";
   *
   * const store = new Map<string, string>();
   * const vault = await Vault.create(store, { passphrase: "a", iterations: 100_000 });
   * await new EncryptedStorage(store, { fernet: vault }).set("token", "secret");
   * await vault.addKey();
   * await assertRejects(() => vault.dropOldKeys(), StorageError);
   * ```
   */
  async dropOldKeys(): Promise<void> {
    await dropOldKeys(this.#place, this.#state);
  }

  async #withKeys<T>(work: (roots: KeyRoots) => Promise<T>): Promise<T> {
    await this.#state.refresh();
    const { vaultKey, dataKeys } = this.#state.opened;
    return await work({ names: [keyed(vaultKey)], values: dataKeys.map(keyed) });
  }

  #checkUnlocked(): void {
    if (!this.#locked && !this.#idle.use()) this.lock();
    if (this.#locked) throw new StorageError("locked");
  }

  #lock(tell: boolean): void {
    if (this.#locked) return;
    this.#locked = true;
    this.#state.wipe();
    this.#idle.end();
    this.#tabs.end(tell);
    for (const callback of this.#callbacks.splice(0)) callback();
  }
}
