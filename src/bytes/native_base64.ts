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
  /** Encodes bytes as a string. */
  encodeText(bytes: Uint8Array): string;
  /** Decodes canonical text; for any other it is `undefined`. */
  decode(text: Uint8Array, length: number): Bytes | undefined;
  /**
   * Decodes a string into `out`, which has as many bytes as the string's length and
   * padding tell, and says whether it was canonical.
   */
  decodeTextInto(text: string, out: Bytes): boolean;
}

interface Uint8ArrayClass {
  fromBase64?(text: string, options: object): Bytes;
  prototype: {
    toBase64?(options: object): string;
    setFromBase64?(text: string, options: object): { read: number; written: number };
  };
}

interface BufferClass {
  from(buffer: ArrayBufferLike, start: number, length: number): NodeBuffer;
  from(text: string, encoding: "base64url" | "latin1"): NodeBuffer;
  byteLength(text: string): number;
}

interface NodeBuffer extends Omit<Uint8Array, "toString"> {
  write(text: string, encoding: "base64url"): number;
  latin1Write(text: string, start: number): number;
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
  const { fromBase64, prototype } = Uint8Array as unknown as Uint8ArrayClass;
  const { toBase64, setFromBase64 } = prototype;
  if (!fromBase64 || !toBase64 || !setFromBase64) return undefined;
  const encodeText = (bytes: Uint8Array) => toBase64.call(bytes, ALPHABET);
  return {
    encodeText,
    encodeInto: (bytes, out) => void ENCODER.encodeInto(encodeText(bytes), out),
    decodeTextInto(text, out) {
      try {
        // It skips white space, and then writes fewer bytes.
        const { read, written } = setFromBase64.call(out, text, ALPHABET);
        return read === text.length && written === out.length;
      } catch (error) {
        if (error instanceof SyntaxError) return false;
        throw error;
      }
    },
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
    view(out).latin1Write(text, 0);
    out.fill(PAD, text.length);
  };
  const encodeText = (bytes: Uint8Array) =>
    view(bytes).toString("base64url") + "=".repeat((3 - bytes.length % 3) % 3);
  // It reads both alphabets, reads a character's low byte only, and skips what it does
  // not know: then it writes fewer bytes. Bits after the last byte it does not see.
  const decodeTextInto = (text: string, out: Uint8Array) =>
    Buffer.byteLength(text) === text.length && !text.includes("+") && !text.includes("/") &&
    view(out).write(text, "base64url") === out.length &&
    text.endsWith(encodeText(out.subarray(out.length - (out.length % 3 || 3))));
  return {
    encodeInto,
    encodeText,
    decodeTextInto,
    decode(text, length) {
      const out = new Uint8Array(length);
      return decodeTextInto(view(text).toString("latin1"), out) ? out : undefined;
    },
  };
}
