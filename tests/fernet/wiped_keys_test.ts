/**
 * The copies that a `Fernet` makes of its key and of a passphrase are wiped.
 *
 * @module
 */

import { Fernet, MultiFernet } from "@ironfern/ironfern";
import { assert, assertEquals } from "@std/assert";
import { assertAllWiped, watchNode } from "../support/wiping.ts";

const NODE = { backend: "node" } as const;
const BYTES = crypto.getRandomValues(new Uint8Array(32));
const fernet = new Fernet(BYTES, NODE);
const onKernel = new Fernet(BYTES, { backend: "wasm" });
const token = fernet.encrypt("text");

for (
  const [name, call] of Object.entries({
    "encryptAsync, long": () => fernet.encryptAsync("text".repeat(50_000)),
    "encryptAsync, two in a tick": () =>
      Promise.all([1, 2].map(() => onKernel.encryptAsync("text"))),
    "decryptAsync": () => fernet.decryptAsync(token),
    "decryptAsync, two in a tick": () =>
      Promise.all([1, 2].map(() => onKernel.decryptAsync(token))),
    "MultiFernet.decryptAsync": () =>
      new MultiFernet([new Fernet(Fernet.generateKey(), NODE), fernet]).decryptAsync(token),
  })
) {
  Deno.test(`The copies of a key are wiped: ${name}`, async () => {
    const { copies } = await watchNode(call);
    assertAllWiped(copies, [BYTES.toHex()]);
  });
}

Deno.test("destroy wipes the key that the Fernet works with", async () => {
  const { cipherKeys } = await watchNode(() => {
    const other = new Fernet(BYTES, NODE);
    other.encrypt("text");
    other.destroy();
  });
  assertAllWiped(cipherKeys, [BYTES.toHex()]);
});

Deno.test("fromPassphrase wipes its copies of the passphrase and the key", async () => {
  const passphrase = "correct horse battery staple";
  const password = new TextEncoder().encode(passphrase).toHex();
  const passed = await watchNode(async () => {
    const options = { ...NODE, salt: "sixteen bytes or", iterations: 3 };
    (await Fernet.fromPassphrase(passphrase, options)).destroy();
  });
  assertAllWiped([...passed.passwords, ...passed.copies], [password]);
  const [{ then }] = passed.derived;
  assertAllWiped([...passed.derived, ...passed.copies], [then]);
});

Deno.test("A key's text in bytes is wiped", () => {
  const key = Fernet.generateKey();
  const { encodeInto } = TextEncoder.prototype;
  const { fill } = Uint8Array.prototype;
  const seen = new Set<Uint8Array>();
  TextEncoder.prototype.encodeInto = function (text, into) {
    const result = encodeInto.call(this, text, into);
    if (text === key) seen.add(into as Uint8Array);
    return result;
  };
  Uint8Array.prototype.fill = function (...call) {
    if (new TextDecoder().decode(this) === key) seen.add(this);
    return fill.apply(this, call);
  };
  try {
    new Fernet(key);
  } finally {
    Object.assign(TextEncoder.prototype, { encodeInto });
    Object.assign(Uint8Array.prototype, { fill });
  }
  // What is given, and its canonical form.
  assertEquals(seen.size, 2);
  assert([...seen].every((bytes) => !bytes.some(Boolean)));
});
