/**
 * Misuse and bad data: one clear error each, and none that tells a secret.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import * as api from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";

const { Fernet, InvalidTokenError, MultiFernet } = api;
const BASE64URL = { alphabet: "base64url" } as const;

/** All that is secret here has this in it, so that no message may have it. */
const TELLTALE = /hunter2/i;
const SECRET = "Hunter2-secret";
const PLAIN = "Hunter2-plain";
const KEY = "Hunter2-key_Hunter2-key_Hunter2-key_Hunter0=";

const fernet = new Fernet(KEY);
const multi = new MultiFernet([new Fernet(Fernet.generateKey()), fernet]);
const token = fernet.encrypt(PLAIN);
const stored = await api.encrypt(PLAIN, SECRET, { iterations: 2 });
const storedGcm = await api.encryptAesGcm256(PLAIN, SECRET, { iterations: 2 });

/** A value of a type that TypeScript would refuse, as JavaScript passes it. */
// deno-lint-ignore no-explicit-any
function wrong(value: unknown): any {
  return value;
}

type ErrorClass = typeof TypeError | typeof RangeError | typeof InvalidTokenError;
type Row = [what: string, error: ErrorClass, message: string, call: () => unknown];

/** What is wrong with the way that a call ends, if it is anything. */
async function complaint([what, expected, message, call]: Row): Promise<string | undefined> {
  try {
    await call();
    return `${what}: nothing was thrown`;
  } catch (error) {
    if (!(error instanceof Error) || error.constructor !== expected) return `${what}: ${error}`;
    if (!error.message.includes(message)) return `${what}: "${error.message}" lacks "${message}"`;
    if (TELLTALE.test(`${error.message} ${error.cause}`)) return `${what}: ${error} tells a secret`;
  }
}

/** Registers one test of a table: every call ends with exactly that error. */
function testRows(name: string, rows: readonly Row[]): void {
  Deno.test(`${name}: ${rows.length} errors`, async () => {
    const complaints: string[] = [];
    for (const row of rows) {
      const text = await complaint(row);
      if (text) complaints.push(text);
    }
    assertEquals(complaints, []);
  });
}

/** A table of the same bad arguments for each of these calls. */
function table<T>(
  calls: Readonly<Record<string, (argument: T) => unknown>>,
  bad: readonly [what: string, argument: unknown, error: ErrorClass, message: string][],
): Row[] {
  return Object.entries(calls).flatMap(([name, call]) =>
    bad.map(([what, argument, error, message]): Row => [
      `${name}, ${what}`,
      error,
      message,
      () => call(wrong(argument)),
    ])
  );
}

testRows(
  "Secrets",
  table<string>({
    encrypt: (secret) => api.encrypt(PLAIN, secret),
    encryptSync: (secret) => api.encryptSync(PLAIN, secret),
    encryptMany: (secret) => api.encryptMany([PLAIN], secret),
    decrypt: (secret) => api.decrypt(stored, secret),
    decryptSync: (secret) => api.decryptSync(stored, secret),
    decryptMany: (secret) => api.decryptMany([], secret),
    upgrade: (secret) => api.upgrade(stored, secret),
    upgradeMany: (secret) => api.upgradeMany([stored], secret),
    encryptAesGcm256: (secret) => api.encryptAesGcm256(PLAIN, secret),
    decryptAesGcm256: (secret) => api.decryptAesGcm256(storedGcm, secret),
    fromPassphrase: (secret) => Fernet.fromPassphrase(secret, { salt: "salt", iterations: 1 }),
  }, [
    ["empty", "", TypeError, "it is empty, which often means that an environment variable"],
    ["no bytes", new Uint8Array(), TypeError, "environment variable"],
    ["undefined", undefined, TypeError, "it is missing, which often means that an environment"],
    ["null", null, TypeError, "environment variable"],
    ["a number", 7, TypeError, "got number"],
    ["a buffer", new ArrayBuffer(8), TypeError, "got ArrayBuffer"],
    ["half a character", `${SECRET}\ud83d`, TypeError, "lone surrogate"],
    ["over 1 MiB", SECRET.repeat(80_000), RangeError, "1048576"],
  ]),
);

