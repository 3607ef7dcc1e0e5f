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
const getterOf = (prototype: object, name: PropertyKey) =>
  Object.getOwnPropertyDescriptor(prototype, name)?.get;
const readByteLength = getterOf(TYPED_ARRAY, "byteLength")!;
const readByteOffset = getterOf(TYPED_ARRAY, "byteOffset")!;
const readBuffer = getterOf(TYPED_ARRAY, "buffer")!;
const readTag = getterOf(TYPED_ARRAY, Symbol.toStringTag)!;
/** Throws of what is no `ArrayBuffer`, a shared one too. */
const readBufferLength = getterOf(ArrayBuffer.prototype, "byteLength")!;
const readResizable = getterOf(ArrayBuffer.prototype, "resizable");

/** How many bytes there are, whatever the object itself says its length is. */
export function byteLengthOf(bytes: Uint8Array): number {
  return readByteLength.call(bytes);
}

/** Whether it is a `Uint8Array`, of this realm or of another one, whatever it says of itself. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return readTag.call(value) === "Uint8Array";
}

/**
 * A plain view of somebody's bytes, through which none of their code is called.
 * It is a copy where the memory is shared with another thread or can be resized,
 * which the platforms' ciphers refuse.
 */
export function plainView(bytes: Uint8Array): { view: Bytes; copied: boolean } {
  const view = new Uint8Array<ArrayBuffer>(
    readBuffer.call(bytes),
    readByteOffset.call(bytes),
    readByteLength.call(bytes),
  );
  return isFixed(view.buffer) ? { view, copied: false } : { view: view.slice(), copied: true };
}

function isFixed(buffer: ArrayBufferLike): boolean {
  try {
    readBufferLength.call(buffer);
    return readResizable?.call(buffer) !== true;
  } catch {
    return false;
  }
}
