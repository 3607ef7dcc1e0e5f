/**
 * What is stored, to be searched for in the files of a store.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  EncryptedStorage,
  type EncryptedStorageOptions,
  type StringStore,
  Vault,
} from "@ironfern/ironfern/storage";

/** What every record's name begins with, and is to be found. */
export const PREFIX = "needle-of-the-prefix.";

/** What is to be found nowhere. */
export interface Needles {
  /** The Fernet key. */
  readonly key: string;
  /** The passphrase of a vault, which the Fernet key opens too. */
  readonly passphrase: string;
  /** The key of a value. */
  readonly name: string;
  /** The value. */
  readonly value: string;
}

/** Needles of their own for each search: what a page says must not be in its script. */
export function makeNeedles(): Needles {
  const [passphrase, name, value] = ["passphrase", "name", "value"]
    .map((what) => `${what} ${crypto.randomUUID()}`);
  return { key: Fernet.generateKey(), passphrase, name, value };
}

/** Stores the value in every way that leaves something behind: under a key, and in a vault. */
export async function storeNeedles(store: StringStore, needles: Needles): Promise<void> {
  const { key, passphrase } = needles;
  await storeValues(store, { fernet: new Fernet(key), prefix: PREFIX }, needles);
  const prefix = `vault.${PREFIX}`;
  const vault = await Vault.create(store, { passphrase, iterations: 100_000 }, { prefix });
  await vault.addSlot({ key });
  await storeValues(store, { fernet: vault, prefix }, needles);
  vault.lock();
}

async function storeValues(
  store: StringStore,
  options: EncryptedStorageOptions,
  { name, value }: Needles,
): Promise<void> {
  const storage = new EncryptedStorage(store, options);
  await storage.set(name, value);
  await storage.setMany([[`${name}s`, [value]], ["removed", value]]);
  await storage.update(name, () => ({ again: value }));
  await storage.delete("removed");
}