testRows(
  "Iterations",
  table<number>({
    encrypt: (iterations) => api.encrypt(PLAIN, SECRET, { iterations }),
    encryptSync: (iterations) => api.encryptSync(PLAIN, SECRET, { iterations }),
    encryptMany: (iterations) => api.encryptMany([], SECRET, { iterations }),
    decrypt: (iterations) => api.decrypt(stored, SECRET, { iterations }),
    decryptSync: (iterations) => api.decryptSync(stored, SECRET, { iterations: [2, iterations] }),
    decryptMany: (iterations) => api.decryptMany([], SECRET, { iterations: [iterations] }),
    upgrade: (iterations) => api.upgrade(stored, SECRET, { iterations }),
    "upgrade to": (iterations) => api.upgrade(stored, SECRET, { targetIterations: iterations }),
    encryptAesGcm256: (iterations) => api.encryptAesGcm256(PLAIN, SECRET, { iterations }),
    decryptAesGcm256: (iterations) => api.decryptAesGcm256(storedGcm, SECRET, { iterations }),
    pbkdf2: (iterations) => api.pbkdf2(SECRET, "salt", { iterations }),
    pbkdf2Sync: (iterations) => api.pbkdf2Sync(SECRET, "salt", { iterations }),
    pbkdf2Many: (iterations) => api.pbkdf2Many([], { iterations }),
    fromPassphrase: (iterations) => Fernet.fromPassphrase(SECRET, { salt: "salt", iterations }),
  }, [
    ...[0, -1, 1.5, NaN, Infinity, 2 ** 32].map((count) =>
      [`${count}`, count, RangeError, `${count}: expected an integer from 1 to 4294967295`] as const
    ).map(([...row]) => row),
    ["text", "600000", TypeError, "got string"],
    ["bigint", 600_000n, TypeError, "got bigint"],
  ]),
);

/** Calls that take one text, value, token or message, alone or among others. */
const TAKES_ONE: Record<string, (value: string) => unknown> = {
  encrypt: (text) => api.encrypt(text, SECRET),
  encryptSync: (text) => api.encryptSync(text, SECRET),
  encryptMany: (text) => api.encryptMany([PLAIN, text], SECRET),
  encryptAesGcm256: (text) => api.encryptAesGcm256(text, SECRET),
  decrypt: (text) => api.decrypt(text, SECRET),
  decryptSync: (text) => api.decryptSync(text, SECRET),
  decryptMany: (text) => api.decryptMany([stored, text], SECRET),
  decryptAesGcm256: (text) => api.decryptAesGcm256(text, SECRET),
  upgrade: (text) => api.upgrade(text, SECRET),
  upgradeMany: (text) => api.upgradeMany([stored, text], SECRET),
  "Fernet.encrypt": (text) => fernet.encrypt(text),
  "Fernet.encryptAtTime": (text) => fernet.encryptAtTime(text, 1),
  "Fernet.encryptAsync": (text) => fernet.encryptAsync(text),
  "Fernet.encryptMany": (text) => fernet.encryptMany([PLAIN, text]),
  "Fernet.decrypt": (text) => fernet.decrypt(text),
  "Fernet.decrypt lenient": (text) => fernet.decrypt(text, { lenient: true }),
  "Fernet.decryptText": (text) => fernet.decryptText(text),
  "Fernet.decryptAsync": (text) => fernet.decryptAsync(text),
  "Fernet.decryptMany": (text) => fernet.decryptMany([token, text]),
  "Fernet.extractTimestamp": (text) => fernet.extractTimestamp(text),
  "Fernet.decryptManyText": (text) => fernet.decryptManyText([token, text]),
  "Fernet.extractTimestamp lenient": (text) => fernet.extractTimestamp(text, { lenient: true }),
  "MultiFernet.encrypt": (text) => multi.encrypt(text),
  "MultiFernet.encryptAtTime": (text) => multi.encryptAtTime(text, 1),
  "MultiFernet.encryptAsync": (text) => multi.encryptAsync(text),
  "MultiFernet.decrypt": (text) => multi.decrypt(text),
  "MultiFernet.decryptAsync": (text) => multi.decryptAsync(text),
  "MultiFernet.extractTimestamp": (text) => multi.extractTimestamp(text),
  "MultiFernet.rotate": (text) => multi.rotate(text),
  "MultiFernet.rotate lenient": (text) => multi.rotate(text, { lenient: true }),
  "MultiFernet.rotateMany": (text) => multi.rotateMany([token, text]),
  "new Fernet": (key) => new Fernet(key),
  "pbkdf2's password": (password) => api.pbkdf2(password, "salt", { iterations: 1 }),
  "pbkdf2's salt": (salt) => api.pbkdf2(SECRET, salt, { iterations: 1 }),
  "pbkdf2Many's salt": (salt) => api.pbkdf2Many([{ password: SECRET, salt }], { iterations: 1 }),
  "fromPassphrase's salt": (salt) => Fernet.fromPassphrase(SECRET, { salt, iterations: 1 }),
};

