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

/** What all typed arrays inherit from. */
const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype);
const { get: readByteLength } = Object.getOwnPropertyDescriptor(TYPED_ARRAY, "byteLength")!;
const { get: readTag } = Object.getOwnPropertyDescriptor(TYPED_ARRAY, Symbol.toStringTag)!;

/** How many bytes there are, whatever the object itself says its length is. */
export function byteLengthOf(bytes: Uint8Array): number {
  return readByteLength!.call(bytes);
}

/** Whether it is a `Uint8Array`, of this realm or of another one, whatever it says of itself. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return readTag!.call(value) === "Uint8Array";
}
