/**
 * Values as other tools write them, and many values of which some are bad.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  decrypt,
  decryptAesGcm256,
  decryptMany,
  decryptManySettled,
  decryptSync,
  encrypt,
  encryptAesGcm256,
  encryptMany,
  Fernet,
  InvalidTokenError,
  upgrade,
  upgradeMany,
  upgradeManySettled,
} from "@ironfern/ironfern";
import { pbkdf2Sync } from "node:crypto";
import { testEach } from "../support/backends.ts";

const SECRET = "correct horse";
const COST = { iterations: 2 } as const;
const LENIENT = { ...COST, lenient: true } as const;
const BASE64URL = { alphabet: "base64url" } as const;

/** A value whose base64url has both of the characters that differ, in both layers. */
async function tellingValue(): Promise<{ value: string; token: string; salt: Uint8Array }> {
  for (;;) {
    const value = await encrypt("text", SECRET, COST);
    const raw = Uint8Array.fromBase64(value, BASE64URL);
    const token = new TextDecoder().decode(raw.slice(16));
    const both = [value, token].every((text) => text.includes("-") && text.includes("_"));
    if (both && value.endsWith("=") && token.endsWith("=")) {
      return { value, token, salt: raw.slice(0, 16) };
    }
  }
}

function wrap(salt: Uint8Array, token: string): string {
  return Uint8Array.of(...salt, ...new TextEncoder().encode(token)).toBase64(BASE64URL);
}

/** The texts that other tools make of base64url. */
function forms(text: string): string[] {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return [
    ` ${text}\r\n`,
    `${text.slice(0, 40)}\n${text.slice(40)}`,
    `${text.slice(0, 3)}\t \f${text.slice(3)}`,
    standard,
    text.replace(/=+$/, ""),
    `\n${standard.replace(/=+$/, "")}\n`,
  ];
}

Deno.test("lenient reads white space, either alphabet and absent padding, in both layers", async () => {
  const { value, token, salt } = await tellingValue();
  assertEquals(wrap(salt, token), value);
  const texts = [...forms(value), ...forms(token).map((inner) => wrap(salt, inner))];
  for (const text of [...texts, ...forms(wrap(salt, forms(token)[5]))]) {
    await assertRejects(() => decrypt(text, SECRET, COST), InvalidTokenError);
    assertThrows(() => decryptSync(text, SECRET, COST), InvalidTokenError);
    assertEquals(await decrypt(text, SECRET, LENIENT), "text");
    assertEquals(decryptSync(text, SECRET, LENIENT), "text");
    assertEquals(await decryptMany([value, text], SECRET, LENIENT), ["text", "text"]);
    const { value: fresh } = await upgrade(text, SECRET, { ...LENIENT, targetIterations: 3 });
    assertEquals(await decrypt(fresh, SECRET, { iterations: 3 }), "text");
    // A value of the present cost is left as it was written.
    const options = { ...LENIENT, targetIterations: 2 };
    const same = { value: text, upgraded: false, iterations: 2 };
    assertEquals(await upgradeMany([text], SECRET, options), [same]);
  }
});

Deno.test("lenient reads values of AES-GCM too", async () => {
  const value = await encryptAesGcm256("text", SECRET, COST);
  for (const text of forms(value)) {
    if (text !== value) {
      await assertRejects(() => decryptAesGcm256(text, SECRET, COST), InvalidTokenError);
    }
    assertEquals(await decryptAesGcm256(text, SECRET, LENIENT), "text");
  }
});

Deno.test("lenient does not read what is no base64, mixed or changed", async () => {
  const { value, token, salt } = await tellingValue();
  const bad = [
    "",
    " \n",
    value.replace("-", "+"),
    wrap(salt, token.replace("_", "/")),
    `${value}=`,
    `${value}AAAA`,
    `\u00a0${value}`,
    `\ufeff${value}`,
    value.slice(0, -8),
    `!${value}`,
    wrap(salt, ""),
  ];
  for (const text of bad) {
    await assertRejects(() => decrypt(text, SECRET, LENIENT), InvalidTokenError);
  }
});

