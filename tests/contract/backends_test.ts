/**
 * What every backend has to do alike, each of them forced. The references are
 * one call of node:crypto each, so that none of our slicing is in them.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type BackendName,
  decrypt,
  decryptMany,
  encrypt,
  encryptMany,
  Fernet,
  type Hash,
  InvalidTokenError,
  pbkdf2,
  pbkdf2Many,
  pbkdf2Sync,
} from "@ironfern/ironfern";
import { createCipheriv, createHmac, pbkdf2Sync as referencePbkdf2 } from "node:crypto";
import { type AsyncFernetEngine, type Backend, DIGEST_LENGTH } from "../../src/backends/backend.ts";
import {
  batchRecord,
  batchTexts,
  joinBytes,
  takeLines,
  tokenBatch,
} from "../../src/bytes/batch.ts";
import { decodeAscii, encodeAscii } from "../../src/bytes/text.ts";
import { getBackend } from "../../src/backends/select/available.ts";
import { BACKENDS, SYNC_BACKENDS, testEach } from "../support/backends.ts";
import { run } from "../support/tools.ts";

const KEY = randomBytes(32);
const TIMES = [0n, 1n, 499_162_800n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

function randomBytes(length: number) {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += 65_536) {
    crypto.getRandomValues(bytes.subarray(start, start + 65_536));
  }
  return bytes;
}

function randomHeads(count: number) {
  const heads = randomBytes(24 * count);
  const view = new DataView(heads.buffer);
  for (let index = 0; index < count; index++) {
    view.setBigUint64(24 * index, TIMES[index % TIMES.length]);
  }
  return heads;
}

function referenceToken(
  key: Uint8Array,
  head: Uint8Array,
  record: Uint8Array,
  version = 0x80,
): string {
  const cipher = createCipheriv("aes-128-cbc", key.subarray(16), head.subarray(8));
  const signed = [Uint8Array.of(version), head, cipher.update(record), cipher.final()];
  const mac = createHmac("sha256", key.subarray(0, 16));
  signed.forEach((part) => mac.update(part));
  const text = Buffer.concat([...signed, mac.digest()]).toString("base64");
  return text.replaceAll("+", "-").replaceAll("/", "_");
}

/** The engines of a backend, the synchronous one in promises too. */
function engines({ sync, async }: Backend): AsyncFernetEngine[] {
  if (!sync) return [async];
  return [async, {
    seal: (key, records, heads) => Promise.resolve(sync.seal(key, records, heads)),
    open: (key, tokens) => Promise.resolve(sync.open(key, tokens)),
    hmac: (key, data) => Promise.resolve(sync.hmac(key, data)),
  }];
}

/** A batch's records are back to back, or each has a line feed after it. */
function bothLayouts(engine: AsyncFernetEngine): [AsyncFernetEngine, boolean][] {
  return [[engine, false], [engine, true]];
}

/** Seals and opens a batch with every engine and compares with the reference. */
async function checkBatch(backend: Backend, records: readonly Uint8Array[]): Promise<void> {
  const heads = randomHeads(records.length);
  const expected = records.map((record, index) =>
    referenceToken(KEY, heads.subarray(24 * index, 24 * index + 24), record)
  );
  for (const [engine, lineFeeds] of engines(backend).flatMap(bothLayouts)) {
    const sealed = await engine.seal(KEY, joinBytes(records, lineFeeds), heads);
    const tokens = batchTexts(sealed);
    assertEquals(sealed.lineFeeds, lineFeeds);
    if (lineFeeds) {
      assert(decodeAscii(sealed.bytes) === expected.map((token) => `${token}\n`).join(""));
    }
    assertEquals(tokens.length, expected.length);
    tokens.forEach((token, index) => assert(token === expected[index], `token ${index} differs`));

    const { plaintexts, valid, times } = await engine.open(KEY, sealed);
    assertEquals([...valid], records.map(() => 1));
    assertEquals([...times], records.map((_, index) => TIMES[index % TIMES.length]));
    assertEquals(plaintexts.offsets.length, records.length + 1);
    if (lineFeeds) assertEquals(plaintexts, joinBytes(records, true));
    records.forEach((record, index) =>
      assert(Buffer.compare(batchRecord(plaintexts, index), record) === 0, `plaintext ${index}`)
    );
  }
}

const BATCHES: Readonly<Record<string, number[]>> = {
  "no record": [],
  "one empty record": [0],
  "one record of a block": [16],
  "1,000 ragged records": Array.from({ length: 1_000 }, (_, index) => index * 7 % 131),
  "lengths about AES's blocks, one of 70,000": [0, 70_000, 15, 16, 17, 0, 31, 32, 33, 1],
  "more bytes than the kernel's arena": [900_000, 3, 0, 900_000, 17, 900_000],
  "lengths about the slices of long messages": [-1, 0, 1, 16].map((more) => 192 * 1_024 + more),
};

