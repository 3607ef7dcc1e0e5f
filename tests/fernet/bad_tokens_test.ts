/**
 * Bad tokens and values, whatever is wrong with them and however long they are.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as api from "@ironfern/ironfern";
import { createCipheriv, createHmac } from "node:crypto";
import { run } from "../support/tools.ts";

const { Fernet, InvalidTokenError, MultiFernet } = api;
const BASE64URL = { alphabet: "base64url" } as const;
const SECRET = "Hunter2-secret";
const KEY = "Hunter2-key_Hunter2-key_Hunter2-key_Hunter0=";

const KEY_BYTES = Uint8Array.fromBase64(KEY, BASE64URL);
const PLAIN = "Hunter2-plain";

const fernet = new Fernet(KEY);
const multi = new MultiFernet([new Fernet(Fernet.generateKey()), fernet]);
const token = fernet.encrypt(PLAIN);
const stored = await api.encrypt(PLAIN, SECRET, { iterations: 2 });

const MAX_TIME = 2n ** 64n - 1n;

/** A token that is signed, whatever is in it. */
function forge(version: number, time: bigint, padded: Uint8Array): string {
  const head = new DataView(new ArrayBuffer(25));
  head.setUint8(0, version);
  head.setBigUint64(1, time);
  const cipher = createCipheriv("aes-128-cbc", KEY_BYTES.subarray(16), new Uint8Array(16));
  const ciphertext = cipher.setAutoPadding(false).update(padded);
  const signed = Buffer.concat([new Uint8Array(head.buffer), ciphertext]);
  const tag = createHmac("sha256", KEY_BYTES.subarray(0, 16)).update(signed).digest();
  return Uint8Array.of(...signed, ...tag).toBase64(BASE64URL);
}

const EMPTY = new Uint8Array(16).fill(16);

Deno.test("Whatever is wrong with a token, the error is the same", async () => {
  assertEquals(fernet.decrypt(forge(0x80, 1_000n, EMPTY)).length, 0);
  const inTime = { ttl: 60, currentTime: 1_000 };
  const bad: Record<string, [token: string, options?: api.FernetDecryptOptions]> = {
    empty: [""],
    base64: [token.replace(/^./, "*")],
    "other alphabet": [forge(0x80, MAX_TIME, EMPTY).replaceAll("_", "/")],
    padding: [token.replace(/=*$/, "")],
    "white space": [` ${token}`],
    version: [forge(0x81, 1_000n, EMPTY)],
    "no block": [forge(0x80, 1_000n, new Uint8Array())],
    length: [token.slice(0, -4)],
    MAC: [token.slice(0, -8) + "AAAA" + token.slice(-4)],
    "block padding of 0": [forge(0x80, 1_000n, new Uint8Array(16))],
    "block padding of 17": [forge(0x80, 1_000n, new Uint8Array(32).fill(17))],
    "block padding that is uneven": [forge(0x80, 1_000n, EMPTY.with(3, 15))],
    TTL: [forge(0x80, 939n, EMPTY), inTime],
    "clock skew": [forge(0x80, 1_061n, EMPTY), inTime],
    "another key": [new Fernet(Fernet.generateKey()).encrypt("")],
  };
  const seen = new Set<string>();
  const note = (error: Error) => {
    const { message, name } = error;
    seen.add(JSON.stringify({ message, name, properties: { ...error, cause: error.cause } }));
  };
  for (const [text, options] of Object.values(bad)) {
    note(assertThrows(() => fernet.decrypt(text, options), InvalidTokenError));
    note(assertThrows(() => fernet.decryptText(text, options), InvalidTokenError));
    note(assertThrows(() => multi.decrypt(text, options), InvalidTokenError));
    note(await assertRejects(() => fernet.decryptAsync(text, options), InvalidTokenError));
    if (!options) note(assertThrows(() => fernet.extractTimestamp(text), InvalidTokenError));
    const [result] = fernet.decryptManySettled([text], options);
    assert(!result.ok && result.error.index === 0);
  }
  for (const text of ["", stored.slice(4), stored.slice(0, -8) + stored.slice(0, 8)]) {
    const call = () => api.decrypt(text, SECRET, { iterations: 2 });
    note(await assertRejects(call, InvalidTokenError));
  }
  assertEquals(seen.size, 1, [...seen].join("\n"));
});

