/**
 * The options of sealed exports: every name that a call does not know is refused,
 * since security may rest on it, and only the object's own properties count.
 *
 * @module
 */

import {
  inspectExport,
  openExport,
  openFile,
  readExportAt,
  sealExport,
  sealFile,
  verifyExport,
} from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromLines, KEY, linesOf, open, seal, someBytes } from "../../support/sealed.ts";

const blob = new Blob([await seal(someBytes(10))]);

/** Every public call, with any options. */
const CALLS: Readonly<Record<string, (options: unknown) => Promise<unknown>>> = {
  sealExport: async (options) => await sealExport(options as never).readable.cancel(),
  openExport: async (options) => await openExport(options as never).readable.cancel(),
  sealFile: (options) => sealFile("/no/such/input", "/no/such/output", options as never),
  openFile: (options) => openFile("/no/such/input", "/no/such/output", options as never),
  verifyExport: (options) => verifyExport(blob, options as never),
  readExportAt: (options) => readExportAt(blob, 0, 1, options as never),
  inspectExport: (options) => inspectExport(blob, options as never),
};
const SEALING = ["sealExport", "sealFile"];
const FILES = ["sealFile", "openFile"];

Deno.test("A name that a call does not know is refused, with what may be meant", async () => {
  const cases: [calls: (name: string) => boolean, options: object, message: string][] = [
    [(name) => name !== "inspectExport", { keys: KEY }, '"keys": it is unknown, did you mean key?'],
    [(name) => SEALING.includes(name), { key: KEY, iteration: 1 }, "did you mean iterations?"],
    [
      (name) => !SEALING.includes(name) && name !== "inspectExport",
      { passphrase: "x", expected: { id: "A".repeat(22) } },
      '"expected": it is unknown, did you mean expect?',
    ],
    [
      (name) => !SEALING.includes(name) && name !== "inspectExport",
      { key: KEY, expect: { ID: "A".repeat(22) } },
      '"ID": it is unknown, did you mean id?',
    ],
    [(name) => FILES.includes(name), { key: KEY, overwrit: false }, "did you mean overwrite?"],
    [(name) => !FILES.includes(name), { overwrite: true }, '"overwrite": it is unknown'],
    [(name) => name === "readExportAt", { key: KEY, checkend: true }, "did you mean checkEnd?"],
    [(name) => name === "readExportAt", { onProgress() {} }, '"onProgress": it is unknown'],
    [(name) => name === "inspectExport", { Signal: 1 }, "did you mean signal?"],
    [() => true, { signals: undefined }, "did you mean signal?"],
  ];
  for (const [isMeant, options, message] of cases) {
    const names = Object.keys(CALLS).filter(isMeant);
    assert(names.length);
    for (const name of names) {
      const error = await assertRejects(() => CALLS[name](options), TypeError);
      assert(error.message.includes(message), `${name}: ${error.message}`);
    }
  }
});

Deno.test("Options that are no object are refused", async () => {
  for (const [name, call] of Object.entries(CALLS)) {
    for (const options of [3_600, "secret", null, [], () => {}]) {
      const error = await assertRejects(() => call(options), TypeError);
      assert(error.message.startsWith("Cannot use the options: expected an object"), name);
      assert(!error.message.includes("secret"), name);
    }
  }
});

