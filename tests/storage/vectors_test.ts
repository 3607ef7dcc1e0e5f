/**
 * The vectors of storages, of vaults and of blind indexes, which Python wrote by the
 * description of the formats.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  BlindIndex,
  EncryptedStorage,
  StorageError,
  Vault,
  type VaultSecret,
} from "@ironfern/ironfern/storage";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { withDerived } from "../../src/storage/keys.ts";
import { readHeader, writeHeader } from "../../src/storage/vault_header.ts";
import { openKeys, openSlots } from "../../src/storage/vault_slots.ts";
import { testEach } from "../support/backends.ts";
import { fromHex, readVectors } from "../support/vectors.ts";

interface RecordInput {
  readonly key: string;
  readonly prefix: string;
  readonly name: string;
  readonly record: string;
}

interface RecordOutput {
  readonly hidden: string;
  readonly plain?: string;
  readonly kind: "json" | "bytes";
  readonly value: string;
}

interface VaultInput {
  readonly prefix: string;
  readonly secret: VaultSecret;
  readonly maxIterations?: number;
  readonly record: string;
}

interface VaultOutput {
  readonly vaultKey: string;
  readonly dataKeys: readonly string[];
  readonly records: readonly {
    readonly hidden: string;
    readonly name: string;
    readonly record: string;
    readonly value: string;
  }[];
}

interface IndexInput {
  readonly key: string;
  readonly column: string;
  readonly value: string;
  readonly bits: number;
}

const records = readVectors<RecordInput, RecordOutput>("storage");
const vaults = readVectors<VaultInput, VaultOutput>("vault");
const indexes = readVectors<IndexInput, { readonly index: string }>("blind_index");

/** Where a record stands, under both kinds of names; with an empty prefix there is one. */
function places({ hidden, plain }: RecordOutput) {
  return [["hidden", hidden], ["plain", plain]] as const;
}

function valueOf({ kind, value }: RecordOutput) {
  return kind === "json" ? JSON.parse(value) : fromHex(value);
}

testEach("Storage reads what Python wrote, under both kinds of names", async (backend) => {
  for (const { input: { key, prefix, name, record }, output } of records.good) {
    const fernet = new Fernet(key, { backend });
    for (const [names, place] of places(output)) {
      if (place === undefined) continue;
      const storage = new EncryptedStorage(new Map([[place, record]]), { fernet, prefix, names });
      assertEquals(await storage.get(name), valueOf(output));
      assertEquals(await Array.fromAsync(storage.entries()), [[name, valueOf(output)]]);
    }
  }
});

testEach("Storage writes names and messages as Python does", async (backend) => {
  for (const { input: { key, prefix, name, record }, output } of records.good) {
    const fernet = new Fernet(key, { backend });
    const root = Uint8Array.fromBase64(key, { alphabet: "base64url" }).slice();
    const open = async (token: string) =>
      await withDerived({ key: root, backend }, "values", async (derived) => {
        return await new Fernet(derived.key, { backend }).decryptAsync(token);
      });
    for (const [names, place] of places(output)) {
      if (place === undefined) continue;
      const store = new Map<string, string>();
      await new EncryptedStorage(store, { fernet, prefix, names }).set(name, valueOf(output));
      assertEquals([...store.keys()], [place]);
      const { kind, value } = output;
      // Python may lay JSON out in another way.
      if (kind === "json" && JSON.stringify(JSON.parse(value)) !== value) continue;
      assertEquals(await open(store.get(place)!), await open(record));
    }
  }
});

testEach("Bad records are refused", async (backend) => {
  for (const { input: { key, prefix, name, record }, error, name: what } of records.bad) {
    const store = new Map<string, string>();
    const storage = new EncryptedStorage(store, { fernet: new Fernet(key, { backend }), prefix });
    await storage.set(name, 1);
    const [place] = store.keys();
    store.set(place, record);
    const seen = await storage.get(name).then(() => "read", (error: StorageError) => error.code);
    assertEquals(seen, error, what);
  }
});

testEach("Blind indexes are those of Python", async (backend) => {
  for (const { input: { key, column, value, bits }, output: { index } } of indexes.good) {
    const blind = new BlindIndex(new Fernet(key, { backend }), { column, bits });
    assertEquals(await blind.of(value), index);
    const normalize = (text: string) => text.toLowerCase();
    const normalized = new BlindIndex(new Fernet(key, { backend }), { column, bits, normalize });
    const upper = await normalized.ofMany([value.toUpperCase(), "another"]);
    assertEquals(upper, [index, await blind.of("another")]);
    assertNotEquals(...upper as [string, string]);
  }
});

/** A store with the header, and with the records of the output. */
function storeOf({ prefix, record }: VaultInput, output?: VaultOutput): Map<string, string> {
  const records = output?.records.map(({ hidden, record }) => [hidden, record] as const) ?? [];
  return new Map([[`${prefix}~vault`, record], ...records]);
}

Deno.test("Vaults that Python wrote are opened, with all of their keys", async () => {
  for (const { input, output, name } of vaults.good) {
    const { prefix, secret, record } = input;
    const header = readHeader(record);
    assert(header);
    assertEquals(writeHeader(header), record, name);
    const vaultKey = await openSlots(header, secret, { least: 100_000, most: 2_000_000 });
    assertEquals(vaultKey?.toHex(), output.vaultKey, name);
    const keys = await openKeys(header, vaultKey!);
    assertEquals(keys?.map((key) => key.toHex()), output.dataKeys, name);

    const store = storeOf(input, output);
    const vault = await Vault.open(store, secret, { prefix });
    const storage = new EncryptedStorage(store, { fernet: vault, prefix });
    const read = new Map(await Array.fromAsync(storage.entries()));
    const expected = output.records.map(({ name, value }) => [name, JSON.parse(value)] as const);
    assertEquals(read, new Map(expected), name);
    vault.lock();
  }
});

Deno.test("Bad vaults are refused with their code, and left as they are", async () => {
  for (const { input, error, name } of vaults.bad) {
    const { prefix, secret, maxIterations } = input;
    const store = storeOf(input);
    const options = { prefix, ...maxIterations !== undefined && { maxIterations } };
    const seen = await assertRejects(() => Vault.open(store, secret, options), StorageError);
    assertEquals(seen.code, error, name);
    assertEquals(store, storeOf(input));
  }
});
