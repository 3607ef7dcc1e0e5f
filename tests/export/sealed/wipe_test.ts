/**
 * Copies of secrets, keys and data are wiped, whatever ends a call.
 *
 * Arrays are seen when they are copied, or copied into: the test keeps those that
 * go through `slice`, `set`, `Uint8Array.from` and `new Uint8Array(array)`, with what
 * they held.
 *
 * @module
 */

import {
  openExport,
  openFile,
  readExportAt,
  sealExport,
  sealFile,
  verifyExport,
} from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash, hkdfSync, pbkdf2Sync } from "node:crypto";
import { testEach } from "../../support/backends.ts";
import { fromLines, FULL_LINE, KEY, linesOf, open, pause, seal } from "../../support/sealed.ts";

const PASSPHRASE = new TextEncoder().encode("correct horse battery staple");
const SEALING = { passphrase: PASSPHRASE, iterations: 100_000 };
const MARKER = new TextEncoder().encode("a secret row of the data|");
/** Three batches. */
const DATA = Uint8Array.from({ length: 2_500_000 }, (_, index) => MARKER[index % MARKER.length]);
const REASON = new Error("enough");

const sealed = await seal(DATA, SEALING);

/** An array, and what it held when it was seen. */
interface Seen {
  readonly array: Uint8Array;
  readonly first: string;
}

const NEEDLE = Buffer.from(MARKER);

/** Whether the data is in there. */
function hasData(bytes: Uint8Array): boolean {
  if (!bytes.length) return false; // given back
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(NEEDLE);
}

/** Sees the arrays that are copied, and what is in the buffers that are given back. */
class Spy implements Disposable {
  /** Short arrays: secrets and keys. */
  readonly short: Seen[] = [];
  /** Long arrays that held data. */
  readonly long: Uint8Array[] = [];
  /** Buffers that were given back with data in them. */
  givenBack = 0;
  readonly #slice = Uint8Array.prototype.slice;
  readonly #set = Uint8Array.prototype.set;
  readonly #from = Uint8Array.from;
  readonly #transfer = ArrayBuffer.prototype.transfer;
  readonly #class = Uint8Array;

  constructor() {
    // deno-lint-ignore no-this-alias
    const spy = this;
    const slice = this.#slice;
    Uint8Array.prototype.slice = function (...range) {
      const copy = slice.apply(this, range);
      spy.#see(this);
      spy.#see(copy);
      return copy;
    };
    const set = this.#set;
    Uint8Array.prototype.set = function (...source) {
      set.apply(this, source);
      if (source[0] instanceof Uint8Array) spy.#see(this, source[0]);
    };
    const from = this.#from as (...args: unknown[]) => Uint8Array<ArrayBuffer>;
    Uint8Array.from = ((...args: unknown[]) => {
      const copy = from.apply(Uint8Array, args);
      spy.#see(copy);
      return copy;
    }) as typeof Uint8Array.from;
    globalThis.Uint8Array = new Proxy(this.#class, {
      construct(target, args) {
        const array: Uint8Array = Reflect.construct(target, args);
        if (ArrayBuffer.isView(args[0])) spy.#see(array);
        return array;
      },
    });
    const transfer = this.#transfer;
    ArrayBuffer.prototype.transfer = function (...lengths) {
      if (hasData(new Uint8Array(this))) spy.givenBack++;
      return transfer.apply(this, lengths);
    };
  }

  /** Remembers an array; its beginning, or that of `data`, says whether data is in it. */
  #see(array: Uint8Array, data = array): void {
    if (this.long.includes(array)) return;
    if (array.length <= 64) {
      if (!this.short.some((seen) => seen.array === array)) {
        this.short.push({ array, first: array.toHex() });
      }
    } else if (hasData(data.subarray(0, 200))) this.long.push(array);
  }

  [Symbol.dispose](): void {
    globalThis.Uint8Array = this.#class;
    Uint8Array.prototype.slice = this.#slice;
    Uint8Array.prototype.set = this.#set;
    Uint8Array.from = this.#from;
    ArrayBuffer.prototype.transfer = this.#transfer;
  }
}

