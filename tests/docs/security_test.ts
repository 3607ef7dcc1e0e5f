/**
 * What SECURITY.md says that tokens do not promise.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals } from "@std/assert";

const HALF = 16;
/** One token in 256 has valid padding under another encryption key. */
const TOKENS = 10_000;

Deno.test("SECURITY.md: a token opens under two keys with one signing half", () => {
  const [first, second] = Array.from(
    { length: 2 },
    () => crypto.getRandomValues(new Uint8Array(2 * HALF)),
  );
  const tokens = new Fernet(first).encryptMany(Array(TOKENS).fill("pay Ada"));
  const opened = () => new Fernet(second).decryptManySettled(tokens).filter(({ ok }) => ok);
  assertEquals(opened().length, 0);
  second.set(first.subarray(0, HALF));
  const texts = opened().map((result) => result.ok && new TextDecoder().decode(result.value));
  assert(texts.length > 0);
  assert(!texts.includes("pay Ada"));
});
