/**
 * What opens a vault: its key, sealed under each of several secrets.
 *
 *     slot   message = u32be(length of context) || context || 2 || the vault's key (32 bytes)
 *            context = part(vault id) || part(slot id) || part(kind), the ids as bytes
 *            token under HKDF(secret, "ironfern/vault-slot/1")
 *            secret  = PBKDF2-HMAC-SHA256(passphrase, salt, iterations, 32), or the key;
 *                      a wrapper gets the message itself
 *     keys   context = part(vault id), value = 1 to 8 keys of 32 bytes, the newest first
 *            token under HKDF(vault's key, "ironfern/vault-keys/1")
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { concatBytes } from "../bytes/bytes.ts";
import { encodeAscii } from "../bytes/text.ts";
import { checkIterations, checkOptions, isBytes, kindOf, secretBytes } from "../checks.ts";
import { InvalidTokenError } from "../errors.ts";
import { fernetKey, type KeyedBackend } from "../fernet/key.ts";
import { unixTime } from "../fernet/seal.ts";
import { pbkdf2 } from "../kdf/pbkdf2.ts";
import { messageHead, valueAfter } from "../message.ts";
import { StorageError, storeError } from "./errors.ts";
import { type Purpose, withDerived } from "./keys.ts";
import { spanView } from "./names.ts";
import { openRecords, sealMessages } from "./values.ts";
import { fromBase64Url, type HeaderSlot, toBase64Url, type VaultHeader } from "./vault_header.ts";

const KEY = 32;
const BYTES_TYPE = 2;
const DEFAULT_ITERATIONS = 600_000;
/** Data keys that a vault has at most. */
export const MOST_KEYS = 8;

/** Wraps keys for others: a KMS, a keychain, a passkey. */
export interface KeyWrapper {
  /** Names the wrapper and its key. It is kept in the clear. */
  readonly id: string;
  /**
   * Wraps a key.
   *
   * @param key The key; it is wiped afterwards.
   * @returns The wrapped key, which only this wrapper can unwrap.
   */
  wrap(key: Bytes): Promise<Uint8Array>;
  /**
   * Unwraps a key.
   *
   * @param wrapped What `wrap` returned.
   * @returns The key.
   * @throws {InvalidTokenError} If it was not made by this wrapper's key. Any other
   * error means that the wrapper is not available.
   */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}

/** A passphrase that opens a vault. */
export interface VaultPassphrase {
  /** The passphrase, text (as UTF-8, not normalised). */
  passphrase: string;
  /**
   * How many PBKDF2 iterations a new slot asks for.
   *
   * @default {600_000}
   */
  iterations?: number;
}

/** A key that opens a vault. */
export interface VaultKey {
  /** The key, as `Fernet.generateKey` makes it: 44 characters, or 32 bytes. */
  key: string | Uint8Array;
}

/** What opens a vault. */
export type VaultSecret = VaultPassphrase | VaultKey | KeyWrapper;

/** A secret whose kind is known. */
type CheckedSecret =
  | { readonly kind: "passphrase"; readonly passphrase: string; readonly iterations: number }
  | { readonly kind: "key"; readonly root: Bytes }
  | { readonly kind: "wrapper"; readonly wrapper: KeyWrapper };

/** How many iterations are done for a header, at least and at most. */
export interface IterationBounds {
  /** The fewest. */
  readonly least: number;
  /** The most, of all derivations that opening takes. */
  readonly most: number;
}

/** The key of a vault goes through the backend that is best. */
export function keyed(key: Bytes): KeyedBackend {
  return { key, backend: "auto" };
}

/**
 * Checks a secret.
 *
 * @throws {TypeError} If it is none, or empty.
 * @throws {RangeError} If a number or a length is out of its bounds.
 */
