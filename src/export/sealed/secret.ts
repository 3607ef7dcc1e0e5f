/**
 * What an export is sealed under: a passphrase or a key.
 *
 * @module
 */

import type { Bytes } from "../../bytes/bytes.ts";
import { secretBytes } from "../../checks.ts";
import { SealedExportError } from "../../errors.ts";
import { FIRST_TOKEN_LINE } from "./format.ts";
import { fernetKey } from "../../fernet/key.ts";

/** What an export is sealed under: a passphrase or a key, exactly one of them. */
export type ExportSecret = ExportPassphrase | ExportKey;

/** A passphrase, from which the export's root key is derived. */
export interface ExportPassphrase {
  /** The passphrase, text (as UTF-8, not normalised) or bytes, 1 MiB at most. */
  passphrase: string | Uint8Array;
  /** Not with a passphrase. */
  key?: undefined;
}

/** A key of the caller's as the export's root key. */
export interface ExportKey {
  /** The key: 44 characters of padded base64url, or 32 bytes. */
  key: string | Uint8Array;
  /** Not with a key. */
  passphrase?: undefined;
}

/** A copy of the caller's secret. Who made it wipes it. */
export interface RootSecret {
  /** Whether it is a passphrase or a key. */
  readonly kind: "passphrase" | "key";
  /** Its bytes. */
  readonly bytes: Bytes;
}

/**
 * Copies the secret.
 *
 * @throws {TypeError} If there is not exactly one, or it is empty.
 * @throws {RangeError} If the passphrase is too long, or the key has not 32 bytes.
 */
export function rootSecret({ passphrase, key }: ExportSecret): RootSecret {
  if (passphrase !== undefined && key !== undefined) {
    throw new TypeError("Cannot use both `passphrase` and `key`: an export has one of them");
  }
  return key === undefined
    ? { kind: "passphrase", bytes: secretBytes(passphrase!, "the passphrase") }
    : { kind: "key", bytes: fernetKey(key) };
}

/** Wipes the copy. */
export function wipeSecret({ bytes }: RootSecret): void {
  bytes.fill(0);
}

/** The error of a first token that cannot be opened. */
export function wrongSecret(kind: RootSecret["kind"]): SealedExportError {
  const reason = `wrong ${kind}, or not the file that it was`;
  return new SealedExportError("wrong-secret-or-header", FIRST_TOKEN_LINE, { reason });
}