Deno.test("A time of 2^64-1 is a time like others, but for numbers", async () => {
  const latest = forge(0x80, MAX_TIME, EMPTY);
  assertEquals(fernet.decrypt(latest).length, 0);
  assertEquals((await fernet.decryptAsync(latest)).length, 0);
  assertThrows(() => fernet.decrypt(latest, { ttl: 1e9 }), InvalidTokenError);
  assertThrows(() => fernet.extractTimestamp(latest), RangeError, "2^53-1");
  const exact = forge(0x80, 2n ** 53n - 1n, EMPTY);
  assertEquals(fernet.extractTimestamp(exact), Number.MAX_SAFE_INTEGER);
  const beyond = forge(0x80, 2n ** 53n, EMPTY);
  assertThrows(() => fernet.extractTimestamp(beyond), RangeError, "2^53-1");
  for (const [text, time] of [[latest, MAX_TIME], [beyond, 2n ** 53n]] as const) {
    for (const rotated of [multi.rotate(text), ...multi.rotateMany([text])]) {
      const raw = Uint8Array.fromBase64(rotated, BASE64URL);
      assertEquals(new DataView(raw.buffer).getBigUint64(1), time);
      assertEquals(multi.decrypt(rotated).length, 0);
      assertThrows(() => fernet.decrypt(rotated), InvalidTokenError);
    }
  }
});

Deno.test("A leading U+FEFF and all other characters are kept", async () => {
  for (const text of ["\ufeff", "\ufeff\ufefftext", "\0", "\u{10ffff}", "e\u0301"]) {
    assertEquals(fernet.decryptText(fernet.encrypt(text)), text);
    assertEquals(multi.decryptText(fernet.encrypt(text)), text);
    const value = await api.encrypt(text, `\ufeff${SECRET}`, { iterations: 2 });
    assertEquals(await api.decrypt(value, `\ufeff${SECRET}`, { iterations: 2 }), text);
    assertThrows(() => api.decryptSync(value, SECRET, { iterations: 2 }), InvalidTokenError);
  }
  // Normalised they would be the same.
  const value = await api.encrypt("", "é", { iterations: 2 });
  const call = () => api.decrypt(value, "e\u0301", { iterations: 2 });
  await assertRejects(call, InvalidTokenError);
});

/** Texts of 300 million characters, made when they are wanted. */
const HUGE: Record<string, [make: () => string, open: (text: string) => unknown]> = {
  'a token of "A"s': [() => "A".repeat(300_000_000), (text) => fernet.decrypt(text)],
  'a token of "A"s, read by promises': [
    () => "A".repeat(300_000_000),
    (text) => fernet.decryptAsync(text),
  ],
  "a token in which only the MAC is wrong": [
    () => "gAAA".repeat(75_000_003),
    (text) => fernet.decrypt(text),
  ],
  "a token in which only the MAC is wrong, lenient": [
    () => "gAAA".repeat(75_000_003),
    (text) => fernet.decrypt(text, { lenient: true }),
  ],
  'a value of "A"s': [() => "A".repeat(300_000_000), (text) => api.decrypt(text, SECRET)],
  "a value in which only the MAC is wrong": [
    () => btoa(`${"\0".repeat(16)}gA`) + "QUFB".repeat(74_999_982),
    (text) => api.decrypt(text, SECRET, { iterations: 1 }),
  ],
  "a token of more characters than any": [
    () => "A".repeat(400_000_000),
    (text) => fernet.decrypt(text),
  ],
};

for (const [what, [make, open]] of Object.entries(HUGE)) {
  Deno.test(`300 MB are refused as a few bytes are: ${what}`, async () => {
    await assertRejects(async () => await open(make()), InvalidTokenError);
  });
}

// Out of memory ends the process: it is to be another one.
for (const unit of ["A ", "+", "=", " "]) {
  Deno.test(`A long token of ${JSON.stringify(unit)} does not fill the memory when lenient`, async () => {
    const { stdout, stderr } = await run(Deno.execPath(), [
      "run",
      "-A",
      "--v8-flags=--max-old-space-size=512",
      "-",
    ], {
      stdin: `import { Fernet } from "@ironfern/ironfern";
        const token = ${JSON.stringify(unit)}.repeat(${50_000_000 / unit.length});
        try {
          new Fernet(Fernet.generateKey()).decrypt(token, { lenient: true });
        } catch (error) {
          console.log(error.name);
        }`,
    });
    assertEquals(stdout, "InvalidTokenError\n", stderr.slice(0, 500));
  });
}
