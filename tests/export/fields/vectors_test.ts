/**
 * Fields that Python wrote by the description of the format, and their messages.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { hkdf } from "../../../src/kdf/hkdf.ts";
import { testEach } from "../../support/backends.ts";
import { through } from "../../support/fields.ts";
import vectors from "../../vectors/fields/fields.json" with { type: "json" };

type Case = typeof vectors.cases[number];

function optionsOf({ format, delimiter, field, rowId }: Case): FieldsOptions {
  assert(format === "csv" || format === "jsonl");
  return {
    format,
    fields: [field],
    ...rowId !== null && { rowId },
    ...format === "csv" && { delimiter },
  };
}

testEach("Fields are read as Python wrote them", async (backend) => {
  const fernet = new Fernet(vectors.key, { backend });
  for (const vector of vectors.cases) {
    const stream = decryptFields(fernet, optionsOf(vector));
    assertEquals(await through(vector.encrypted, stream), vector.decrypted);
  }
});

testEach("What is written has the messages that Python wrote", async (backend) => {
  const key = Uint8Array.fromBase64(vectors.key, { alphabet: "base64url" }).slice();
  const derived = await hkdf(backend, key, new TextEncoder().encode("ironfern/fields/1"));
  assertEquals(derived.toBase64({ alphabet: "base64url" }), vectors.fieldKey);
  const fields = new Fernet(vectors.fieldKey, { backend });
  for (const vector of vectors.cases) {
    const stream = encryptFields(new Fernet(key, { backend }), optionsOf(vector));
    const written = await through(vector.decrypted, stream);
    const [token] = written.match(/gAAAA[\w-]+=*/) ?? [];
    assert(token);
    assertEquals((await fields.decryptAsync(token)).toHex(), vector.message);
    assertEquals(written.replace(token, vector.token), vector.encrypted);
  }
});