function checkSecret(secret: VaultSecret): CheckedSecret {
  if (typeof (secret as KeyWrapper)?.wrap === "function") {
    const wrapper = secret as KeyWrapper;
    if (typeof wrapper.id !== "string" || typeof wrapper.unwrap !== "function") {
      throw new TypeError("Cannot use the key wrapper: expected an id, wrap and unwrap");
    }
    return { kind: "wrapper", wrapper };
  }
  if (secret && Object.hasOwn(secret, "key")) {
    const { key } = checkOptions(secret as VaultKey, ["key"]);
    return { kind: "key", root: fernetKey(key) };
  }
  if (secret && Object.hasOwn(secret, "passphrase")) {
    const { passphrase, iterations = DEFAULT_ITERATIONS } = checkOptions(
      secret as VaultPassphrase,
      ["passphrase", "iterations"],
    );
    secretBytes(passphrase, "the passphrase").fill(0);
    return { kind: "passphrase", passphrase, iterations: checkIterations(iterations) };
  }
  throw new TypeError(
    `Cannot use the secret: expected { passphrase }, { key } or a key wrapper, got ${
      kindOf(secret)
    }`,
  );
}

function slotHead(vault: string, slot: string, kind: HeaderSlot["kind"]): Bytes {
  return messageHead([idBytes(vault), idBytes(slot), encodeAscii(kind)], BYTES_TYPE);
}

/**
 * Seals a vault's key under a secret, in a new slot. Passphrases of one vault have
 * one salt, as far as their iterations agree: then opening takes one derivation.
 *
 * @throws {StorageError} `iterations-out-of-range`, if no reader would accept them.
 */
export async function makeSlot(
  vault: string,
  vaultKey: Bytes,
  secret: VaultSecret,
  slots: readonly HeaderSlot[],
  { least, most }: IterationBounds,
): Promise<HeaderSlot> {
  const checked = checkSecret(secret);
  const { kind } = checked;
  const id = toBase64Url(crypto.getRandomValues(new Uint8Array(8)));
  const message = { head: slotHead(vault, id, kind), value: vaultKey };
  if (checked.kind === "wrapper") {
    const { wrapper } = checked;
    const whole = concatBytes([message.head, vaultKey]);
    const wrapped = await wrapper.wrap(whole).finally(() => whole.fill(0));
    return { id, kind: "wrapper", wrapper: wrapper.id, key: toBase64Url(wrapped) };
  }
  const seal = (root: Bytes) => sealWith(root, "vaultSlot", message);
  if (checked.kind === "key") {
    try {
      return { id, kind: "key", key: await seal(checked.root) };
    } finally {
      checked.root.fill(0);
    }
  }
  const { iterations, passphrase } = checked;
  if (iterations < least || iterations > most) throw outOfRange(least, most);
  const other = slots.find((slot) => slot.kind === "passphrase" && slot.iterations === iterations);
  const salt = other?.kind === "passphrase"
    ? other.salt
    : toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
  const root = await pbkdf2(passphrase, fromBase64Url(salt)!, { iterations });
  try {
    return { id, kind: "passphrase", salt, iterations, key: await seal(root) };
  } finally {
    root.fill(0);
  }
}

/**
 * Finds the vault's key by a secret.
 *
 * @returns The key, or `undefined` if the secret opens no slot.
 * @throws {StorageError} `iterations-out-of-range`, before anything is derived;
 * `unavailable`, if a wrapper fails.
 */
export async function openSlots(
  { id, slots }: VaultHeader,
  secret: VaultSecret,
  bounds: IterationBounds,
): Promise<Bytes | undefined> {
  const checked = checkSecret(secret);
  if (checked.kind === "wrapper") return await unwrapAny(id, slots, checked.wrapper);
  if (checked.kind === "key") {
    try {
      return await openAny(id, slots.filter(({ kind }) => kind === "key"), checked.root);
    } finally {
      checked.root.fill(0);
    }
  }
  for (const { salt, iterations, members } of derivations(slots, bounds)) {
    const root = await pbkdf2(checked.passphrase, fromBase64Url(salt)!, { iterations });
    try {
      const key = await openAny(id, members, root);
      if (key) return key;
    } finally {
      root.fill(0);
    }
  }
}

