/**
 * Nothing is decrypted of a token whose MAC is wrong: not even a block, whose padding
 * could be told from another by the time that it takes.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fernetEngines } from "../../src/backends/engine.ts";
import { tokenBatch } from "../../src/bytes/batch.ts";
import { InvalidTokenError } from "../../src/errors.ts";

const KEY = new Uint8Array(32).fill(7);
/** One call of the kernel, and many slices. */
const LENGTHS = [10, 1_000_000];

/** A token of which one byte is wrong, in the ciphertext or in the tag. */
function forged(length: number, fromEnd: number): string {
  const token = new Fernet(KEY).encrypt(new Uint8Array(length));
  const raw = Uint8Array.fromBase64(token, { alphabet: "base64url" });
  raw[raw.length - fromEnd] ^= 1;
  return raw.toBase64({ alphabet: "base64url" });
}

const TOKENS = LENGTHS.flatMap((length) => [forged(length, 1), forged(length, 33)]);

Deno.test("An engine decrypts nothing of a token whose MAC is wrong", async () => {
  let macs = 0;
  const { sync, async } = fernetEngines({
    encryptor: () => (blocks) => blocks,
    decryptor() {
      throw new Error("decrypted before the MAC was checked");
    },
    mac: () => ({ update() {}, digest: () => new Uint8Array(32).fill(++macs) }),
  });
  const tokens = tokenBatch(TOKENS);
  assertEquals([...sync.open(KEY, tokens).valid], TOKENS.map(() => 0));
  assertEquals([...(await async.open(KEY, tokens)).valid], TOKENS.map(() => 0));
  assertEquals(macs, 2 * TOKENS.length);
});

Deno.test("WebCrypto decrypts nothing of a token whose MAC is wrong", async () => {
  const fernet = new Fernet(KEY, { backend: "webcrypto" });
  const { subtle } = crypto;
  let decryptions = 0;
  const decrypt = subtle.decrypt.bind(subtle);
  subtle.decrypt = (...call) => {
    decryptions++;
    return decrypt(...call);
  };
  try {
    for (const token of TOKENS) {
      await assertRejects(() => fernet.decryptAsync(token), InvalidTokenError);
    }
    assertEquals(decryptions, 0);
    await fernet.decryptAsync(new Fernet(KEY).encrypt("text"));
    assert(decryptions > 0);
  } finally {
    subtle.decrypt = decrypt;
  }
});