/** The keys of an export under the passphrase. */
function keysOf(line: string): Record<string, string> {
  const { kdf } = JSON.parse(line);
  const salt = Buffer.from(kdf.salt, "base64url");
  const root = pbkdf2Sync(PASSPHRASE, salt, kdf.iterations, 32, "sha256");
  const header = createHash("sha256").update(line).digest();
  const info = Buffer.concat([Buffer.from("ironfern-export/1"), header]);
  const key = hkdfSync("sha256", root, new Uint8Array(), info, 32);
  return { "root key": root.toString("hex"), "file key": Buffer.from(key).toString("hex") };
}

/** Asserts that these were seen, and that nothing is left of them. */
function assertWiped({ short }: Spy, secrets: Record<string, string>): void {
  for (const [name, hex] of Object.entries(secrets)) {
    const copies = short.filter(({ first }) => first === hex);
    assert(copies.length, `no ${name} was seen`);
    const left = copies.filter(({ array }) => array.some((byte) => byte !== 0));
    assertEquals(left.length, 0, `${left.length} of ${copies.length} copies of the ${name}`);
  }
}

/** Asserts that nothing is left of the data. */
function assertNoData({ long, givenBack }: Spy): void {
  assert(long.length, "no data was seen");
  assertEquals(long.filter(hasData).length, 0, `of ${long.length}`);
  assertEquals(givenBack, 0);
}

const passphrase = { "passphrase's copy": PASSPHRASE.toHex() };
const [HEADER] = linesOf(sealed);
const SECRETS = { ...passphrase, ...keysOf(HEADER) };
const blob = new Blob([sealed]);
const patched = new Blob([sealed.with(2_000_000, sealed[2_000_000] ^ 1)]);

// One of these lines looks as long as a full one, and holds the last two.
const [LAST, FINAL] = linesOf(sealed).slice(-2);
const junk = new Blob([sealed, "A".repeat(FULL_LINE - LAST.length - FINAL.length - 2), "\n"]);
const cut = new Blob([sealed.subarray(0, sealed.length - FINAL.length - 1)]);
/** Calls that open, and how each ends. */
const OPENINGS: Readonly<
  Record<string, (options: { passphrase: Uint8Array }) => Promise<unknown>>
> = {
  "to its end": (options) => verifyExport(blob, options),
  "to a bad token": (options) => assertRejects(() => verifyExport(patched, options)),
  "to what follows its end": (options) => assertRejects(() => verifyExport(junk, options)),
  "to where it was cut": (options) => assertRejects(() => verifyExport(cut, options)),
  "to an error of the caller's": (options) => {
    const onProgress = () => {
      throw REASON;
    };
    return assertRejects(() => verifyExport(blob, { ...options, onProgress }), Error, "enough");
  },
  "to an abort": (options) => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(REASON);
    const { signal } = controller;
    return assertRejects(
      () => verifyExport(blob, { ...options, onProgress, signal }),
      Error,
      "enough",
    );
  },
  "in a part": async (options) => {
    const part = await readExportAt(blob, 100_000, 100_000, options);
    assert(hasData(part));
    part.fill(0);
  },
  "in a part that is bad": (options) =>
    assertRejects(() => readExportAt(patched, 0, 2_000_000, options)),
  "as a stream": async (options) => {
    const opening = openExport(options);
    for await (const data of blob.stream().pipeThrough(opening)) data.fill(0);
  },
};

for (const [end, call] of Object.entries(OPENINGS)) {
  testEach(`Nothing is left of an export that is opened ${end}`, async (backend) => {
    using spy = new Spy();
    await call({ passphrase: PASSPHRASE, backend, workers: 0 } as { passphrase: Uint8Array });
    assertWiped(spy, SECRETS);
    assertNoData(spy);
  });
}

testEach("Nothing is left of data that is sealed", async (backend) => {
  for (const end of ["", "abort", "throw"]) {
    using spy = new Spy();
    const controller = new AbortController();
    const options = { ...SEALING, backend, workers: 0, signal: controller.signal };
    const sealing = sealExport({
      ...options,
      onProgress() {
        assertWiped(spy, passphrase);
        if (end === "abort") controller.abort(REASON);
        if (end === "throw") throw REASON;
      },
    });
    const chunks: Uint8Array[] = [];
    const output = new Blob([DATA]).stream().pipeThrough(sealing);
    const reading = (async () => {
      for await (const chunk of output) chunks.push(chunk);
    })();
    assertEquals(await reading.catch((error) => error), end ? REASON : undefined);
    // After an abort the stream ends at once, and the work a little later.
    for (let turn = 0; turn < 100; turn++) await pause();
    const [header] = linesOf(Buffer.concat(chunks));
    assertWiped(spy, { ...passphrase, ...keysOf(header) });
    // Deno's node:crypto keeps copies of what it encrypts.
    if (backend !== "node") assertNoData(spy);
  }
});

