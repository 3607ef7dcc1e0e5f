/**
 * Several keys: all that one key has, and the change from one to the next.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Fernet, InvalidTokenError, MultiFernet } from "@ironfern/ironfern";
import { BACKENDS, randomFernet, SYNC_BACKENDS, testEach } from "../support/backends.ts";

/** The token as Python's `base64.b64encode` and a mail program would leave it. */
function loosened(token: string): string {
  const standard = token.replaceAll("-", "+").replaceAll("_", "/").replace(/=*$/, "");
  return ` ${standard.slice(0, 76)}\r\n${standard.slice(76)}\n`;
}

Deno.test("MultiFernet has every call of Fernet", () => {
  const calls = Object.getOwnPropertyNames(Fernet.prototype).filter((name) =>
    !["constructor", "destroy"].includes(name)
  );
  assertEquals(calls, []);
  assert(Object.getPrototypeOf(MultiFernet.prototype) === Object.getPrototypeOf(Fernet.prototype));
});

testEach("MultiFernet encrypts with the first key and reads any", (backend) => {
  const [first, second, third] = [1, 2, 3].map(() => randomFernet(backend));
  const multi = new MultiFernet([first, second, third]);
  const token = multi.encryptAtTime("a", 1_000);
  assertEquals(first.extractTimestamp(token), 1_000);
  const tokens = [third, first, second].map((fernet, index) => fernet.encryptAtTime("abc", index));
  assertEquals(tokens.map((each) => multi.extractTimestamp(each)), [0, 1, 2]);
  assertEquals(multi.decryptManyText(tokens), ["abc", "abc", "abc"]);
  const results = multi.decryptManySettled([...tokens, "no token", randomFernet().encrypt("a")]);
  assertEquals(results.map(({ ok }) => ok), [true, true, true, false, false]);
  assertEquals(results.flatMap((each) => each.ok ? [] : [each.error.index]), [3, 4]);
  const late = { ttl: 60, currentTime: 1_061 };
  assertThrows(() => multi.decrypt(token, late), InvalidTokenError);
  assertEquals(multi.decryptText(token, { ttl: 61, currentTime: 1_061 }), "a");
}, SYNC_BACKENDS);

testEach("MultiFernet's asynchronous calls read any key", async (backend) => {
  const [first, second] = [1, 2].map(() => randomFernet(backend));
  const multi = new MultiFernet([first, second]);
  for (const length of [0, 100, 300_000]) {
    const message = new Uint8Array(length).fill(7);
    for (const token of [await multi.encryptAsync(message), await second.encryptAsync(message)]) {
      assertEquals(await multi.decryptAsync(token), message);
    }
  }
  const foreign = await randomFernet(backend).encryptAsync("a");
  await assertRejects(() => multi.decryptAsync(foreign), InvalidTokenError);
  // The second key is destroyed while the first is tried.
  const token = await second.encryptAsync("a");
  const opening = multi.decryptAsync(token);
  second.destroy();
  assertEquals(await opening, Uint8Array.of(0x61));
  await assertRejects(() => multi.decryptAsync(token), TypeError, "it was destroyed");
}, BACKENDS);

testEach("A lenient rotation takes tokens as other tools leave them", (backend) => {
  const [fresh, old] = [randomFernet(backend), randomFernet(backend)];
  const multi = new MultiFernet([fresh, old]);
  const tokens = [1_000, 2_000].map((time) => loosened(old.encryptAtTime("x".repeat(50), time)));
  assertThrows(() => multi.rotate(tokens[0]), InvalidTokenError);
  const error = assertThrows(
    () => multi.rotateMany([fresh.encrypt("a"), tokens[1]]),
    InvalidTokenError,
  );
  assertEquals(error.index, 1);
  const lenient = { lenient: true };
  assertEquals(fresh.extractTimestamp(multi.rotate(tokens[0], lenient)), 1_000);
  const rotated = multi.rotateMany(tokens, lenient);
  assertEquals(rotated.map((token) => fresh.extractTimestamp(token)), [1_000, 2_000]);
  assertEquals(old.extractTimestamp(tokens[1], lenient), 2_000);
}, SYNC_BACKENDS);
