/**
 * The options of an `EncryptedStorage`, and what it tells.
 *
 * @module
 */

import type { KeySource } from "./key_source.ts";

/** Options of {@linkcode EncryptedStorage}. */
export interface EncryptedStorageOptions {
  /**
   * The key; or a `MultiFernet`, to change keys: its first one seals, all open;
   * or a vault.
   */
  fernet: KeySource;
  /**
   * What the names of the records begin with: 256 bytes at most. No prefix in a
   * store may be the beginning of another one where names are plain.
   *
   * @default {"ironfern."}
   */
  prefix?: string;
  /**
   * Whether the store sees the keys: `"hidden"` makes names of an HMAC, `"plain"`
   * writes the keys percent-encoded.
   *
   * @default {"hidden"}
   */
  names?: "hidden" | "plain";
}

/** Options of {@linkcode EncryptedStorage.get}. */
export interface StorageGetOptions {
  /**
   * Seconds since the value was written, at most: an older one is `undefined`, and
   * so is one from more than 60 seconds in the future.
   */
  ttl?: number;
}

/** Options of the scans, {@linkcode EncryptedStorage.keys} and {@linkcode EncryptedStorage.entries}. */
export interface StorageScanOptions {
  /**
   * Called for each record that cannot be read. Without it the scan gives all
   * others, and then throws.
   *
   * @param name The record's name.
   */
  onUnreadable?: (name: string) => void;
}

/** What {@linkcode EncryptedStorage.verify} found. */
export interface StorageVerification {
  /** How many values can be read. */
  readonly readable: number;
  /** How many of them are not under the newest key. */
  readonly old: number;
  /** The names of the records that cannot be read. */
  readonly unreadable: readonly string[];
}
