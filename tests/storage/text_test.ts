/**
 * Text of all kinds in prefixes, keys and values, which are read many at a time.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { EncryptedStorage, type StoredValue } from "@ironfern/ironfern/storage";
import { assertEquals, assertMatch } from "@std/assert";
import { testEach } from "../support/backends.ts";

testEach("Prefixes, keys and values of any characters come back in one batch", async (backend) => {
  const prefix = "à𝄞.";
  const store = new Map<string, string>();
  const storage = new EncryptedStorage(store, {
    fernet: new Fernet(Fernet.generateKey(), { backend }),
    prefix,
  });
  const keys = ["", "a", "ü", "\ufeffa", "k".repeat(64), "k".repeat(65), "ü".repeat(200), "𝄞"];
  const entries = keys.flatMap((key): [string, StoredValue][] => [
    [key, "a".repeat(key.length)],
    [`${key}/text`, ["ü", "\ufeff", { "𝄞": key }]],
    [`${key}/bytes`, Uint8Array.of(0x61, 0xff, 0x80, 0)],
  ]);
  await storage.setMany(entries);
  for (const name of store.keys()) assertMatch(name, /^à𝄞\.[0-9a-f]{32}$/);
  const sorted = (list: [string, StoredValue][]) => list.sort(([a], [b]) => a < b ? -1 : 1);
  assertEquals(sorted(await Array.fromAsync(storage.entries())), sorted(entries));
  for (const [key, value] of entries) assertEquals(await storage.get(key), value);
});
