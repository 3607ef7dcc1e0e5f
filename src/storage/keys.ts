/**
 * The keys of a storage, for the time of one call: each purpose has its own,
 * derived by HKDF-SHA256 (RFC 5869) from the caller's.
 *
 * @module
 */

import { pickAsync } from "../backends/select/fernet.ts";
import { type Batch, batchLength, batchLoad, recordView } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { encodeAscii } from "../bytes/text.ts";
import { type KeyedBackend, withKey } from "../fernet/key.ts";
import { hkdf } from "../kdf/hkdf.ts";

/** Bytes of an HMAC. */
export const MAC = 32;

/** What a key is derived for. None is the beginning of another one. */
export const PURPOSES = {
  /** Seals stored values. */
  values: encodeAscii("ironfern/storage/1"),
  /** Makes hidden names. */
  names: encodeAscii("ironfern/storage-names/1"),
  /** Seals a vault's key, under a secret that opens it. */
  vaultSlot: encodeAscii("ironfern/vault-slot/1"),
  /** Seals the data keys of a vault, under its key. */
  vaultKeys: encodeAscii("ironfern/vault-keys/1"),
  /** Wraps a key under what a passkey makes. */
  passkey: encodeAscii("ironfern/passkey/1"),
  /** Makes blind indexes. */
  index: encodeAscii("ironfern/index/1"),
} as const;

/** What a key is for. */
export type Purpose = keyof typeof PURPOSES;

/** Where the keys of a storage come from, newest first. */
export interface KeyRoots {
  /** Those that names are made of: one in a vault, else as many as there are keys. */
  readonly names: readonly KeyedBackend[];
  /** Those that values are sealed with. */
  readonly values: readonly KeyedBackend[];
}

/**
 * Does work with the keys of something that keeps them. The work has to copy them
 * before it awaits anything.
 */
export type WithKeys = <T>(work: (roots: KeyRoots) => Promise<T>) => Promise<T>;

const registered = new WeakMap<object, WithKeys>();

/**
 * Makes the keys of a vault known to storages, which so need not import vaults: a page
 * without one does not load their code.
 */
export function registerKeys(vault: object, withKeys: WithKeys): void {
  registered.set(vault, withKeys);
}

/** How to get at the keys of a vault; `undefined` of anything else. */
export function registeredKeys(vault: object): WithKeys | undefined {
  return registered.get(vault);
}

/** The derived keys of a storage, newest first. */
export interface KeyRing {
  /** Those that make names. */
  readonly names: readonly KeyedBackend[];
  /** Those that seal values. */
  readonly values: readonly KeyedBackend[];
}

/** Does work with a key derived for a purpose, which is wiped afterwards. */
export async function withDerived<T>(
  root: KeyedBackend,
  purpose: Purpose,
  work: (derived: KeyedBackend) => Promise<T>,
): Promise<T> {
  return await withDerivedBy(root, PURPOSES[purpose], work);
}

/** Does work with a key derived by an info of its own, which is wiped afterwards. */
export async function withDerivedBy<T>(
  root: KeyedBackend,
  info: Bytes,
  work: (derived: KeyedBackend) => Promise<T>,
): Promise<T> {
  const { backend } = root;
  const key = await withKey(root, (key) => hkdf(backend, key, info));
  try {
    return await work({ key, backend });
  } finally {
    key.fill(0);
  }
}

/** Does work with the keys derived from the roots, which are wiped afterwards. */
export async function withRing<T>(
  roots: KeyRoots,
  work: (ring: KeyRing) => Promise<T>,
): Promise<T> {
  // All are copied before anything is awaited: one may be wiped meanwhile, and
  // zeros must not become a key.
  const [names, values] = [roots.names, roots.values].map((keys) =>
    keys.map(({ key, backend }) => ({ key: key.slice(), backend }))
  );
  try {
    return await withAll(
      names,
      "names",
      (names) => withAll(values, "values", (values) => work({ names, values })),
    );
  } finally {
    for (const { key } of [...names, ...values]) key.fill(0);
  }
}

async function withAll<T>(
  [root, ...others]: readonly KeyedBackend[],
  purpose: Purpose,
  work: (derived: readonly KeyedBackend[]) => Promise<T>,
): Promise<T> {
  if (!root) return await work([]);
  return await withDerived(
    root,
    purpose,
    (first) => withAll(others, purpose, (rest) => work([first, ...rest])),
  );
}

/** The HMAC-SHA256 of each text of a batch under a key, 32 bytes each, back to back. */
export async function hmacAll({ key, backend }: KeyedBackend, texts: Batch): Promise<Bytes> {
  const { sync, async } = pickAsync(backend, batchLoad(texts));
  const together = sync?.hmacMany?.(key, texts);
  if (together) return together;
  const macs = new Uint8Array(MAC * batchLength(texts));
  for (let index = 0; index < batchLength(texts); index++) {
    const text = recordView(texts, index);
    macs.set(sync ? sync.hmac(key, text) : await async.hmac(key, text), MAC * index);
  }
  return macs;
}
