/**
 * The framing that tokens of one place share, against the description to the byte.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { joinParts, messageBatch, messageHead, messageLength, valueAfter } from "../src/message.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("A message has its context with its length, its type and its value", () => {
  const head = messageHead([encode("a"), encode("")], 2);
  assertEquals([...head], [0, 0, 0, 9, 0, 0, 0, 1, 97, 0, 0, 0, 0, 2]);
  assertEquals([...joinParts([encode("a"), encode("")])], [...head.subarray(4, -1)]);
  const long = messageHead([new Uint8Array(0x010203)], 1);
  assertEquals([...long.subarray(0, 8)], [0, 1, 2, 7, 0, 1, 2, 3]);
});

Deno.test("Parts cannot be shifted into each other, nor into the type or the value", () => {
  const heads = [["ab"], ["a", "b"], ["", "ab"], ["ab", ""]].map((parts) =>
    messageHead(parts.map(encode), 1).toHex()
  );
  assertEquals(new Set(heads).size, heads.length);
  assertNotEquals(messageHead([], 1).toHex(), messageHead([], 2).toHex());
});

Deno.test("A value is read back after its own head, and after no other", () => {
  const head = messageHead([encode("a")], 1);
  const messages = [{ head, value: encode("x") }, { head: messageHead([], 1), value: encode("") }];
  const { bytes, offsets, lineFeeds } = messageBatch(messages);
  assertEquals(lineFeeds, false);
  assertEquals([...offsets], [0, messageLength(messages[0]), bytes.length]);
  const [first, second] = [bytes.subarray(0, offsets[1]), bytes.subarray(offsets[1])];
  assertEquals(valueAfter(head, first), encode("x"));
  assertEquals(valueAfter(messages[1].head, second), encode(""));
  assertEquals(valueAfter(head, second), undefined);
  assertEquals(valueAfter(head, first.subarray(0, head.length - 1)), undefined);
  assertEquals(valueAfter(messageHead([encode("a")], 2), first), undefined);
});
