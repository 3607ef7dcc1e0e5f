/**
 * Records of a storage, and headers of vaults, that whoever has the store changed.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { EncryptedStorage, StorageError } from "@ironfern/ironfern/storage";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readHeader, writeHeader } from "../../../../src/storage/vault_header.ts";
import { readVectors } from "../../../support/vectors.ts";
import { editedText } from "../edits.ts";
import { target } from "../run.ts";

const PREFIX = "f.";
const fernet = new Fernet(new Uint8Array(32), { backend: "wasm" });
const VALUES = new Map<string, unknown>([
  ["a", { x: [1, -0, "é🔑"] }],
  ["ab", "text"],
  ["b", null],
  ["", Uint8Array.of(0, 255)],
  ["é", 12.5],
]);
const NAMES = [...VALUES.keys()];
const original = new Map<string, string>();
await new EncryptedStorage(original, { fernet, prefix: PREFIX }).setMany(
  [...VALUES] as [string, string][],
);
const places = new Map<string, string>();
for (const name of NAMES) {
  const store = new Map<string, string>();
  await new EncryptedStorage(store, { fernet, prefix: PREFIX }).set(name, 1);
  places.set(name, [...store.keys()][0]);
}
const records = [...original.values()];
const { good } = readVectors<{ record: string }, unknown>("vault");
const headers = good.map(({ input }) => input.record).filter(({ length }) => length < 5_000);
const START = "ironfern-vault/1.";

/** Headers with changes in their JSON, or in their base64. */
const json = fc.constantFrom(...headers).map((record) =>
  new TextDecoder().decode(
    Uint8Array.fromBase64(record.slice(START.length), { alphabet: "base64url" }),
  )
);
const header = fc.oneof(
  editedText(json, '{}[]":,\\ 019aé', 2).map((text) =>
    START + new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true })
  ),
  editedText(fc.constantFrom(...headers), "Ag-_=+/ \n.", 2),
);

/** For each name the record that stands in its place, and a header. */
interface Changed {
  readonly records: readonly string[];
  readonly header: string;
}

/** Storage. */
export const storageTarget = target<Changed>({
  name: "storage",
  input: fc.record({
    records: fc.array(editedText(fc.constantFrom(...records), "Ag-_=+/ \n", 2), {
      minLength: NAMES.length,
      maxLength: NAMES.length,
    }),
    header,
  }),
  batch: 20,
  async check(inputs) {
    for (const { records, header } of inputs) {
      const store = new Map(NAMES.map((name, at) => [places.get(name)!, records[at]]));
      const storage = new EncryptedStorage(store, { fernet, prefix: PREFIX });
      for (const [at, name] of NAMES.entries()) {
        const own = original.get(places.get(name)!) === records[at];
        try {
          const value = await storage.get(name);
          assert(own, "a record that is not its own was read");
          assertEquals(value, VALUES.get(name));
        } catch (error) {
          if (!(error instanceof StorageError)) throw error;
          assertEquals([error.code, own], ["unreadable", false]);
        }
      }
      const unreadable: string[] = [];
      const entries = storage.entries({ onUnreadable: (name) => unreadable.push(name) });
      const read = await Array.fromAsync(entries, ([name]) => name);
      assertEquals(read.length + unreadable.length, NAMES.length);
      const understood = readHeader(header);
      if (understood) assertEquals(writeHeader(understood), header);
      else assert(!headers.includes(header), "a good header was refused");
    }
  },
});
