/**
 * Records that Python wrote by the description of the format.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { BlindIndex, EncryptedStorage } from "@ironfern/ironfern/storage";
import { assertEquals, assertNotEquals } from "@std/assert";
import { joinBytes } from "../../src/bytes/batch.ts";
import { hmacAll, withDerived } from "../../src/storage/keys.ts";
import { testEach } from "../support/backends.ts";
import vectors from "../vectors/storage/vectors.json" with { type: "json" };

const { prefix, key, json, name, plainName, record } = vectors.storage;

testEach("Storage reads what Python wrote, under both kinds of names", async (backend) => {
  const fernet = new Fernet(vectors.root, { backend });
  for (const [names, place] of [["hidden", name], ["plain", plainName]] as const) {
    const store = new Map([[place, record]]);
    const storage = new EncryptedStorage(store, { fernet, prefix, names });
    assertEquals(await storage.get(key), JSON.parse(json));
    assertEquals(await Array.fromAsync(storage.entries()), [[key, JSON.parse(json)]]);
  }
});

testEach("Storage writes names and messages as Python does", async (backend) => {
  const fernet = new Fernet(vectors.root, { backend });
  const root = Uint8Array.fromBase64(vectors.root, { alphabet: "base64url" }).slice();
  for (const [names, place] of [["hidden", name], ["plain", plainName]] as const) {
    const store = new Map<string, string>();
    await new EncryptedStorage(store, { fernet, prefix, names }).set(key, JSON.parse(json));
    assertEquals([...store.keys()], [place]);
    const open = async (token: string) =>
      await withDerived({ key: root, backend }, "values", async (derived) => {
        return await new Fernet(derived.key, { backend }).decryptAsync(token);
      });
    assertEquals(await open(store.get(place)!), await open(record));
  }
  assertEquals((await hmacAll({ key: root, backend }, joinBytes([]))).length, 0);
});

testEach("A blind index is the one of Python", async (backend) => {
  const { column, value, bits, index } = vectors.index;
  const fernet = new Fernet(vectors.root, { backend });
  const blind = new BlindIndex(fernet, { column, bits });
  assertEquals(await blind.of(value), index);
  const normalized = new BlindIndex(fernet, { column, normalize: (text) => text.toLowerCase() });
  assertEquals(await normalized.ofMany([value.toUpperCase(), ""]), [
    index,
    await blind.of(""),
  ]);
  for (const [other, of] of [["emai", `l${value}`], ["email", `${value} `]]) {
    assertNotEquals(await new BlindIndex(fernet, { column: other }).of(of), index);
  }
});