Deno.test("Nothing is left of what was opened ahead of its turn", async () => {
  using spy = new Spy();
  // Workers open batches that nobody has asked for yet; such a batch waits in a set.
  const opened = new Set<Uint8Array>();
  const { add } = Set.prototype;
  Set.prototype.add = function (value) {
    if (value?.plaintexts) add.call(opened, value.plaintexts.bytes);
    return add.call(this, value);
  };
  try {
    const opening = openExport({ passphrase: PASSPHRASE, backend: "wasm", workers: 2 });
    const reader = blob.stream().pipeThrough(opening).getReader();
    const { value } = await reader.read();
    for (let turn = 0; turn < 1_000 && opened.size < 3; turn++) await pause(5);
    await reader.cancel(REASON);
    value?.fill(0);
    for (let turn = 0; turn < 100; turn++) await pause();
  } finally {
    Set.prototype.add = add;
  }
  assertEquals(opened.size, 3);
  assertWiped(spy, SECRETS);
  // The second one may be in the stream's queue, where the consumer could take it.
  assert([...opened].filter(hasData).length <= 1);
});

Deno.test("Nothing is left of files that are sealed and opened", async () => {
  const folder = await Deno.makeTempDir();
  const path = (name: string) => `${folder}/${name}`;
  await Deno.writeFile(path("data"), DATA);
  {
    using spy = new Spy();
    await sealFile(path("data"), path("sealed"), { ...SEALING, workers: 0 });
    const [header] = linesOf(Deno.readFileSync(path("sealed")));
    assertWiped(spy, { ...passphrase, ...keysOf(header) });
    assertEquals(spy.givenBack, 0);
  }
  await Deno.writeFile(path("sealed"), sealed);
  {
    using spy = new Spy();
    const options = { passphrase: PASSPHRASE, backend: "wasm", workers: 0 } as const;
    await openFile(path("sealed"), path("copy"), options);
    assertWiped(spy, SECRETS);
    assertNoData(spy);
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("A secret's copy is wiped where no key is derived", async () => {
  const options = { passphrase: PASSPHRASE };
  const bad = new Blob(["no header\n"]);
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    verifyExport: () => verifyExport(bad, options),
    readExportAt: () => readExportAt(bad, 0, 1, options),
    sealFile: () => sealFile("/no/such/input", "/no/such/output", options),
    openFile: () => openFile("/no/such/input", "/no/such/output", options),
    openExport: () => open(fromLines(["no header"]), options),
    "a header alone": () => verifyExport(new Blob([HEADER, "\n"]), options),
    sealExport: async () =>
      await sealExport(options).writable.abort(REASON).then(() => {
        throw REASON;
      }),
  };
  for (const call of Object.values(calls)) {
    using spy = new Spy();
    await assertRejects(call);
    assertWiped(spy, passphrase);
  }
});

Deno.test("A key's copy is wiped, and the caller's own is not", async () => {
  const key = KEY.slice();
  const underKey = new Blob([await seal(DATA, { key })]);
  using spy = new Spy();
  await verifyExport(underKey, { key, backend: "wasm", workers: 0 });
  assertEquals(key, KEY);
  const copies = spy.short.filter(({ first }) => first === KEY.toHex());
  assert(copies.length);
  assert(copies.every(({ array }) => array.every((byte) => byte === 0)));
});

testEach("Buffers that are handed out hold the data alone", async (backend) => {
  const opening = blob.stream().pipeThrough(openExport({ passphrase: PASSPHRASE, backend }));
  let length = 0;
  for await (const data of opening) {
    const { buffer, byteOffset } = data;
    const rest = [
      new Uint8Array(buffer, 0, byteOffset),
      new Uint8Array(buffer, byteOffset + data.length),
    ];
    assert(rest.every((part) => part.every((byte) => byte === 0)));
    length += data.length;
  }
  assertEquals(length, DATA.length);
});