testEach("One bad value fails for itself alone", async (backend) => {
  const options = { ...COST, backend };
  const texts = Array.from({ length: 21 }, (_, index) => `text ${index}`);
  const values: unknown[] = await encryptMany(texts, SECRET, options);
  values[0] = null;
  values[4] = "no value";
  values[9] = (await encryptMany(["text"], "another secret", options))[0];
  values[12] = 7;
  values[20] = `${values[20]}\n`;
  const bad = [0, 4, 9, 12, 20];
  const told: [done: number, total: number | undefined][] = [];
  const onProgress = (...now: (typeof told)[number]) => void told.push(now);
  const results = await decryptManySettled(values, SECRET, { ...options, onProgress });
  for (const [index, result] of results.entries()) {
    assertEquals(result.ok, !bad.includes(index));
    if (result.ok) assertEquals(result.value, texts[index]);
    else assert(result.error instanceof InvalidTokenError && result.error.index === index);
  }
  assertEquals([results.length, told.at(-1)], [21, [21, 21]]);
  assertEquals(
    (await decryptManySettled(values, SECRET, { ...options, lenient: true }))[20].ok,
    true,
  );

  const targets = { ...options, iterations: [1, 2], targetIterations: 5 };
  values[1] = await encrypt("text 1", SECRET, { ...options, iterations: 5 });
  const upgrades = await upgradeManySettled(values, SECRET, targets);
  for (const [index, result] of upgrades.entries()) {
    assertEquals(result.ok, !bad.includes(index));
    if (!result.ok) {
      assertEquals([result.error.name, result.error.index], ["InvalidTokenError", index]);
      continue;
    }
    const { value, upgraded, iterations } = result.value;
    assertEquals([upgraded, iterations], index === 1 ? [false, 5] : [true, 2]);
    if (index === 1) assertEquals(value, values[1]);
    assertEquals(await decrypt(value, SECRET, { ...options, iterations: 5 }), texts[index]);
  }
});

Deno.test("Settled calls do the same on workers, and of nothing give nothing", async () => {
  const options = { ...COST, backend: "wasm" } as const;
  const values: unknown[] = await encryptMany(Array(30).fill("text"), SECRET, options);
  values[3] = undefined;
  const ok = (results: readonly { ok: boolean }[]) => results.map((result) => result.ok);
  const expected = values.map((value) => value !== undefined);
  for (const workers of [0, 1, 2]) {
    const many = { ...options, workers };
    assertEquals(ok(await decryptManySettled(values, SECRET, many)), expected);
    const target = { ...many, targetIterations: 3 };
    assertEquals(ok(await upgradeManySettled(values, SECRET, target)), expected);
    assertEquals(await decryptManySettled([], SECRET, many), []);
    assertEquals(ok(await decryptManySettled([null], SECRET, many)), [false]);
    assertEquals(ok(await upgradeManySettled([null], SECRET, many)), [false]);
  }
  for (const call of [decryptManySettled, upgradeManySettled]) {
    await assertRejects(() => call(null as never, SECRET), TypeError, "expected an array");
    await assertRejects(() => call([], ""), TypeError, "Cannot use secretKey");
  }
});

Deno.test("A plaintext that is not UTF-8 fails for itself alone, and says why", async () => {
  const good = await encrypt("text", SECRET, COST);
  const salt = new Uint8Array(16);
  const key = Uint8Array.from(pbkdf2Sync(SECRET, salt, 2, 32, "sha256"));
  const bytes = wrap(salt, new Fernet(key).encrypt(Uint8Array.of(0xff)));
  await assertRejects(() => decryptMany([good, bytes], SECRET, COST), TypeError, "not UTF-8");
  const [first, second] = await decryptManySettled([good, bytes], SECRET, COST);
  assertEquals(first, { ok: true, value: "text" });
  assert(!second.ok && second.error.cause instanceof TypeError);
  assertEquals(second.error.index, 1);
});