testRows(
  "Texts, tokens and messages of wrong types",
  table(TAKES_ONE, [
    ["undefined", undefined, TypeError, "got undefined"],
    ["null", null, TypeError, "got null"],
    ["a number", 7, TypeError, "got number"],
    ["an object", { secret: SECRET }, TypeError, "got Object"],
    ["an array", [SECRET], TypeError, "got Array"],
    ["a buffer", new ArrayBuffer(32), TypeError, "got ArrayBuffer"],
  ]),
);

const TAKES_MANY: Record<string, (array: string[]) => unknown> = {
  encryptMany: (array) => api.encryptMany(array, SECRET),
  decryptMany: (array) => api.decryptMany(array, SECRET),
  upgradeMany: (array) => api.upgradeMany(array, SECRET),
  pbkdf2Many: (array) => api.pbkdf2Many(wrong(array), { iterations: 1 }),
  "Fernet.encryptMany": (array) => fernet.encryptMany(array),
  "Fernet.decryptMany": (array) => fernet.decryptMany(array),
  "Fernet.decryptManySettled": (array) => fernet.decryptManySettled(array),
  "Fernet.decryptManyText": (array) => fernet.decryptManyText(array),
  "MultiFernet.decryptMany": (array) => multi.decryptMany(array),
  "MultiFernet.decryptManySettled": (array) => multi.decryptManySettled(array),
  "MultiFernet.rotateMany": (array) => multi.rotateMany(array),
};

testRows(
  "Arrays",
  table({ ...TAKES_MANY, "new MultiFernet": (array) => new MultiFernet(wrong(array)) }, [
    ["text", SECRET, TypeError, "expected an array, got string"],
    ["undefined", undefined, TypeError, "expected an array, got undefined"],
    ["a set", new Set([SECRET]), TypeError, "expected an array, got Set"],
  ]),
);

// `forEach` and `map` pass over holes, and so over checks.
testRows(
  "Arrays with a hole",
  table(
    Object.fromEntries(Object.entries(TAKES_MANY).filter(([name]) => !name.endsWith("Settled"))),
    [["a hole", new Array(1), TypeError, "got undefined"]],
  ),
);

Deno.test("A value that is no string fails alone in the settled form", () => {
  const bad = [undefined, null, 7, { secret: SECRET }, [SECRET], new ArrayBuffer(32)];
  for (const cipher of [fernet, multi]) {
    for (const lenient of [false, true]) {
      const results = cipher.decryptManySettled(wrong([...bad, token, , token]), { lenient });
      assertEquals(results.map(({ ok }) => ok), [...bad.map(() => false), true, false, true]);
      results.forEach((result, index) => {
        if (result.ok) return;
        assert(result.error instanceof InvalidTokenError);
        assertEquals(result.error.index, index);
        assert(result.error.cause instanceof TypeError);
        assert(!TELLTALE.test(`${result.error.message} ${result.error.cause}`));
      });
    }
  }
});

const HALF = `${PLAIN}\udd11`;
const MEGABYTES_OVER = new Uint8Array(2 ** 28 + 1);

