/**
 * Byte arrays.
 *
 * @module
 */

/**
 * Bytes in a buffer of their own, as `new Response(x)` and `crypto.subtle` take
 * them, in every version of TypeScript from 5.6 on.
 */
export type Bytes = ReturnType<Uint8Array["slice"]>;

/** Joins byte arrays. */
export function concatBytes(parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
