/**
 * Where a storage has its keys from.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { Fernet, keyedBackendOf } from "../fernet/fernet.ts";
import { keyedBackendsOf, MultiFernet } from "../fernet/multi_fernet.ts";
import type { KeyRoots } from "./keys.ts";
import { Vault, withVault } from "./vault.ts";

/** A key; or several, the newest first; or a vault, which stands for those it holds. */
export type KeySource = Fernet | MultiFernet | Vault;

/**
 * Checks a source of keys.
 *
 * @throws {TypeError} If it is none.
 */
export function checkKeySource(source: KeySource): KeySource {
  if ([Fernet, MultiFernet, Vault].some((kind) => source instanceof kind)) return source;
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
  if (source instanceof Vault) return await withVault(source, work);
  const keys = source instanceof Fernet ? [keyedBackendOf(source)] : keyedBackendsOf(source);
  return await work({ names: keys, values: keys });
}
