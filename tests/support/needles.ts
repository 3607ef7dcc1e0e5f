/**
 * What is stored, to be searched for in the files of a store.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { EncryptedStorage, type StringStore } from "@ironfern/ironfern/storage";

/** What every record's name begins with, and is to be found. */
export const PREFIX = "needle-of-the-prefix.";

/** What is to be found nowhere. */
export interface Needles {
  /** The Fernet key. */
  readonly key: string;
  /** The key of a value. */
  readonly name: string;
  /** The value. */
  readonly value: string;
}

/** Needles of their own for each search: what a page says must not be in its script. */
export function makeNeedles(): Needles {
  const [name, value] = ["name", "value"].map((what) => `${what} ${crypto.randomUUID()}`);
  return { key: Fernet.generateKey(), name, value };
}

/** Stores the value in every way that leaves something behind. */
export async function storeNeedles(
  store: StringStore,
  { key, name, value }: Needles,
): Promise<void> {
  const storage = new EncryptedStorage(store, { fernet: new Fernet(key), prefix: PREFIX });
  await storage.set(name, value);
  await storage.setMany([[`${name}s`, [value]], ["removed", value]]);
  await storage.update(name, () => ({ again: value }));
  await storage.delete("removed");
}
