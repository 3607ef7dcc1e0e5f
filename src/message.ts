/**
 * The framing inside tokens that belong to one place: fields, stored values,
 * sessions and logins share it.
 *
 *     message = u32be(length of context) || context || type || value
 *     context = part || part || ...
 *     part    = u32be(length of x) || x
 *
 * The lengths make it injective: no two lists of parts give the same context. A
 * reader builds the head that it expects and compares bytes; it parses no length
 * that somebody else wrote.
 *
 * @module
 */

import type { Batch } from "./bytes/batch.ts";
import type { Bytes } from "./bytes/bytes.ts";

/** A value, and what precedes it in its message. */
export interface Message {
  /** The context with its length, and the type: see {@linkcode messageHead}. */
  readonly head: Uint8Array;
  /** The value. */
  readonly value: Uint8Array;
}

/** What precedes a value in its message: where it belongs, and of what type it is. */
export function messageHead(context: readonly Uint8Array[], type: number): Bytes {
  const length = partsLength(context);
  const head = new Uint8Array(4 + length + 1);
  writeUint32(head, 0, length);
  writeParts(head, 4, context);
  head[4 + length] = type;
  return head;
}

/** The parts one after the other, each with its length before it. */
export function joinParts(parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(partsLength(parts));
  writeParts(out, 0, parts);
  return out;
}

/** The bytes of a message. */
export function messageLength({ head, value }: Message): number {
  return head.length + value.length;
}

/** Puts messages into one batch. */
export function messageBatch(messages: readonly Message[]): Batch {
  const offsets = new Uint32Array(messages.length + 1);
  messages.forEach((message, index) => {
    offsets[index + 1] = offsets[index] + messageLength(message);
  });
  const bytes = new Uint8Array(offsets[messages.length]);
  messages.forEach(({ head, value }, index) => {
    bytes.set(head, offsets[index]);
    bytes.set(value, offsets[index] + head.length);
  });
  return { bytes, offsets, lineFeeds: false };
}

/**
 * The value of an authenticated message, if that is its head. The value is a view
 * of the message.
 */
export function valueAfter(head: Uint8Array, message: Uint8Array): Uint8Array | undefined {
  for (let at = 0; at < head.length; at++) {
    if (message[at] !== head[at]) return undefined;
  }
  return message.subarray(head.length);
}

function partsLength(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + 4 + part.length, 0);
}

function writeParts(out: Uint8Array, start: number, parts: readonly Uint8Array[]): void {
  let at = start;
  for (const part of parts) {
    writeUint32(out, at, part.length);
    out.set(part, at + 4);
    at += 4 + part.length;
  }
}

function writeUint32(out: Uint8Array, at: number, value: number): void {
  for (let byte = 0; byte < 4; byte++) out[at + byte] = value >>> 24 - 8 * byte;
}