/** Does something while every object inherits a property. */
async function inherited(name: string, value: unknown, body: () => Promise<void>): Promise<void> {
  Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
  try {
    await body();
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
}

Deno.test("Properties of a prototype are no options", async () => {
  const passphrase = "correct horse";
  const id = "A".repeat(22);
  const inheritances: Readonly<Record<string, unknown>> = {
    iterations: 1,
    maxIterations: 1,
    expect: { id },
    checkEnd: "no",
    backend: "gpu",
    workers: -1,
    onProgress: 5,
    passphrase: "the prototype's",
  };
  for (const [name, value] of Object.entries(inheritances)) {
    await inherited(name, value, async () => {
      const key = KEY.slice();
      const [header] = linesOf(await seal(someBytes(1), { key }));
      assertEquals(JSON.parse(header).kdf, { name: "key" }, name);
      assertEquals((await open(await seal(someBytes(1)), { key })).length, 1, name);
      assertEquals((await verifyExport(blob, { key })).bytes, 10, name);
      assertEquals((await readExportAt(blob, 0, 4, { key })).length, 4, name);
      assertEquals((await inspectExport(blob)).kdf, { name: "key" }, name);
    });
  }
  await inherited("iterations", 1, async () => {
    const sealing = sealExport({ passphrase });
    const { value } = await sealing.readable.getReader().read();
    assert(value);
    assertEquals(JSON.parse(linesOf(value)[0]).kdf.iterations, 600_000);
    await sealing.writable.abort();
  });
  await inherited("id", id, async () => {
    await assertRejects(() => verifyExport(blob, { key: KEY, expect: {} as never }), TypeError);
  });
  await inherited("passphrase", passphrase, async () => {
    await assertRejects(() => verifyExport(blob, {} as never), TypeError, "it is missing");
  });
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/data`, "rows");
  await inherited("overwrite", "no", async () => {
    await sealFile(`${folder}/data`, `${folder}/sealed`, { key: KEY });
    await openFile(`${folder}/sealed`, `${folder}/copy`, { key: KEY });
  });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("checkEnd that is no boolean is refused", async () => {
  for (const checkEnd of ["no", 1, null]) {
    await assertRejects(
      () => readExportAt(blob, 0, 1, { key: KEY, checkEnd } as never),
      TypeError,
      "Cannot use checkEnd: expected a boolean",
    );
  }
});

Deno.test("No message holds what was passed for a path", async () => {
  const content = new TextEncoder().encode("the content of a file");
  const values = [content, { toString: () => "told" }, ["told"], 5, undefined, null, ""];
  for (const value of values) {
    const calls = [
      () => sealFile(value as never, "/no/such/output", { key: KEY }),
      () => openFile(value as never, "/no/such/output", { key: KEY }),
      () => openFile("/no/such/input", value as never, { key: KEY }),
      () => verifyExport(value as never, { key: KEY }),
      () => inspectExport(value as never),
      () => readExportAt(value as never, 0, 1, { key: KEY }),
    ];
    for (const call of calls) {
      const { message } = await assertRejects(call, TypeError);
      assert(!/told|116|content of/.test(message), message);
    }
  }
});

Deno.test("A wrong secret is told as one, and of which kind", async () => {
  const passphrase = "correct horse";
  const locked = new Blob([await seal(someBytes(10), { passphrase, iterations: 100_000 })]);
  const message = async (call: () => Promise<unknown>) =>
    (await assertRejects(call, Error)).message;
  const begin = "Cannot open the sealed export at line";
  assertEquals(
    await message(() => verifyExport(locked, { passphrase: "another" })),
    `${begin} 2: wrong passphrase, or not the file that it was`,
  );
  const key = new Uint8Array(32);
  for (
    const call of [
      () => verifyExport(blob, { key }),
      () => readExportAt(blob, 0, 1, { key }),
      () => readExportAt(blob, 20, 1, { key, checkEnd: true }),
    ]
  ) {
    assertEquals(
      await message(call),
      `${begin} 2: wrong key, or not the file that it was`,
    );
  }
  assertEquals(
    await message(() => verifyExport(locked, { key })),
    `${begin} 1: the file was sealed under a passphrase, not under a key`,
  );
});

Deno.test("A file of more iterations than by default says what its reader can do", async () => {
  const passphrase = "correct horse";
  const [header, ...tokens] = linesOf(
    await seal(someBytes(10), { passphrase, iterations: 100_000 }),
  );
  const message = async (iterations: number, maxIterations?: number) => {
    const lines = [header.replace("100000", String(iterations)), ...tokens];
    const options = { passphrase, maxIterations };
    const verifying = verifyExport(new Blob([fromLines(lines) as BlobPart]), options);
    return (await assertRejects(() => verifying, Error)).message
      .replace("Cannot open the sealed export at line ", "");
  };
  const raise = "so raise maxIterations (--max-iterations) if you trust the file";
  assertEquals(
    await message(2_000_001),
    `1: it asks for 2000001 iterations, more than 2000000, ${raise}`,
  );
  assertEquals(
    await message(10_000_000, 5_000_000),
    `1: it asks for 10000000 iterations, more than 5000000, ${raise}`,
  );
  // What no option opens.
  for (const iterations of [99_999, 2 ** 32]) {
    assertEquals(
      await message(iterations, 2 ** 32 - 1),
      `1: it asks for ${iterations} iterations, expected 100000 to 4294967295`,
    );
  }
  // Of the bound itself a key is derived, another one than the tokens'.
  assertEquals(
    await message(2_000_000),
    "2: wrong passphrase, or not the file that it was",
  );
});
