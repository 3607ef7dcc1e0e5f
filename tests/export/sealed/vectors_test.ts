/**
 * The vectors of sealed exports, right and wrong ones, with the code and the line of
 * each refusal.
 *
 * @module
 */

import { type OpenExportOptions, openFile, verifyExport } from "@ironfern/ironfern/export";
import { assertEquals } from "@std/assert";
import { testEach } from "../../support/backends.ts";
import { open, outcome } from "../../support/sealed.ts";
import { readVectors } from "../../support/vectors.ts";

interface Input {
  readonly key?: string;
  readonly passphrase?: string;
  readonly maxIterations?: number;
  readonly id?: string;
  readonly export: string;
}

interface Output {
  readonly id: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly data?: string;
}

const { good, bad } = readVectors<Input, Output>("sealed");

function optionsOf({ key, passphrase, maxIterations, id }: Input): OpenExportOptions {
  return {
    ...key === undefined ? { passphrase: passphrase! } : { key },
    ...maxIterations !== undefined && { maxIterations },
    ...id !== undefined && { expect: { id } },
  };
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice())).toHex();
}

const CHUNKS = [[1], [7, 0, 100], [1 << 20]];

testEach("Sealed exports written by Python are opened", async (backend) => {
  for (const { input, output, name } of good) {
    const sealed = new TextEncoder().encode(input.export);
    // A byte a chunk takes a second for a full slice.
    const cuts = input.key === undefined || output.data === undefined ? CHUNKS.slice(2) : CHUNKS;
    for (const lengths of cuts) {
      const opened = await open(sealed, { ...optionsOf(input), backend }, lengths);
      assertEquals(await sha256(opened), output.sha256, name);
      assertEquals(opened.length, output.bytes, name);
      if (output.data !== undefined) assertEquals(opened.toHex(), output.data, name);
    }
  }
});

testEach("Bad sealed exports are refused with their code", async (backend) => {
  for (const { input, error, line, name } of bad) {
    const sealed = new TextEncoder().encode(input.export);
    const derives = input.passphrase !== undefined && line === 2;
    for (const lengths of derives || sealed.length > 9_999 ? CHUNKS.slice(2) : CHUNKS) {
      const seen = await outcome(open(sealed, { ...optionsOf(input), backend }, lengths));
      assertEquals(seen, `${error} at ${line}`, name);
    }
  }
});

Deno.test("Every code is among the vectors", () => {
  assertEquals([...new Set(bad.map(({ error }) => error))].sort(), [
    "bad-header",
    "bad-token",
    "iterations-out-of-range",
    "line-too-long",
    "out-of-order",
    "trailing-data",
    "truncated",
    "unexpected-id",
    "wrong-secret-or-header",
  ]);
});

Deno.test("Files, blobs and streams are refused alike, and leave no file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const { input, error, line, name } of bad) {
      const path = `${folder}/bad.sealed`;
      await Deno.writeTextFile(path, input.export);
      const expected = `${error} at ${line}`;
      const options = optionsOf(input);
      const blob = new Blob([input.export]);
      for (const source of [path, new URL(`file://${path}`), blob, blob.stream()]) {
        assertEquals(await outcome(verifyExport(source, options)), expected, name);
      }
      assertEquals(await outcome(openFile(path, `${folder}/out`, options)), expected, name);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assertEquals(names, ["bad.sealed"], name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
