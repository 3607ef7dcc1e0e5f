/**
 * HKDF-SHA256 without a salt, one block long.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { hkdf } from "../../src/kdf/hkdf.ts";
import { testEach } from "../support/backends.ts";

testEach("RFC 5869, test case 3", async (backend) => {
  const key = new Uint8Array(22).fill(0x0b);
  const okm =
    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8";
  const derived = await hkdf(backend, key, new Uint8Array());
  assertEquals(derived.toHex(), okm.slice(0, 64));
  assertEquals(key[21], 0x0b);
});

testEach("WebCrypto's HKDF says the same", async (backend) => {
  for (const [keyLength, infoLength] of [[1, 0], [32, 49], [64, 1], [65, 300]]) {
    const key = crypto.getRandomValues(new Uint8Array(keyLength));
    const info = crypto.getRandomValues(new Uint8Array(infoLength));
    const base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
    for (const salt of [new Uint8Array(), new Uint8Array(32)]) {
      const bits = crypto.subtle.deriveBits(
        { name: "HKDF", hash: "SHA-256", salt, info },
        base,
        256,
      );
      assertEquals((await hkdf(backend, key, info)).toHex(), new Uint8Array(await bits).toHex());
    }
  }
});