for (const [what, lengths] of Object.entries(BATCHES)) {
  testEach(`A batch is sealed as the specification has it and opened: ${what}`, (_, backend) => {
    return checkBatch(backend, lengths.map(randomBytes));
  });
}

testEach("A message of 5 MB and a bit is sealed and opened", (_, backend) => {
  return checkBatch(backend, [randomBytes(5_000_011)]);
});

testEach("Bad tokens between good ones do not disturb them", async (_, backend) => {
  const records = Array.from({ length: 9 }, (_, index) => randomBytes(40 * index));
  const heads = randomHeads(records.length);
  const good = records.map((record, index) =>
    referenceToken(KEY, heads.subarray(24 * index, 24 * index + 24), record)
  );
  const head = heads.subarray(0, 24);
  const bad = [
    "",
    "A",
    good[1].slice(4),
    good[2].slice(0, -4),
    `${good[3]}AAAA`,
    "\0".repeat(100),
    referenceToken(randomBytes(32), head, records[4]),
    referenceToken(KEY, head, records[4], 0x81),
    "ключ",
  ];
  const tokens = good.flatMap((token, index) => [token, bad[index]]);
  for (const engine of engines(backend)) {
    const { plaintexts, valid, times } = await engine.open(KEY, tokenBatch(tokens));
    assertEquals([...valid], good.flatMap(() => [1, 0]));
    assertEquals([...times], good.flatMap((_, index) => [TIMES[index % TIMES.length], 0n]));
    tokens.forEach((_, index) => {
      const expected = index % 2 ? new Uint8Array() : records[index / 2];
      assertEquals(batchRecord(plaintexts, index), expected);
    });
  }
});

testEach("Many calls span several batches and name the first bad token", (backend) => {
  const fernet = new Fernet(KEY, { backend });
  const texts = Array.from({ length: 9_000 }, (_, index) => `row ${index}`);
  const tokens = fernet.encryptMany(texts);
  const decoder = new TextDecoder();
  assertEquals(fernet.decryptMany(tokens).map((bytes) => decoder.decode(bytes)), texts);
  tokens[8_500] = tokens[8_500].slice(4);
  tokens[8_700] = "";
  const error = assertThrows(() => fernet.decryptMany(tokens), InvalidTokenError, "token 8500");
  assertEquals(error.index, 8_500);
  const failed = fernet.decryptManySettled(tokens).flatMap((result) => result.ok ? [] : [result]);
  assertEquals(failed.map(({ error }) => error.index), [8_500, 8_700]);
  assertEquals(fernet.encryptMany([]), []);
  assertEquals(fernet.decryptMany([]), []);
}, SYNC_BACKENDS);

testEach("encryptAsync and decryptAsync agree with the synchronous calls", async (backend) => {
  const fernet = new Fernet(KEY, { backend });
  const other = new Fernet(KEY, { backend: "portable" });
  for (const length of [0, 1, 16, 100, 70_000, 300_000]) {
    const message = randomBytes(length);
    const token = await fernet.encryptAsync(message);
    assert(Buffer.compare(other.decrypt(token), message) === 0);
    assert(Buffer.compare(await fernet.decryptAsync(other.encrypt(message)), message) === 0);
  }
  await assertRejects(() => fernet.decryptAsync(other.encrypt("a").slice(4)), InvalidTokenError);
});

testEach("A call in progress keeps its key and its message", async (backend) => {
  const reader = new Fernet(KEY);
  for (const length of [10, 20_000, 600_000]) {
    const fernet = new Fernet(KEY, { backend });
    const message = randomBytes(length);
    const original = message.slice();
    const token = reader.encrypt(message);
    // More of them than the kernel has room for, so that some have to wait.
    const sealing = Array.from({ length: 20 }, () => fernet.encryptAsync(message));
    const opening = Array.from({ length: 20 }, () => fernet.decryptAsync(token));
    // As `using fernet` does where the promise is returned without `await`.
    fernet.destroy();
    message.fill(0);
    const results = await Promise.allSettled([...sealing, ...opening]);
    const right = results.filter((result) => {
      if (result.status === "rejected") return false;
      const { value } = result;
      const [opened] = typeof value === "string"
        ? reader.decryptManySettled([value]).map((read) => read.ok ? read.value : undefined)
        : [value];
      return opened && Buffer.compare(opened, original) === 0;
    });
    assertEquals(right.length, results.length, `of ${length} bytes`);
  }
});

testEach("What one backend encrypts every other one decrypts", async (backend) => {
  const token = await new Fernet(KEY, { backend }).encryptAsync("naïve 🔑");
  const stored = await encrypt("naïve 🔑", "secret", { backend, iterations: 3 });
  for (const other of BACKENDS) {
    const bytes = await new Fernet(KEY, { backend: other }).decryptAsync(token);
    assertEquals(new TextDecoder().decode(bytes), "naïve 🔑");
    assertEquals(await decrypt(stored, "secret", { backend: other, iterations: 3 }), "naïve 🔑");
  }
});

