/**
 * Changes of an open vault: its slots and its keys.
 *
 * @module
 */

import { StorageError } from "./errors.ts";
import type { HeaderSlot } from "./vault_header.ts";
import { countUnder, PASSKEY, type Place, randomKey } from "./vault_place.ts";
import { makeSlot, MOST_KEYS, sealKeys, type VaultSecret } from "./vault_slots.ts";
import type { VaultState } from "./vault_state.ts";

/** Adds a secret: see `Vault.addSlot`. */
export async function addSlot(
  place: Place,
  state: VaultState,
  secret: VaultSecret,
): Promise<HeaderSlot> {
  let slot: HeaderSlot | undefined;
  await state.change(async ({ header, vaultKey }) => {
    slot ??= await makeSlot(
      header.id,
      vaultKey,
      secret,
      header.slots,
      place.bounds,
    );
    return { ...header, slots: [...header.slots, slot] };
  });
  return slot!;
}

/** Removes a secret: see `Vault.removeSlot`. */
export async function removeSlot(state: VaultState, id: string): Promise<void> {
  await state.change(({ header }) => {
    const slots = header.slots.filter((slot) => slot.id !== id);
    if (slots.length === header.slots.length) {
      throw new RangeError("Cannot remove the slot: the vault has none of this id");
    }
    if (slots.every((slot) => slot.kind === "wrapper" && slot.wrapper.startsWith(PASSKEY))) {
      throw new RangeError("Cannot remove the slot: it is the last one that is no passkey");
    }
    return Promise.resolve({ ...header, slots });
  });
}

/** Makes a new key the newest: see `Vault.addKey`. */
export async function addKey(state: VaultState): Promise<void> {
  const added = randomKey();
  await state.change(async ({ header, vaultKey, dataKeys }) => {
    if (dataKeys.length >= MOST_KEYS) {
      throw new RangeError(
        `Cannot add a key: the vault has ${MOST_KEYS}, so rotate and drop the old ones`,
      );
    }
    return { ...header, keys: await sealKeys(header.id, vaultKey, [added, ...dataKeys]) };
  }).finally(() => added.fill(0));
}

/** Forgets all keys but the newest: see `Vault.dropOldKeys`. */
export async function dropOldKeys(place: Place, state: VaultState): Promise<void> {
  await state.change(async ({ header, vaultKey, dataKeys }) => {
    const [newest, ...old] = dataKeys;
    const count = await countUnder(place, old);
    if (count) {
      throw new StorageError("conflict", {
        reason: `${count} records are under an older key, so rotate them first`,
      });
    }
    return { ...header, keys: await sealKeys(header.id, vaultKey, [newest]) };
  });
}
