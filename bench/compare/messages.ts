/**
 * What is encrypted: the same text in every run.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Message } from "./ways.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz ";

/** Numbers from 0 to 2^32-1, by xorshift: they only have to be the same every time. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

/** Rows of JSON in ASCII, each of the length that is asked for; short ones are cut. */
export function textRows(count: number, lengthOf: (random: number) => number): string[] {
  const random = numbers(0x1f3e5);
  const next = () => random.next().value as number;
  return Array.from({ length: count }, (_, index) => {
    const length = lengthOf(next());
    const start = `{"id":${index},"text":"`;
    const letters = Array.from(
      { length: Math.max(0, length - start.length - 2) },
      () => LETTERS[next() % LETTERS.length],
    );
    return `${start}${letters.join("")}"}`.slice(0, length);
  });
}

/** Random bytes. */
export function byteMessages(count: number, length: number): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, () => {
    const message = new Uint8Array(length);
    for (let start = 0; start < length; start += 65_536) {
      crypto.getRandomValues(message.subarray(start, start + 65_536));
    }
    return message;
  });
}

/** Whether two messages are the same, as text or as bytes. */
export function sameMessage(a: Message, b: Message): boolean {
  // The types of `Buffer.from` know text and bytes, but not either.
  const bytes = (message: Message) =>
    typeof message === "string" ? Buffer.from(message) : Buffer.from(message);
  return bytes(a).equals(bytes(b));
}