testEach("Many texts under a passphrase keep their order", async (backend) => {
  const texts = Array.from({ length: 40 }, (_, index) => "x".repeat(index * 50));
  const stored = await encryptMany(texts, "secret", { backend, iterations: 20 });
  assertEquals(new Set(stored.map((value) => value.slice(0, 20))).size, texts.length);
  assertEquals(await decryptMany(stored, "secret", { backend, iterations: [7, 20] }), texts);
  stored[17] = stored[3].slice(0, 20) + stored[17].slice(20);
  stored[30] = stored[17];
  const error = await assertRejects(
    () => decryptMany(stored, "secret", { backend, iterations: [7, 20] }),
    InvalidTokenError,
  );
  assertEquals(error.index, 17);
});

/** Lengths within one digest, at its border, and over more blocks than lanes. */
function keyLengths(hash: Hash): number[] {
  const digest = DIGEST_LENGTH[hash];
  return [1, digest - 1, digest, digest + 1, 3 * digest + 5, 11 * digest];
}

for (const hash of Object.keys(DIGEST_LENGTH) as Hash[]) {
  testEach(`pbkdf2 with ${hash} is that of node:crypto`, async (backend) => {
    const name = hash.replace("-", "").toLowerCase();
    for (const length of keyLengths(hash)) {
      for (const passwordLength of [0, 1, 63, 64, 65, 127, 128, 129, 300]) {
        const password = randomBytes(passwordLength);
        const salt = randomBytes([0, 16, 51, 52, 130][(length + passwordLength) % 5]);
        const iterations = 1 + randomBytes(1)[0] % 9;
        const options = { iterations, hash, length, backend };
        const expected = referencePbkdf2(password, salt, iterations, length, name).toString("hex");
        const which = `password ${password.toHex()} salt ${salt.toHex()} x ${iterations}`;
        assertEquals((await pbkdf2(password, salt, options)).toHex(), expected, which);
        if (!SYNC_BACKENDS.includes(backend)) continue;
        assertEquals(pbkdf2Sync(password, salt, options).toHex(), expected, which);
      }
    }
  });

  testEach(`pbkdf2 with ${hash} is that of node:crypto over many slices`, async (backend) => {
    const name = hash.replace("-", "").toLowerCase();
    for (const iterations of [999, 1_000, 1_001, 1_002, 2_001]) {
      const expected = referencePbkdf2("password", "", iterations, 70, name).toString("hex");
      const key = await pbkdf2("password", "", { iterations, hash, length: 70, backend });
      assertEquals(key.toHex(), expected, `${iterations} iterations`);
    }
  });
}

testEach("Derivations at the same time do not disturb each other", async (backend) => {
  const inputs = Array.from({ length: 30 }, (_, index) => ({
    password: "p".repeat(index),
    salt: randomBytes(index),
  }));
  const options = { iterations: 3_000, length: 40, backend };
  const expected = inputs.map(({ password, salt }) =>
    referencePbkdf2(password, salt, 3_000, 40, "sha256").toString("hex")
  );
  const all = [
    pbkdf2Many(inputs, options),
    ...[0, 1].map(() =>
      Promise.all(inputs.map((input) => pbkdf2(input.password, input.salt, options)))
    ),
  ];
  if (SYNC_BACKENDS.includes(backend)) {
    const keys = inputs.map(({ password, salt }) => pbkdf2Sync(password, salt, options));
    assertEquals(keys.map((key) => key.toHex()), expected);
  }
  for (const keys of await Promise.all(all)) {
    assertEquals(keys.map((key) => key.toHex()), expected);
  }
});

/** What makes each backend absent, in a process of its own. */
const ABSENT: readonly [what: string, setup: string, absent: BackendName[]][] = [
  ["nothing is taken away", "", []],
  ["there is no WebAssembly", "delete globalThis.WebAssembly;", ["wasm"]],
  [
    "a Content-Security-Policy forbids WebAssembly",
    "WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError('CSP'); } };",
    ["wasm"],
  ],
  ["there is no node:crypto", "delete globalThis.process;", ["node"]],
  [
    "the page did not come over HTTPS",
    "Object.defineProperty(crypto, 'subtle', { value: undefined });",
    ["webcrypto"],
  ],
  [
    "there is JavaScript and nothing else",
    `delete globalThis.WebAssembly; delete globalThis.process;
     Object.defineProperty(crypto, "subtle", { value: undefined });`,
    ["wasm", "webcrypto", "node"],
  ],
];

