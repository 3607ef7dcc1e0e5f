/**
 * The keys of an open vault, and its header in the store, which others change.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { StorageError } from "./errors.ts";
import { vaultName } from "./names.ts";
import { readHeader, type VaultHeader, writeHeader } from "./vault_header.ts";
import { type Place, wipe } from "./vault_place.ts";
import { openKeys } from "./vault_slots.ts";

/** Times that a change of the header is tried. */
const TRIES = 32;

/** A header, and what a secret has opened of it. */
export interface Opened {
  /** The header's record. */
  readonly record: string;
  /** The same, understood. */
  readonly header: VaultHeader;
  /** The vault's key. */
  readonly vaultKey: Bytes;
  /** Its data keys, newest first. */
  readonly dataKeys: Bytes[];
}

/** An open vault. */
export class VaultState {
  readonly #place: Place;
  readonly #checkUnlocked: () => void;
  #opened: Opened;

  /**
   * Takes the keys.
   *
   * @param checkUnlocked Throws if the vault is locked; called before every use.
   */
  constructor(place: Place, opened: Opened, checkUnlocked: () => void) {
    this.#place = place;
    this.#opened = opened;
    this.#checkUnlocked = checkUnlocked;
  }

  /**
   * The keys and the header, as they were last read. Who gets them must copy the
   * keys before anything is awaited.
   *
   * @throws {StorageError} `locked`: zeros must not be taken for keys.
   */
  get opened(): Opened {
    this.#checkUnlocked();
    return this.#opened;
  }

  /** Changes the header, whoever else changes it meanwhile. */
  async change(make: (opened: Opened) => Promise<VaultHeader>): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      await this.refresh();
      const { record, header, vaultKey, dataKeys } = this.opened;
      // It may be locked meanwhile, and zeros must not become keys.
      const copies = { vaultKey: vaultKey.slice(), dataKeys: dataKeys.map((key) => key.slice()) };
      try {
        const next = writeHeader(await make({ record, header, ...copies }));
        const name = vaultName(this.#place.prefix);
        if (await this.#place.records.swap(name, record, next)) return await this.refresh();
      } finally {
        wipe([copies.vaultKey, ...copies.dataKeys]);
      }
    }
    throw new StorageError("conflict", { reason: "others change the vault's header all the time" });
  }

  /** Fills all keys with zeros. */
  wipe(): void {
    wipe([this.#opened.vaultKey, ...this.#opened.dataKeys]);
  }

  /** Reads the header again: others may have added a key. */
  async refresh(): Promise<void> {
    this.#checkUnlocked();
    const record = await this.#place.records.get(vaultName(this.#place.prefix));
    this.#checkUnlocked();
    const { record: known, header: { id }, vaultKey } = this.#opened;
    if (record === known) return;
    if (record === undefined) throw new StorageError("vault-lost");
    const header = readHeader(record);
    const dataKeys = header?.id === id ? await openKeys(header, vaultKey) : undefined;
    if (!header || !dataKeys) throw new StorageError("bad-vault");
    try {
      this.#checkUnlocked();
    } catch (error) {
      wipe(dataKeys);
      throw error;
    }
    wipe(this.#opened.dataKeys);
    this.#opened = { record, header, vaultKey, dataKeys };
  }
}
