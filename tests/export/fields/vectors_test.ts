/**
 * The vectors of fields, which Python wrote by the description of the format.
 *
 * @module
 */

import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
import { decryptFields, encryptFields, type FieldsOptions } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { hkdf } from "../../../src/kdf/hkdf.ts";
import { testEach } from "../../support/backends.ts";
import { through } from "../../support/fields.ts";
import { readVectors } from "../../support/vectors.ts";

interface Input {
  readonly key: string;
  readonly kind: "csv" | "jsonl";
  readonly token?: string;
  readonly rows: Omit<FieldsOptions, "format"> & { readonly text: string };
}

interface Output {
  readonly message: string;
  readonly text: string;
}

const { good, bad } = readVectors<Input, Output>("fields");

function optionsOf({ kind, rows: { text: _, ...options } }: Input): FieldsOptions {
  return { format: kind, ...options };
}

testEach("Fields are read as Python wrote them", async (backend) => {
  for (const { input, output, name } of good) {
    const stream = decryptFields(new Fernet(input.key, { backend }), optionsOf(input));
    assertEquals(await through(input.rows.text, stream), output.text, name);
  }
});

testEach("What is written has the messages that Python wrote", async (backend) => {
  for (const { input, output, name } of good) {
    const key = Uint8Array.fromBase64(input.key, { alphabet: "base64url" }).slice();
    const derived = await hkdf(backend, key, new TextEncoder().encode("ironfern/fields/1"));
    const stream = encryptFields(new Fernet(key, { backend }), optionsOf(input));
    const written = await through(output.text, stream);
    const [token] = written.match(/gAAAA[\w-]+=*/) ?? [];
    assert(token && input.token);
    const fields = new Fernet(derived, { backend });
    assertEquals((await fields.decryptAsync(token)).toHex(), output.message, name);
    assertEquals(written.replace(token, input.token), input.rows.text, name);
  }
});

testEach("Bad fields and bad rows are refused, and the line is told", async (backend) => {
  for (const { input, error, line, name } of bad) {
    const stream = decryptFields(new Fernet(input.key, { backend }), optionsOf(input));
    const seen = await through(input.rows.text, stream).then(() => undefined, (error) => error);
    const isToken = seen instanceof InvalidTokenError;
    assertEquals(isToken ? "invalid-token" : "bad-row", error, `${name}: ${seen}`);
    assert(isToken || [SyntaxError, TypeError, RangeError].some((kind) => seen instanceof kind));
    assertEquals(seen.line, line, name);
  }
});
