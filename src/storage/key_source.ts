/**
 * Where a storage has its keys from.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { Fernet, keyedBackendOf } from "../fernet/fernet.ts";
import { keyedBackendsOf, MultiFernet } from "../fernet/multi_fernet.ts";
import { type KeyRoots, registeredKeys } from "./keys.ts";
import type { Vault } from "./vault.ts";

/** A key; or several, the newest first; or a vault, which stands for those it holds. */
export type KeySource = Fernet | MultiFernet | Vault;

/**
 * Checks a source of keys.
 *
 * @throws {TypeError} If it is none.
 */
export function checkKeySource(source: KeySource): KeySource {
  const isKnown = source instanceof Fernet || source instanceof MultiFernet;
  if (isKnown || registeredKeys(source)) return source;
  throw new TypeError(
    `Cannot use fernet: expected a Fernet, a MultiFernet or a Vault, got ${kindOf(source)}`,
  );
}

/**
 * Does work with the keys of a source, newest first. The work has to copy them
 * before it awaits anything: they may be wiped meanwhile.
 *
 * @throws {TypeError} If one of them was destroyed.
 * @throws {StorageError} `locked`, if the vault is; `vault-lost`, if its header is
 * gone, and `bad-vault`, if it is another one.
 */
export async function withRoots<T>(
  source: KeySource,
  work: (roots: KeyRoots) => Promise<T>,
): Promise<T> {
  const withKeys = registeredKeys(source);
  if (withKeys) return await withKeys(work);
  const keys = source instanceof Fernet
    ? [keyedBackendOf(source)]
    : keyedBackendsOf(source as MultiFernet);
  return await work({ names: keys, values: keys });
}