testRows("Messages that cannot be encrypted", [
  ...table(
    Object.fromEntries(
      Object.entries(TAKES_ONE).filter(([name]) => /encrypt|password|salt/.test(name)),
    ),
    [["half a character", HALF, TypeError, "lone surrogate"]],
  ),
  ...table<Uint8Array>({
    "Fernet.encrypt": (bytes) => fernet.encrypt(bytes),
    "Fernet.encryptAsync": (bytes) => fernet.encryptAsync(bytes),
    "Fernet.encryptMany": (bytes) => fernet.encryptMany([bytes]),
  }, [["256 MiB and a byte", MEGABYTES_OVER, RangeError, "sealed export"]]),
  ...table<string>({
    encrypt: (text) => api.encrypt(text, SECRET),
    encryptMany: (text) => api.encryptMany([text], SECRET),
    encryptAesGcm256: (text) => api.encryptAesGcm256(text, SECRET),
    "Fernet.encrypt": (text) => fernet.encrypt(text),
  }, [
    ["256 MiB and a letter", "x".repeat(2 ** 28 + 1), RangeError, "sealed export"],
    ["more in UTF-8 only", "é".repeat(2 ** 27 + 1), RangeError, "sealed export"],
  ]),
]);

const KEY_BYTES = Uint8Array.fromBase64(KEY, BASE64URL);

testRows("Keys", [
  ...[0, 16, 31, 33, 64].flatMap((length): Row[] => {
    const bytes = new Uint8Array(length).map((_, index) => KEY_BYTES[index % 32]);
    const message = `it has ${length} bytes, expected 32`;
    return [
      [`${length} bytes`, RangeError, message, () => new Fernet(bytes)],
      [`text of ${length}`, RangeError, message, () => new Fernet(bytes.toBase64(BASE64URL))],
    ];
  }),
  ...table({ "new Fernet": (key: string) => new Fernet(key) }, [
    ["white space within", `${KEY.slice(0, 20)} ${KEY.slice(20)}`, TypeError, "not base64"],
    ["two lines", `${KEY}\n${KEY}`, TypeError, "its 89 characters are not base64"],
    ["mixed alphabets", KEY.replace("-", "+"), TypeError, "not base64, expected 44 characters"],
    ["set bits at the end", KEY.replace("0=", "1="), TypeError, "not base64"],
    ["too much padding", `${KEY}=`, TypeError, "not base64"],
    ["hexadecimal", "Hunter2".toLowerCase() + "0".repeat(58), TypeError, "not base64"],
    ["hexadecimal digits", KEY_BYTES.toHex(), TypeError, "64 hexadecimal digits, expected base64"],
    ["beyond ASCII", KEY.replace("H", "é"), TypeError, "not base64"],
    ["a passphrase", `${SECRET} of mine`, TypeError, "22 characters are not base64"],
    ["a passphrase, the hint", `${SECRET} of mine`, TypeError, "to Fernet.fromPassphrase"],
    ["a passphrase that is base64", "Hunter22", RangeError, "it has 6 bytes, expected 32; a pass"],
    ["nothing", undefined, TypeError, "got undefined, which often means that an environment"],
    ["null", null, TypeError, "got null, which often means that an environment"],
    ["no text", "", RangeError, "0 bytes, expected 32; it is empty, which often means that an"],
    ["a line end alone", "\n", RangeError, "it has 0 bytes, expected 32; it is empty"],
    ["the text's bytes", bytes(KEY), RangeError, "44 bytes, expected 32; if they are a key's text"],
  ]),
]);

Deno.test("A key's text is read as other tools write it", () => {
  const texts: Record<string, string> = {
    "its own": KEY,
    "the standard alphabet": KEY_BYTES.toBase64(),
    "without padding": KEY_BYTES.toBase64({ ...BASE64URL, omitPadding: true }),
    "both": KEY_BYTES.toBase64({ omitPadding: true }),
    "a line end": `${KEY}\n`,
    "a line end of Windows": `${KEY_BYTES.toBase64()}\r\n`,
    "white space around": ` \t${KEY}\n\n `,
    "a byte order mark": `\ufeff${KEY}\r\n`,
  };
  assert(/[+/]/.test(KEY_BYTES.toBase64()));
  for (const [what, text] of Object.entries(texts)) {
    assertEquals(new Fernet(text).decryptText(token), PLAIN, what);
  }
});

