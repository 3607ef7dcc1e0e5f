/**
 * Making a vault, and opening one by a secret.
 *
 * @module
 */

import { StorageError } from "./errors.ts";
import { vaultName } from "./names.ts";
import { readHeader, toBase64Url, writeHeader } from "./vault_header.ts";
import { hasRecords, isPasskey, type Place, randomKey, wipe } from "./vault_place.ts";
import { makeSlot, openKeys, openSlots, sealKeys, type VaultSecret } from "./vault_slots.ts";
import type { Opened } from "./vault_state.ts";

/** Makes a vault, where there is none: see `Vault.create`. */
export async function createVault(place: Place, secret: VaultSecret): Promise<Opened> {
  if (isPasskey(secret)) {
    throw new TypeError(
      "Cannot create the vault with a passkey, which may be lost: create it with a passphrase or a key, and add the passkey",
    );
  }
  const name = vaultName(place.prefix);
  if (await place.records.get(name) !== undefined) throw new StorageError("vault-exists");
  if (await hasRecords(place)) throw new StorageError("vault-lost");
  const id = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
  const [vaultKey, dataKey] = [1, 2].map(randomKey);
  try {
    const slot = await makeSlot(id, vaultKey, secret, [], place.bounds);
    const header = { id, slots: [slot], keys: await sealKeys(id, vaultKey, [dataKey]) };
    const record = writeHeader(header);
    if (!await place.records.swap(name, null, record)) throw new StorageError("vault-exists");
    return { record, header, vaultKey, dataKeys: [dataKey] };
  } catch (error) {
    wipe([vaultKey, dataKey]);
    throw error;
  }
}

/** Opens the vault that is there: see `Vault.open`. */
export async function openVault(place: Place, secret: VaultSecret): Promise<Opened> {
  const record = await place.records.get(vaultName(place.prefix));
  if (record === undefined) {
    throw new StorageError(await hasRecords(place) ? "vault-lost" : "no-vault");
  }
  const header = readHeader(record);
  if (!header) throw new StorageError("bad-vault");
  const vaultKey = await openSlots(header, secret, place.bounds);
  if (!vaultKey) throw new StorageError("wrong-secret");
  const dataKeys = await openKeys(header, vaultKey);
  if (!dataKeys) {
    vaultKey.fill(0);
    throw new StorageError("bad-vault");
  }
  return { record, header, vaultKey, dataKeys };
}
