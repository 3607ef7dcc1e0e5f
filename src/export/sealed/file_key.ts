/**
 * The key of one sealed export.
 *
 * @module
 */

import { noble } from "../../backends/noble.ts";
import type { BackendChoice } from "../../backends/select/available.ts";
import { type Bytes, concatBytes } from "../../bytes/bytes.ts";
import { encodeAscii } from "../../bytes/text.ts";
import { hkdf } from "../../kdf/hkdf.ts";
import { pbkdf2 } from "../../kdf/pbkdf2.ts";
import { FILE_KEY_PURPOSE } from "./format.ts";
import { decodeRandom, type ExportHeader } from "./header.ts";
import { type RootSecret, wipeSecret } from "./secret.ts";

/** What the key is derived from, beside the header, and how. */
export interface FileKeyInput {
  /** The secret, which is wiped when the key is derived. */
  readonly secret: RootSecret;
  /** The backend. */
  readonly backend: BackendChoice;
}

/**
 * Derives the key that seals this one file. All of the header goes into it, so
 * every token authenticates the header. The caller wipes the key.
 */
export async function fileKey(
  header: ExportHeader,
  { secret, backend }: FileKeyInput,
  signal: AbortSignal,
): Promise<Bytes> {
  try {
    const root = await rootKey(header, { secret, backend }, signal);
    try {
      const info = concatBytes([encodeAscii(FILE_KEY_PURPOSE), await sha256(header.line)]);
      return await hkdf(backend, root, info);
    } finally {
      root.fill(0);
    }
  } finally {
    wipeSecret(secret);
  }
}

async function rootKey(
  { kdf }: ExportHeader,
  { secret, backend }: FileKeyInput,
  signal: AbortSignal,
): Promise<Bytes> {
  if (kdf.name === "key") return secret.bytes;
  const { iterations, salt } = kdf;
  return await pbkdf2(secret.bytes, decodeRandom(salt)!, { iterations, backend, signal });
}

/** By WebCrypto where it is: @noble takes some milliseconds to make its tables. */
async function sha256(bytes: Bytes): Promise<Uint8Array> {
  const { subtle } = crypto;
  return subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes)) : noble().sha256(bytes);
}