/** Calls that have options, each given these. */
const TAKES_OPTIONS: Record<string, (options: api.FernetDecryptOptions) => unknown> = {
  "Fernet.decrypt": (options) => fernet.decrypt(token, options),
  "Fernet.decryptText": (options) => fernet.decryptText(token, options),
  "Fernet.decryptMany": (options) => fernet.decryptMany([token], options),
  "Fernet.decryptManyText": (options) => fernet.decryptManyText([token], options),
  "Fernet.decryptManySettled": (options) => fernet.decryptManySettled([token], options),
  "Fernet.decryptAsync": (options) => fernet.decryptAsync(token, options),
  "MultiFernet.decrypt": (options) => multi.decrypt(token, options),
  "MultiFernet.decryptText": (options) => multi.decryptText(token, options),
  "MultiFernet.decryptMany": (options) => multi.decryptMany([token], options),
  "MultiFernet.decryptManyText": (options) => multi.decryptManyText([token], options),
  "MultiFernet.decryptManySettled": (options) => multi.decryptManySettled([token], options),
  "MultiFernet.decryptAsync": (options) => multi.decryptAsync(token, options),
};

const TAKES_OTHER_OPTIONS: Record<string, (options: Record<string, unknown>) => unknown> = {
  availableBackends: (options) => api.availableBackends(options),
  "new Fernet": (options) => new Fernet(KEY, options),
  "Fernet.fromPassphrase": (options) => Fernet.fromPassphrase(SECRET, wrong(options)),
  "Fernet.encryptAsync": (options) => fernet.encryptAsync(PLAIN, options),
  "Fernet.extractTimestamp": (options) => fernet.extractTimestamp(token, options),
  "MultiFernet.encryptAsync": (options) => multi.encryptAsync(PLAIN, options),
  "MultiFernet.extractTimestamp": (options) => multi.extractTimestamp(token, options),
  "MultiFernet.rotate": (options) => multi.rotate(token, options),
  "MultiFernet.rotateMany": (options) => multi.rotateMany([token], options),
};

testRows("Options of Fernet and MultiFernet", [
  ...table<api.FernetDecryptOptions>(TAKES_OPTIONS, [
    ["Python's own signature", 3_600, TypeError, "got number; write { ttl: 3600 }"],
    ["a misspelt name", { tll: 60 }, TypeError, 'option "tll": it is unknown, did you mean ttl?'],
    ["another case", { TTL: 60 }, TypeError, "did you mean ttl?"],
    ["the time now", { ttl: Date.now() }, RangeError, "not milliseconds"],
    ["10^11 seconds", { ttl: 1e11 }, RangeError, "how many seconds a token is valid"],
    [
      "another time in milliseconds",
      { ttl: 60, currentTime: Date.now() },
      RangeError,
      "a Unix time in seconds, not milliseconds",
    ],
    ["another time of 10^11", { ttl: 60, currentTime: 1e11 }, RangeError, "not milliseconds"],
    ["lenient as text", { lenient: "false" }, TypeError, "expected true or false, got string"],
  ]),
  ...table<Record<string, unknown>>({ ...TAKES_OTHER_OPTIONS, ...wrong(TAKES_OPTIONS) }, [
    ["null", null, TypeError, "expected an object of"],
    ["text", "portable", TypeError, "got string"],
    ["an array", [], TypeError, "got Array"],
    ["an unknown name", { wholly: SECRET }, TypeError, '"wholly": it is unknown, expected'],
  ]),
  ...table<AbortSignal>({
    encryptAsync: (signal) => fernet.encryptAsync(PLAIN, { signal }),
    decryptAsync: (signal) => fernet.decryptAsync(token, { signal }),
  }, [["no signal", {}, TypeError, "expected an AbortSignal, got Object"]]),
  [
    "no callback",
    TypeError,
    "onUnavailable: expected a function, got string",
    () => api.availableBackends({ onUnavailable: wrong("warn") }),
  ],
]);

