/**
 * The runtime's own base64url, for long texts: `Uint8Array.prototype.toBase64`
 * where there is one, else Node's `Buffer`. Neither is strict by itself. And its
 * way to read long ASCII.
 *
 * @module
 */

import { hostGlobal } from "../runtime/host.ts";
import type { Bytes } from "./bytes.ts";

/** Bytes to padded base64url in ASCII, and back. */
export interface NativeBase64 {
  /** Encodes bytes into `out`, which the text fills. */
  encodeInto(bytes: Uint8Array, out: Uint8Array): void;
  /** Decodes canonical text; for any other it is `undefined`. */
  decode(text: Uint8Array, length: number): Bytes | undefined;
}

interface Uint8ArrayClass {
  fromBase64?(text: string, options: object): Bytes;
  prototype: { toBase64?(options: object): string };
}

interface BufferClass {
  from(buffer: ArrayBufferLike, start: number, length: number): NodeBuffer;
  from(text: string, encoding: "base64url" | "latin1"): NodeBuffer;
}

interface NodeBuffer extends Omit<Uint8Array, "toString"> {
  toString(encoding: "base64url" | "latin1"): string;
  equals(other: Uint8Array): boolean;
}

const ALPHABET = { alphabet: "base64url", lastChunkHandling: "strict" };
const PAD = "=".charCodeAt(0);
const ENCODER = new TextEncoder();
/** What is not ASCII becomes something else that is not. */
const ASCII = new TextDecoder("utf-8", { ignoreBOM: true });
/** Longer text Node keeps outside of its heap, where it need not be copied to. */
const LONG = 1_031_913;

/** What this runtime has. */
export const nativeBase64: NativeBase64 | undefined = ofUint8Array() ?? ofBuffer();

/** Reads bytes that are known to be ASCII, where the runtime does it sooner than a decoder. */
export function decodeLongAscii(bytes: Uint8Array): string | undefined {
  if (bytes.length <= LONG) return undefined;
  return hostGlobal<BufferClass>("Buffer")?.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString("latin1");
}

/** By `Uint8Array.prototype.toBase64`. */
export function ofUint8Array(): NativeBase64 | undefined {
  const { fromBase64, prototype: { toBase64 } } = Uint8Array as unknown as Uint8ArrayClass;
  if (!fromBase64 || !toBase64) return undefined;
  return {
    encodeInto: (bytes, out) => void ENCODER.encodeInto(toBase64.call(bytes, ALPHABET), out),
    decode(text, length) {
      try {
        // It skips white space, and then has fewer bytes than the text's length tells.
        const bytes = fromBase64.call(Uint8Array, ASCII.decode(text), ALPHABET);
        return bytes.length === length ? bytes : undefined;
      } catch (error) {
        if (error instanceof SyntaxError) return undefined;
        throw error;
      }
    },
  };
}

/** By `Buffer`, for Node before version 25. */
export function ofBuffer(): NativeBase64 | undefined {
  const Buffer = hostGlobal<BufferClass>("Buffer");
  if (!Buffer) return undefined;
  const view = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const encodeInto = (bytes: Uint8Array, out: Uint8Array) => {
    const text = view(bytes).toString("base64url");
    ENCODER.encodeInto(text, out);
    out.fill(PAD, text.length);
  };
  return {
    encodeInto,
    decode(text, length) {
      // It takes anything: only what is encoded as the same text was canonical.
      const bytes = new Uint8Array(Buffer.from(view(text).toString("latin1"), "base64url"));
      const canonical = new Uint8Array(text.length);
      encodeInto(bytes, canonical);
      return bytes.length === length && view(canonical).equals(text) ? bytes : undefined;
    },
  };
}
