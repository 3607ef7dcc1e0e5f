/**
 * Texts through streams of fields.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";

/** A stream of bytes into bytes. */
export type ByteStream = TransformStream<Uint8Array, Uint8Array>;

/** A key for tests that do not care which. */
export const FERNET = new Fernet(Fernet.generateKey());

/** Sends bytes, cut into pieces of these lengths in turn, through a stream. */
export async function throughCut(
  stream: ByteStream,
  input: Uint8Array,
  lengths: readonly number[],
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < input.length; turn++) {
    const length = lengths[turn % lengths.length];
    chunks.push(input.slice(start, start + length));
    start += length;
  }
  return await new Response(ReadableStream.from(chunks).pipeThrough(stream)).bytes();
}

/** Sends text, or bytes, through a stream. */
export async function through(input: string | Uint8Array, stream: ByteStream): Promise<string> {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const out = await throughCut(stream, bytes, [Math.max(1, bytes.length)]);
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(out);
}

/** Encrypts fields of a text. */
export function encrypted(text: string, options: FieldsOptions): Promise<string> {
  return through(text, encryptFields(FERNET, options));
}

/** Decrypts fields of a text. */
export function decrypted(text: string, options: FieldsOptions): Promise<string> {
  return through(text, decryptFields(FERNET, options));
}
