/**
 * Under which names sessions and users are kept.
 *
 *     session  prefix || hex(first 16 bytes of HMAC-SHA256(names key, part(prefix) || part(id)))
 *     user     prefix || hex(… part(prefix) || part("user") || part(user))
 *
 * @module
 */

import { singleBatch } from "../bytes/batch.ts";
import type { KeyedBackend } from "../fernet/key.ts";
import { joinParts } from "../message.ts";
import { hmacAll, withDerivedBy } from "../storage/keys.ts";
import { hex, type Prefix } from "../storage/names.ts";
import { INFOS } from "./keys.ts";

/** Bytes of an HMAC that stand in a name. */
const NAME_BYTES = 16;

/** The name of what the parts tell, under each key. */
export async function namesOf(
  keys: readonly KeyedBackend[],
  { text, bytes }: Prefix,
  parts: readonly Uint8Array[],
): Promise<string[]> {
  const joined = joinParts([bytes, ...parts]);
  const names: string[] = [];
  for (const key of keys) {
    const mac = await withDerivedBy(
      key,
      INFOS.names,
      (derived) => hmacAll(derived, singleBatch(joined)),
    );
    names.push(text + hex(mac.subarray(0, NAME_BYTES)));
  }
  return names;
}