/** A whole use of the API on "auto", then each backend by its name. */
const USE = `
  const api = await import("@ironfern/ironfern");
  const fernet = new api.Fernet(api.Fernet.generateKey());
  const long = "x".repeat(100_000);
  const text = (bytes) => new TextDecoder().decode(bytes);
  const stored = await api.encrypt("text", "secret", { iterations: 30_000 });
  const auto = [
    fernet.decryptText(fernet.encrypt("text")) === "text",
    fernet.decryptText(fernet.encrypt(long)) === long,
    text(await fernet.decryptAsync(await fernet.encryptAsync(long))) === long,
    await api.decrypt(stored, "secret", { iterations: 30_000 }) === "text",
    api.decryptSync(stored, "secret", { iterations: 30_000 }) === "text",
    await api.decryptAesGcm256(
      await api.encryptAesGcm256("text", "secret", { iterations: 2 }),
      "secret",
      { iterations: 2 },
    ) === "text",
  ];
  const named = [];
  for (const backend of ["wasm", "webcrypto", "node", "portable"]) {
    const calls = [
      () => api.pbkdf2("password", "salt", { iterations: 1, backend }),
      () => api.encrypt("text", "secret", { iterations: 1, backend }),
      () => new api.Fernet(api.Fernet.generateKey(), { backend }).encryptAsync("text"),
    ];
    if (backend !== "webcrypto") {
      calls.push(() => new api.Fernet(api.Fernet.generateKey(), { backend }).encrypt("text"));
      calls.push(() => api.pbkdf2Sync("password", "salt", { iterations: 1, backend }));
    }
    for (const call of calls) {
      const outcome = await (async () => await call())().then(
        () => "here",
        (error) =>
          error instanceof api.BackendUnavailableError && error.backend === backend
            ? "absent"
            : String(error),
      );
      named.push([backend, outcome]);
    }
  }
  const reasons = [];
  const onUnavailable = ({ backend, message }) => reasons.push([backend, message]);
  const available = api.availableBackends({ onUnavailable });
  console.log(JSON.stringify({ auto, named, available, reasons }));`;

interface Use {
  auto: boolean[];
  named: [BackendName, string][];
  available: BackendName[];
  reasons: [BackendName, string][];
}

for (const [what, setup, absent] of ABSENT) {
  Deno.test(`Where ${what}, "auto" works and what is absent says so`, async () => {
    const { stdout, stderr } = await run(Deno.execPath(), ["run", "-A", "-"], {
      stdin: setup + USE,
    });
    assert(stdout, stderr);
    const { auto, named, available, reasons }: Use = JSON.parse(stdout);
    assertEquals(auto, Array(6).fill(true));
    assertEquals(available, BACKENDS.filter((name) => !absent.includes(name)));
    assertEquals(reasons.map(([name]) => name), absent);
    assert(reasons.every(([name, reason]) => reason.includes(`the backend "${name}":`)));
    assertEquals(named.length, 18);
    for (const [name, outcome] of named) {
      assertEquals([name, outcome], [name, absent.includes(name) ? "absent" : "here"]);
    }
  });
}

testEach("A bad token among lines leaves an empty line", async (_, backend) => {
  for (const engine of engines(backend)) {
    const sealed = await engine.seal(
      KEY,
      joinBytes([randomBytes(20), randomBytes(3)]),
      randomHeads(2),
    );
    const [first, last] = batchTexts(sealed).map(encodeAscii);
    const bad = first.with(50, first[50] ^ 1);
    const tokens = joinBytes([bad, first, new Uint8Array(), bad, bad, last], true);
    const { plaintexts, valid } = await engine.open(KEY, tokens);
    assertEquals([...valid], [0, 1, 0, 0, 0, 1]);
    const lengths = [0, 20, 0, 0, 0, 3];
    lengths.forEach((length, index) => assertEquals(batchRecord(plaintexts, index).length, length));
    assertEquals(
      plaintexts.bytes.filter((_, index) => plaintexts.offsets.includes(index + 1)),
      new Uint8Array(6).fill(0x0a),
    );
  }
});

Deno.test("The kernel finds the lines that indexOf finds", () => {
  const find = getBackend("wasm").takeLines;
  assert(find);
  const texts = [
    ...Array.from({ length: 200 }, (_, length) => randomBytes(length).map((byte) => byte % 13)),
    randomBytes(100_000),
    new Uint8Array(20_000).fill(0x0a),
    new Uint8Array(2_000_000),
    new Uint8Array(2_000_000).fill(0x0a, 1_048_575),
    new Uint8Array(2_000_000).fill(0x0a, 1_048_576),
  ];
  for (const text of texts) {
    const lines = find(text);
    assertEquals(lines, takeLines(text));
    assertEquals(lines.bytes.byteOffset, 0);
  }
  assertEquals(find(texts[201]).offsets.length, 8_193);
});
