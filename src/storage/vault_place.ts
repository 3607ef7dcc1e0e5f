/**
 * Where a vault is, and what is there before it is opened.
 *
 * @module
 */

import { checkInteger, checkOptions } from "../checks.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { withDerived } from "./keys.ts";
import { checkNames, type Names, type Prefix } from "./names.ts";
import { type Records, recordsOf } from "./records.ts";
import type { StringStore } from "./store.ts";
import { openRecords } from "./values.ts";
import type { VaultHeader } from "./vault_header.ts";
import { type IterationBounds, keyed, type VaultSecret } from "./vault_slots.ts";

const LEAST_ITERATIONS = 100_000;
const MOST_ITERATIONS = 10_000_000;
/** The ids of wrappers that are passkeys begin so. */
export const PASSKEY = "passkey:";
/** Records that are looked at together before old keys are dropped; they may be long. */
const PAGE = 64;

/** Options of {@linkcode Vault.create} and {@linkcode Vault.open}. */
export interface VaultOptions {
  /**
   * The prefix of the storages that the vault is for.
   *
   * @default {"ironfern."}
   */
  prefix?: string;
  /**
   * Whether the names of these storages are hidden: by their names it is told
   * whether there are records.
   *
   * @default {"hidden"}
   */
  names?: "hidden" | "plain";
  /**
   * Milliseconds without use after which it locks: 1 at least.
   *
   * @default {Infinity}
   */
  lockAfter?: number;
  /**
   * How many PBKDF2 iterations are done at most to open it, 100,000 at least.
   *
   * @default {10_000_000}
   */
  maxIterations?: number;
}

/** What is seen of a slot without a secret. */
export interface VaultSlot {
  /** Its id, for {@linkcode Vault.removeSlot}. */
  readonly id: string;
  /** What opens it. */
  readonly kind: "passphrase" | "key" | "wrapper";
  /** The id of the wrapper. */
  readonly wrapper?: string;
  /** The iterations of the passphrase. */
  readonly iterations?: number;
}

/** Where a vault is, and its bounds. */
export interface Place {
  /** The store's records. */
  readonly records: Records;
  /** The prefix of its storages. */
  readonly prefix: Prefix;
  /** The names of their records. */
  readonly names: Names;
  /** Milliseconds without use until it locks. */
  readonly lockAfter: number;
  /** How many iterations are done for it. */
  readonly bounds: IterationBounds;
}

/** Checks the options of a call. */
export function checkPlace(store: StringStore, options: VaultOptions | undefined): Place {
  const { prefix, names: kind, lockAfter = Infinity, maxIterations = MOST_ITERATIONS } =
    checkOptions(options, ["prefix", "names", "lockAfter", "maxIterations"]);
  if (lockAfter !== Infinity) checkInteger(lockAfter, "lockAfter", 1, Number.MAX_SAFE_INTEGER);
  const most = checkInteger(maxIterations, "maxIterations", LEAST_ITERATIONS, 2 ** 32 - 1);
  const names = checkNames(prefix, kind);
  return {
    records: recordsOf(store),
    prefix: names.prefix,
    names,
    lockAfter,
    bounds: { least: LEAST_ITERATIONS, most },
  };
}

/** Whether the secret is a passkey. */
export function isPasskey(secret: VaultSecret): boolean {
  return "wrap" in Object(secret) && String((secret as { id: string }).id).startsWith(PASSKEY);
}

/** A new key. */
export function randomKey(): Bytes {
  return crypto.getRandomValues(new Uint8Array(32));
}

/** Fills keys with zeros. */
export function wipe(keys: readonly Bytes[]): void {
  for (const key of keys) key.fill(0);
}

/** What is told of a slot. */
export function publicSlot(slot: VaultHeader["slots"][number]): VaultSlot {
  const { id, kind } = slot;
  if (kind === "passphrase") return { id, kind, iterations: slot.iterations };
  return kind === "key" ? { id, kind } : { id, kind, wrapper: slot.wrapper };
}

/** The names of the records of its storages, as far as names tell. */
export async function recordNames({ records, prefix, names }: Place): Promise<string[]> {
  return (await records.names(prefix.text)).filter((name) => names.includes(name));
}

/** Whether there are records of the prefix. */
export async function hasRecords(place: Place): Promise<boolean> {
  return (await recordNames(place)).length > 0;
}

/** How many records are under some of these keys, whatever their names are like. */
export async function countUnder(place: Place, keys: readonly Bytes[]): Promise<number> {
  const names = await place.records.names(place.prefix.text);
  let count = 0;
  for (const key of keys) {
    await withDerived(keyed(key), "values", async (derived) => {
      for (let start = 0; start < names.length; start += PAGE) {
        const records = await place.records.getMany(names.slice(start, start + PAGE));
        const opened = await openRecords([derived], records);
        count += opened.filter((each) => each).length;
      }
    });
  }
  return count;
}