Deno.test("Only an object's own options count", async () => {
  const prototype: Record<string, unknown> = Object.prototype as unknown as typeof prototype;
  const inherited = {
    ttl: 0,
    currentTime: 9e9,
    lenient: true,
    backend: "webcrypto",
    iterations: 1,
  };
  for (const [name, value] of Object.entries(inherited)) {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
  try {
    for (const cipher of [new Fernet(KEY, {}), new MultiFernet([new Fernet(KEY)])]) {
      assertEquals(cipher.decryptText(token, {}), PLAIN);
      assertEquals((await cipher.decryptAsync(token, {})).length, PLAIN.length);
      assertEquals(cipher.decryptManySettled([` ${token}`], {})[0].ok, false);
    }
  } finally {
    for (const name of Object.keys(inherited)) delete prototype[name];
  }
  assertEquals(fernet.decryptText(token, Object.create(null)), PLAIN);
});

Deno.test("Options that nothing could be read from are refused, not taken as none", async () => {
  class Limits {
    get ttl(): number {
      return 1;
    }
  }
  const made: readonly [kind: string, options: object][] = [
    ["Map", new Map([["ttl", 1]])],
    ["Promise", Promise.resolve({ ttl: 1 })],
    ["Date", new Date()],
    ["Limits", new Limits()],
    ["Object", Object.create({ ttl: 1 })],
  ];
  for (const [kind, options] of made) {
    const calls = [
      () => fernet.decryptText(token, options),
      () => fernet.decryptAsync(token, options),
      () => decryptLines(fernet, options),
      () => api.decrypt(stored, SECRET, options),
    ];
    for (const call of calls) {
      const { message } = await assertRejects(async () => await call(), TypeError);
      assert(message.startsWith("Cannot use the options: expected an object"), message);
      assert(message.endsWith(`got ${kind}`), message);
    }
  }
  assertEquals(fernet.decryptText(token, Object.assign(new Limits(), { lenient: true })), PLAIN);
});

type Backend = api.BackendChoice;

testRows(
  "Backends",
  table<Backend>({
    encrypt: (backend) => api.encrypt(PLAIN, SECRET, { backend }),
    encryptSync: (backend) => api.encryptSync(PLAIN, SECRET, { backend }),
    encryptMany: (backend) => api.encryptMany([], SECRET, { backend }),
    decrypt: (backend) => api.decrypt(stored, SECRET, { backend }),
    decryptSync: (backend) => api.decryptSync(stored, SECRET, { backend }),
    decryptMany: (backend) => api.decryptMany([], SECRET, { backend }),
    upgrade: (backend) => api.upgrade(stored, SECRET, { backend }),
    encryptAesGcm256: (backend) => api.encryptAesGcm256(PLAIN, SECRET, { backend }),
    decryptAesGcm256: (backend) => api.decryptAesGcm256(storedGcm, SECRET, { backend }),
    pbkdf2: (backend) => api.pbkdf2(SECRET, "salt", { iterations: 1, backend }),
    pbkdf2Sync: (backend) => api.pbkdf2Sync(SECRET, "salt", { iterations: 1, backend }),
    pbkdf2Many: (backend) => api.pbkdf2Many([], { iterations: 1, backend }),
    fromPassphrase: (backend) =>
      Fernet.fromPassphrase(SECRET, { salt: "salt", iterations: 1, backend }),
    "new Fernet": (backend) => new Fernet(KEY, { backend }),
  }, [
    ["unknown", "webgpu", TypeError, 'expected "auto" or one of "wasm", "webcrypto", "node"'],
    ["of Object.prototype", "constructor", TypeError, 'expected "auto"'],
    ["null", null, TypeError, 'expected "auto"'],
  ]),
);

/** Every synchronous call of a Fernet. */
const SYNC_CALLS: Record<string, (fernet: api.Fernet) => unknown> = {
  encrypt: (fernet) => fernet.encrypt(PLAIN),
  encryptAtTime: (fernet) => fernet.encryptAtTime(PLAIN, 1),
  encryptMany: (fernet) => fernet.encryptMany([PLAIN]),
  decrypt: (fernet) => fernet.decrypt(token),
  decryptText: (fernet) => fernet.decryptText(token),
  decryptMany: (fernet) => fernet.decryptMany([token]),
  decryptManySettled: (fernet) => fernet.decryptManySettled([token]),
  extractTimestamp: (fernet) => fernet.extractTimestamp(token),
  "MultiFernet.encrypt": (fernet) => new MultiFernet([fernet]).encrypt(PLAIN),
  "MultiFernet.encryptMany": (fernet) => new MultiFernet([fernet]).encryptMany([PLAIN]),
  "MultiFernet.decrypt": (fernet) => new MultiFernet([fernet]).decrypt(token),
  "MultiFernet.decryptText": (fernet) => new MultiFernet([fernet]).decryptText(token),
  "MultiFernet.decryptMany": (fernet) => new MultiFernet([fernet]).decryptMany([token]),
  decryptManyText: (fernet) => fernet.decryptManyText([token]),
  "MultiFernet.decryptManyText": (fernet) => new MultiFernet([fernet]).decryptManyText([token]),
  "MultiFernet.decryptManySettled": (fernet) =>
    new MultiFernet([fernet]).decryptManySettled([token]),
  "MultiFernet.encryptAtTime": (fernet) => new MultiFernet([fernet]).encryptAtTime(PLAIN, 1),
  "MultiFernet.extractTimestamp": (fernet) => new MultiFernet([fernet]).extractTimestamp(token),
  "MultiFernet.rotate": (fernet) => new MultiFernet([fernet]).rotate(token),
  "MultiFernet.rotateMany": (fernet) => new MultiFernet([fernet]).rotateMany([token]),
};

testRows("WebCrypto in synchronous calls", [
  ...table(SYNC_CALLS, [
    ["webcrypto", new Fernet(KEY, { backend: "webcrypto" }), TypeError, "it has promises only"],
  ]),
  ...table<Backend>({
    encryptSync: (backend) => api.encryptSync(PLAIN, SECRET, { backend, iterations: 1 }),
    decryptSync: (backend) => api.decryptSync(stored, SECRET, { backend, iterations: 2 }),
    pbkdf2Sync: (backend) => api.pbkdf2Sync(SECRET, "salt", { backend, iterations: 1 }),
  }, [["webcrypto", "webcrypto", TypeError, "it has promises only"]]),
]);

const destroyed = new Fernet(KEY);
destroyed.destroy();
const disposed = new Fernet(KEY);
disposed[Symbol.dispose]();

testRows(
  "A Fernet that was destroyed",
  table<api.Fernet>({
    ...SYNC_CALLS,
    encryptAsync: (fernet) => fernet.encryptAsync(PLAIN),
    decryptAsync: (fernet) => fernet.decryptAsync(token),
    "decryptMany of none": (fernet) => fernet.decryptMany([]),
    encryptLines: (fernet) => through(encryptLines(fernet), [bytes(PLAIN)]),
    decryptLines: (fernet) => through(decryptLines(fernet), [bytes(token)]),
  }, [
    ["destroyed", destroyed, TypeError, "it was destroyed"],
    ["disposed", disposed, TypeError, "it was destroyed"],
  ]),
);

testRows("Numbers and other options", [
  ...table<number>({
    ttl: (ttl) => fernet.decrypt(token, { ttl }),
    "ttl of decryptMany": (ttl) => fernet.decryptMany([], { ttl }),
    "ttl of decryptAsync": (ttl) => fernet.decryptAsync(token, { ttl }),
    "ttl of MultiFernet": (ttl) => multi.decrypt(token, { ttl }),
    "ttl of decryptLines": (ttl) => decryptLines(fernet, { ttl }),
    currentTime: (currentTime) => fernet.decrypt(token, { ttl: 1, currentTime }),
  }, [
    ["-1", -1, RangeError, "expected a finite number of seconds"],
    ["NaN", NaN, RangeError, "expected a finite number of seconds"],
    ["Infinity", Infinity, RangeError, "expected a finite number of seconds"],
    ["text", "60", TypeError, "expected a number, got string"],
  ]),
  ["currentTime alone", TypeError, "without ttl", () => fernet.decrypt(token, { currentTime: 1 })],
  ...table({ encryptAtTime: (time: number) => fernet.encryptAtTime(PLAIN, time) }, [
    ["-1", -1, RangeError, "expected an integer from 0 to 9007199254740991"],
    ["1.5", 1.5, RangeError, "expected an integer"],
    ["2^53", 2 ** 53, RangeError, "expected an integer"],
    ["bigint", 1n, TypeError, "got bigint"],
  ]),
  ...table<number>({
    pbkdf2: (length) => api.pbkdf2(SECRET, "salt", { iterations: 1, length }),
    pbkdf2Sync: (length) => api.pbkdf2Sync(SECRET, "salt", { iterations: 1, length }),
  }, [
    ["length 0", 0, RangeError, "length 0: expected an integer from 1 to 1048576"],
    ["length 1 MiB + 1", 2 ** 20 + 1, RangeError, "expected an integer"],
    ["length as text", "32", TypeError, "got string"],
  ]),
  ...table<api.Hash>({
    pbkdf2: (hash) => api.pbkdf2(SECRET, "salt", { iterations: 1, hash }),
    pbkdf2Sync: (hash) => api.pbkdf2Sync(SECRET, "salt", { iterations: 1, hash }),
  }, [
    ["MD5", "MD5", TypeError, "expected one of SHA-1, SHA-256, SHA-384, SHA-512"],
    ["sha256", "sha256", TypeError, "expected one of SHA-1"],
    ["of Object.prototype", "toString", TypeError, "expected one of SHA-1"],
  ]),
  [
    "five costs",
    RangeError,
    "up to 4, got 5",
    () => api.decrypt(stored, SECRET, { iterations: [1, 2, 3, 4, 5] }),
  ],
  ["no cost", RangeError, "got 0", () => api.decrypt(stored, SECRET, { iterations: [] })],
  ["no options", TypeError, "expected options", () => api.pbkdf2(SECRET, "salt", wrong(undefined))],
  ["no salt", TypeError, "the salt", () => Fernet.fromPassphrase(SECRET, wrong(undefined))],
  [
    "an empty salt",
    TypeError,
    "the salt",
    () => Fernet.fromPassphrase(SECRET, { salt: "", iterations: 1 }),
  ],
  ["no keys", TypeError, "no keys", () => new MultiFernet([])],
  [
    "another key",
    TypeError,
    "array of Fernet instances",
    () => new MultiFernet(wrong([fernet, KEY])),
  ],
  [
    "no UTF-8",
    TypeError,
    "not UTF-8",
    () => fernet.decryptText(fernet.encrypt(Uint8Array.of(0xff))),
  ],
]);

function bytes(text: string) {
  return new TextEncoder().encode(text);
}

function through(stream: TransformStream<Uint8Array, Uint8Array>, chunks: Iterable<unknown>) {
  const input = ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
  return new Response(input.pipeThrough(stream)).text();
}

const MEBIBYTE = new Uint8Array(2 ** 20).fill(0x41);

testRows("Streams of lines", [
  ["a string chunk", TypeError, "TextEncoderStream", () => through(encryptLines(fernet), [PLAIN])],
  ["a string chunk back", TypeError, "got string", () => through(decryptLines(fernet), [token])],
  ["no chunk of bytes", TypeError, "got Array", () => through(encryptLines(fernet), [[1]])],
  [
    "a line of over 16 MiB",
    RangeError,
    "line 1: it has more than 16777216 bytes",
    () => through(encryptLines(fernet), Array(17).fill(MEBIBYTE)),
  ],
  [
    "a later line of over 16 MiB",
    RangeError,
    "line 3:",
    () => through(encryptLines(fernet), [bytes("\n\n"), ...Array(17).fill(MEBIBYTE), bytes("\n")]),
  ],
  [
    "a line that is longer than any token",
    RangeError,
    "line 1",
    () => through(decryptLines(fernet), Array(23).fill(MEBIBYTE)),
  ],
  ["no Fernet", TypeError, "expected a Fernet", () => encryptLines(wrong({}))],
  ["no Fernet back", TypeError, "expected a Fernet", () => decryptLines(wrong(undefined))],
]);

Deno.test("A line of 16 MiB is encrypted and comes back", async () => {
  const line = Array(16).fill(MEBIBYTE);
  const input = ReadableStream.from(line) as ReadableStream<Uint8Array>;
  const stream = input.pipeThrough(encryptLines(fernet)).pipeThrough(decryptLines(fernet));
  const result = await new Response(stream).bytes();
  assertEquals(result.length, 2 ** 24);
  assert(result.every((byte) => byte === 0x41));
});

Deno.test("A bad line is named by its number and its index", async () => {
  for (const bad of [0, 1, 9_000]) {
    const lines = fernet.encryptMany(Array(10_000).fill("row"));
    lines[bad] = lines[bad].slice(1);
    lines[9_999] = "";
    const error = await assertRejects(
      () => through(decryptLines(fernet), [bytes(lines.join("\n"))]),
      InvalidTokenError,
      `line ${bad + 1}:`,
    );
    assertEquals([error.index, error.line], [bad, bad + 1]);
  }
});