/** What is to be derived from a passphrase, once for all slots of one salt. */
function derivations(slots: readonly HeaderSlot[], { least, most }: IterationBounds) {
  const groups = new Map<string, { salt: string; iterations: number; members: HeaderSlot[] }>();
  let total = 0;
  for (const slot of slots) {
    if (slot.kind !== "passphrase") continue;
    const { salt, iterations } = slot;
    const name = `${salt} ${iterations}`;
    const group = groups.get(name);
    if (group) {
      group.members.push(slot);
      continue;
    }
    groups.set(name, { salt, iterations, members: [slot] });
    total += iterations;
    if (iterations < least || total > most) throw outOfRange(least, most);
  }
  return [...groups.values()];
}

function outOfRange(least: number, most: number): StorageError {
  return new StorageError("iterations-out-of-range", {
    reason: `its iterations are not from ${least} to ${most}`,
  });
}

async function openAny(
  vault: string,
  slots: readonly HeaderSlot[],
  root: Bytes,
): Promise<Bytes | undefined> {
  for (const { id, kind, key } of slots) {
    const value = await openWith(root, "vaultSlot", slotHead(vault, id, kind), key);
    if (value?.length === KEY) return value;
  }
}

async function unwrapAny(
  vault: string,
  slots: readonly HeaderSlot[],
  wrapper: KeyWrapper,
): Promise<Bytes | undefined> {
  for (const slot of slots) {
    if (slot.kind !== "wrapper" || slot.wrapper !== wrapper.id) continue;
    const message = await unwrap(wrapper, fromBase64Url(slot.key) ?? new Uint8Array());
    if (!isBytes(message)) continue;
    const value = valueAfter(slotHead(vault, slot.id, slot.kind), message)?.slice();
    message.fill(0);
    if (value?.length === KEY) return value;
  }
}

async function unwrap(wrapper: KeyWrapper, wrapped: Bytes): Promise<Uint8Array | undefined> {
  try {
    return await wrapper.unwrap(wrapped);
  } catch (error) {
    if (error instanceof InvalidTokenError) return undefined;
    throw storeError(error);
  }
}

/** Seals the data keys under the vault's key. */
export async function sealKeys(
  vault: string,
  vaultKey: Bytes,
  dataKeys: readonly Bytes[],
): Promise<string> {
  const value = concatBytes(dataKeys);
  try {
    return await sealWith(vaultKey, "vaultKeys", { head: keysHead(vault), value });
  } finally {
    value.fill(0);
  }
}

/** Opens the data keys, newest first; `undefined` if the vault's key does not. */
export async function openKeys(
  { id, keys }: VaultHeader,
  vaultKey: Bytes,
): Promise<Bytes[] | undefined> {
  const value = await openWith(vaultKey, "vaultKeys", keysHead(id), keys);
  if (!value) return undefined;
  const count = value.length / KEY;
  const dataKeys = Array.from(
    { length: Math.floor(count) },
    (_, index) => value.slice(index * KEY, (index + 1) * KEY),
  );
  value.fill(0);
  return Number.isInteger(count) && count >= 1 && count <= MOST_KEYS ? dataKeys : undefined;
}

function keysHead(vault: string): Bytes {
  return messageHead([idBytes(vault)], BYTES_TYPE);
}

function idBytes(id: string): Bytes {
  return fromBase64Url(id) ?? new Uint8Array();
}

async function sealWith(
  root: Bytes,
  purpose: Purpose,
  message: { readonly head: Uint8Array; readonly value: Uint8Array },
): Promise<string> {
  const now = unixTime();
  return await withDerived(keyed(root), purpose, async (derived) => {
    return (await sealMessages(derived, [message], () => now))[0];
  });
}

/** The value of a token, if that is its head. */
async function openWith(
  root: Bytes,
  purpose: Purpose,
  head: Bytes,
  token: string,
): Promise<Bytes | undefined> {
  return await withDerived(keyed(root), purpose, async (derived) => {
    const [opened] = await openRecords([derived], [token]);
    const message = opened && spanView(opened.message);
    const value = message && valueAfter(head, message)?.slice();
    message?.fill(0);
    return value;
  });
}
