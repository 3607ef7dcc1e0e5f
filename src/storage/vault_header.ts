/**
 * The header of a vault, as the record `prefix~vault`:
 *
 *     "ironfern-vault/1." || base64url(JSON), without padding
 *
 *     {"id": ..., "slots": [
 *       {"id": ..., "kind": "passphrase", "salt": ..., "iterations": n, "key": token},
 *       {"id": ..., "kind": "key", "key": token},
 *       {"id": ..., "kind": "wrapper", "wrapper": text, "key": what the wrapper made}],
 *      "keys": token}
 *
 * Names stand in this order and there is no white space. Bytes are base64url
 * without padding: 16 of the vault's id and of a salt, 8 of a slot's id. The record
 * does not begin as JSON does, since unstorage parses what does.
 *
 * @module
 */

import { decodeBase64Url, encodeBase64Url } from "../bytes/base64.ts";
import type { Bytes } from "../bytes/bytes.ts";
import { decodeAscii, decodeUtf8, encodeAscii, encodeUtf8 } from "../bytes/text.ts";

const START = "ironfern-vault/1.";
const LONGEST = 1 << 20;
const MOST_SLOTS = 64;
const ID = /^[\w-]{22}$/;
const SALT = ID;
const SLOT_ID = /^[\w-]{11}$/;

/** A slot as the header has it. */
export type HeaderSlot =
  | {
    readonly id: string;
    readonly kind: "passphrase";
    readonly salt: string;
    readonly iterations: number;
    readonly key: string;
  }
  | { readonly id: string; readonly kind: "key"; readonly key: string }
  | {
    readonly id: string;
    readonly kind: "wrapper";
    readonly wrapper: string;
    readonly key: string;
  };

/** A header that was understood; it is not verified. */
export interface VaultHeader {
  /** The vault's id. */
  readonly id: string;
  /** Its slots. */
  readonly slots: readonly HeaderSlot[];
  /** The token of its data keys. */
  readonly keys: string;
}

/** Writes a header's record. */
export function writeHeader({ id, slots, keys }: VaultHeader): string {
  const json = JSON.stringify({ id, slots: slots.map(ordered), keys });
  return START + toBase64Url(encodeUtf8(json, "the header"));
}

/** Reads a header's record. Anything but what {@linkcode writeHeader} writes is `undefined`. */
export function readHeader(record: string): VaultHeader | undefined {
  if (!record.startsWith(START) || record.length > LONGEST) return undefined;
  const bytes = fromBase64Url(record.slice(START.length));
  try {
    const header: VaultHeader = JSON.parse(decodeUtf8(bytes ?? new Uint8Array()));
    return isHeader(header) && writeHeader(header) === record ? header : undefined;
  } catch {
    return undefined;
  }
}

function isHeader({ id, slots, keys }: VaultHeader): boolean {
  return ID.test(id) && typeof keys === "string" && Array.isArray(slots) &&
    slots.length > 0 && slots.length <= MOST_SLOTS && slots.every(isSlot) &&
    new Set(slots.map(({ id }) => id)).size === slots.length;
}

function isSlot(slot: HeaderSlot): boolean {
  if (typeof slot.id !== "string" || !SLOT_ID.test(slot.id)) return false;
  if (typeof slot.key !== "string") return false;
  if (slot.kind === "passphrase") {
    return typeof slot.salt === "string" && SALT.test(slot.salt) &&
      Number.isSafeInteger(slot.iterations);
  }
  return slot.kind === "key" || slot.kind === "wrapper" && typeof slot.wrapper === "string";
}

function ordered(slot: HeaderSlot): HeaderSlot {
  const { id, kind, key } = slot;
  if (kind === "passphrase") return { id, kind, salt: slot.salt, iterations: slot.iterations, key };
  return kind === "key" ? { id, kind, key } : { id, kind, wrapper: slot.wrapper, key };
}

/** Bytes as base64url without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return decodeAscii(encodeBase64Url(bytes)).replace(/=+$/, "");
}

/** Reads base64url without padding. */
export function fromBase64Url(text: string): Bytes | undefined {
  if (text.includes("=")) return undefined;
  return decodeBase64Url(encodeAscii(text.padEnd(Math.ceil(text.length / 4) * 4, "=")));
}
