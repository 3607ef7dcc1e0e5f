/**
 * Sealed exports that tests/support/seal.py wrote, right and wrong ones, with the
 * code and the line of each refusal.
 *
 * @module
 */

import { type OpenExportOptions, openFile, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals } from "@std/assert";
import { testEach } from "../../support/backends.ts";
import { testWithPython } from "../../support/python.ts";
import { open, outcome } from "../../support/sealed.ts";
import { run } from "../../support/tools.ts";
import vectors from "../../vectors/sealed/sealed_exports.json" with { type: "json" };

interface Vector {
  readonly name: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly export: string;
}

const { good, bad } = vectors as {
  good: readonly (Vector & { data: string })[];
  bad: readonly (Vector & { code: string; line: number })[];
};

function secretOf({ key, passphrase }: Vector): OpenExportOptions {
  return key === undefined ? { passphrase: passphrase! } : { key: Uint8Array.fromHex(key) };
}

const CHUNKS = [[1], [7, 0, 100], [1 << 20]];

testEach("Sealed exports written by Python are opened", async (backend) => {
  for (const vector of good) {
    const sealed = new TextEncoder().encode(vector.export);
    for (const lengths of vector.key ? CHUNKS : CHUNKS.slice(2)) {
      const opened = await open(sealed, { ...secretOf(vector), backend }, lengths);
      assertEquals(opened.toHex(), vector.data, vector.name);
    }
  }
});

testEach("Bad sealed exports are refused with their code", async (backend) => {
  for (const vector of bad) {
    const sealed = new TextEncoder().encode(vector.export);
    for (const lengths of CHUNKS) {
      const seen = await outcome(open(sealed, { ...secretOf(vector), backend }, lengths));
      assertEquals(seen, `${vector.code} at ${vector.line}`, vector.name);
    }
  }
});

Deno.test("Every code but unexpected-id is among the vectors", () => {
  assertEquals([...new Set(bad.map(({ code }) => code))].sort(), [
    "bad-header",
    "bad-token",
    "iterations-out-of-range",
    "line-too-long",
    "out-of-order",
    "trailing-data",
    "truncated",
    "wrong-secret-or-header",
  ]);
});

Deno.test("Files, blobs and streams are refused alike, and leave no file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const vector of bad) {
      const path = `${folder}/bad.sealed`;
      await Deno.writeTextFile(path, vector.export);
      const expected = `${vector.code} at ${vector.line}`;
      const options = secretOf(vector);
      const blob = new Blob([vector.export]);
      for (const source of [path, new URL(`file://${path}`), blob, blob.stream()]) {
        assertEquals(await outcome(verifyExport(source, options)), expected, vector.name);
      }
      assertEquals(await outcome(openFile(path, `${folder}/out`, options)), expected, vector.name);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assertEquals(names, ["bad.sealed"], vector.name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/**
 * What the short reader lets pass: it does not write the header again, and Python's
 * base64 drops carriage returns.
 */
const PYTHON_PASSES = /^header: |^crlf (in|at)/;

testWithPython(
  "the short reader opens the good vectors and refuses the bad ones",
  async (python) => {
    for (const vector of [...good, ...bad]) {
      if (!("data" in vector) && PYTHON_PASSES.test(vector.name)) continue;
      const secret = vector.key === undefined ? vector.passphrase! : `key:${vector.key}`;
      const { success, stdout, stderr } = await run(python, [
        "tests/support/read_sealed.py",
        secret,
      ], { stdin: vector.export });
      if (!("data" in vector)) {
        assert(!success, vector.name);
        continue;
      }
      assert(success, `${vector.name}: ${stderr}`);
      assertEquals(stdout, new TextDecoder().decode(Uint8Array.fromHex(String(vector.data))));
    }
  },
);

testWithPython("writes the test vectors of sealed exports as they are", async (python) => {
  const options = { stdin: '{"vectors": true}' };
  const { success, stdout, stderr } = await run(python, ["tests/support/seal.py"], options);
  assert(success, stderr);
  assertEquals(JSON.parse(stdout), vectors);
});
