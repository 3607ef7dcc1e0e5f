/**
 * Live exchange with Python's `cryptography`: what either side writes the other
 * one reads, on every backend. The random inputs come from a seed that is printed,
 * with a failure too (`deno test --quiet` drops the first); INTEROP_SEED repeats it.
 *
 * @module
 */

import {
  type BackendName,
  BackendUnavailableError,
  decrypt,
  decryptAesGcm256,
  encrypt,
  encryptAesGcm256,
  Fernet,
  InvalidTokenError,
  MultiFernet,
} from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BACKENDS, SYNC_BACKENDS } from "../support/backends.ts";
import { PYTHON, testWithPython } from "../support/python.ts";
import { run } from "../support/tools.ts";

const FLET_COSTS = [600_000, 100_000];

const seed = Number(Deno.env.get("INTEROP_SEED") ?? crypto.getRandomValues(new Int32Array(1))[0]);
console.log(`Interoperation with Python: INTEROP_SEED=${seed}`);

function testWithSeed(name: string, body: () => Promise<void>): void {
  testWithPython(name, async () => {
    try {
      await body();
    } catch (cause) {
      throw new Error(`failed with INTEROP_SEED=${seed}`, { cause });
    }
  });
}

/** Calls a function of interop.py once for each of the arguments, in one process. */
async function python<T>(name: string, calls: readonly object[]): Promise<T[]> {
  assert(PYTHON);
  const { success, stdout, stderr } = await run(PYTHON, ["tests/support/interop.py"], {
    stdin: JSON.stringify(
      { function: name, calls },
      (_, value) => value instanceof Uint8Array ? { base64: value.toBase64() } : value,
    ),
  });
  assert(success, stderr);
  return JSON.parse(
    stdout,
    (_, value) => value?.base64 === undefined ? value : Uint8Array.fromBase64(value.base64),
  );
}

function sample<T>(values: fc.Arbitrary<T>, count: number): T[] {
  return fc.sample(values, { seed, numRuns: count });
}

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) =>
  key.toBase64({ alphabet: "base64url" })
);
const times = fc.integer({ min: 0, max: 2 ** 33 });
const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40, size: "max" });
const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length, size: "max" });

interface Message {
  readonly key: string;
  readonly data: Uint8Array;
  readonly time: number;
}

/** Messages of the lengths at blocks' ends, of all lengths up to 70,000, and texts. */
function messages(): Message[] {
  const lengths = [0, 1, 15, 16, 17, 31, 32, 47, 48, 65_535, 70_000];
  const encoder = new TextEncoder();
  const contents = [
    ...lengths.flatMap((length) => sample(bytesOf(length), 1)),
    ...sample(fc.nat(70_000).chain(bytesOf), 8),
    ...["", "\u{feff}é e\u{301}\0", ...sample(texts, 20)].map((text) => encoder.encode(text)),
  ];
  return sample(fc.tuple(keys, times), contents.length).map(([key, time], index) => ({
    key,
    time,
    data: contents[index],
  }));
}

async function plaintextOf(token: string, fernet: Fernet): Promise<Uint8Array> {
  return Uint8Array.from(await fernet.decryptAsync(token));
}

for (const backend of BACKENDS) {
  testWithSeed(`reads our tokens [${backend}]`, async () => {
    const written = messages();
    const tokens = await Promise.all(
      written.map(({ key, data }) => new Fernet(key, { backend }).encryptAsync(data)),
    );
    const calls = written.map(({ key }, index) => ({ key, token: tokens[index] }));
    assertEquals(await python("decrypt", calls), written.map(({ data }) => data));
  });

  testWithSeed(`writes tokens that we read [${backend}]`, async () => {
    const written = messages();
    const tokens = await python<string>("encrypt", written);
    const read = await Promise.all(
      written.map(({ key }, index) => plaintextOf(tokens[index], new Fernet(key, { backend }))),
    );
    assertEquals(read, written.map(({ data }) => data));
  });

  testWithSeed(`derives a Fernet's key as we do [${backend}]`, async () => {
    const salts = fc.uint8Array({ minLength: 1, maxLength: 40 });
    const cases = sample(fc.tuple(texts, salts, fc.integer({ min: 1, max: 3_000 }), texts), 20)
      .map(([passphrase, salt, iterations, text]) => ({
        options: { passphrase, salt, iterations },
        data: new TextEncoder().encode(text),
      }));
    const fernets = await Promise.all(
      cases.map(({ options: { passphrase, salt, iterations } }) =>
        Fernet.fromPassphrase(passphrase, { salt, iterations, backend })
      ),
    );
    const expected = cases.map(({ data }) => data);

    const theirs = await python<string>(
      "passphrase_encrypt",
      cases.map(({ options, data }) => ({ ...options, data })),
    );
    assertEquals(
      await Promise.all(theirs.map((token, index) => plaintextOf(token, fernets[index]))),
      expected,
    );
    const ours = await Promise.all(fernets.map((fernet, at) => fernet.encryptAsync(expected[at])));
    assertEquals(
      await python(
        "passphrase_decrypt",
        cases.map(({ options }, index) => ({ ...options, token: ours[index] })),
      ),
      expected,
    );
  });
}

for (const backend of SYNC_BACKENDS) {
  testWithSeed(`reads batches of ours, whose times it agrees on [${backend}]`, async () => {
    const [{ key }] = messages();
    const fernet = new Fernet(key, { backend });
    const data = messages().map(({ data }) => data);
    const calls = (tokens: readonly string[]) => tokens.map((token) => ({ key, token }));
    assertEquals(await python("decrypt", calls(fernet.encryptMany(data))), data);

    const moments = [0, 2 ** 32, 2 ** 53 - 1, ...sample(times, 10)];
    const tokens = moments.map((time) => fernet.encryptAtTime("", time));
    assertEquals(await python("extract_timestamp", calls(tokens)), moments.map(String));
    assertEquals(tokens.map((token) => fernet.extractTimestamp(token)), moments);
  });

  testWithSeed(`rotates our tokens, and we its [${backend}]`, async () => {
    const written = messages();
    const [fresh, ...old] = sample(keys, 3);
    const ring = [fresh, ...old];
    const multi = new MultiFernet(ring.map((key) => new Fernet(key, { backend })));
    const first = new Fernet(fresh, { backend });
    const expected = written.map(({ data }) => data);
    const moments = written.map(({ time }) => time);

    const ours = written.map(({ data, time }, index) =>
      new Fernet(ring[index % 3], { backend }).encryptAtTime(data, time)
    );
    const theirRotated = await python<string>(
      "rotate",
      ours.map((token) => ({ keys: ring, token })),
    );
    assertEquals(first.decryptMany(theirRotated).map((bytes) => Uint8Array.from(bytes)), expected);
    assertEquals(theirRotated.map((token) => first.extractTimestamp(token)), moments);

    const theirs = await python<string>(
      "encrypt",
      written.map(({ data, time }, index) => ({ key: ring[index % 3], data, time })),
    );
    const ourRotated = multi.rotateMany(theirs).map((token) => ({ key: fresh, token }));
    assertEquals(await python("decrypt", ourRotated), expected);
    assertEquals(await python("extract_timestamp", ourRotated), moments.map(String));
    const sealed = multi.encryptMany(expected).map((token) => ({ keys: ring, token }));
    assertEquals(await python("multi_decrypt", sealed), expected);
  });

  testWithSeed(`refuses the tokens that we refuse [${backend}]`, async () => {
    const written = messages().filter(({ data }) => data.length < 1_000);
    const tokens = await python<string>("encrypt", written);
    const calls = written.flatMap(({ key, time }, index) => {
      const raw = Uint8Array.fromBase64(tokens[index], { alphabet: "base64url" });
      const changed = sample(fc.tuple(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 })), 20)
        .map(([at, bits]) => raw.map((byte, position) => position === at ? byte ^ bits : byte));
      const cut = [raw.slice(0, -1), raw.slice(0, -16), raw.slice(0, 9), raw.slice(0, 0)];
      const bad = [...changed, ...cut].map((raw) => raw.toBase64({ alphabet: "base64url" }));
      return [
        ...bad.map((token) => ({ key, token })),
        { key, token: tokens[(index + 1) % tokens.length] },
        { key, token: new Fernet(key, { backend }).encryptAtTime("", time).slice(4) },
      ];
    });
    for (const { key, token } of calls) {
      assertThrows(() => new Fernet(key, { backend }).decrypt(token), InvalidTokenError);
    }
    assertEquals(await python("decrypt", calls), calls.map(() => null));
  });
}

testWithSeed("agrees on when a token expires, and on clock skew", async () => {
  const [key] = sample(keys, 1);
  const fernet = new Fernet(key);
  // From 10^11 on, currentTime is refused as milliseconds.
  const moments = [0, 60, 2 ** 32, 1e11 - 1_100_000, ...sample(times, 10)];
  const lives = [0, 1, 59, 60, 61, 86_400, ...sample(fc.nat(1_000_000), 3), 0.5, 3.25];
  const calls = moments.flatMap((time) => {
    const token = fernet.encryptAtTime("in time", time);
    return lives.flatMap((ttl) =>
      [ttl - 1, ttl, ttl + 1, -59, -60, -61].map((age) => ({ key, token, ttl, now: time + age }))
    );
  }).filter(({ now }) => now >= 0).map((call) => ({ ...call, now: Math.floor(call.now) }));
  const accepts = ({ token, ttl, now }: typeof calls[number]) => {
    const [{ ok }] = fernet.decryptManySettled([token], { ttl, currentTime: now });
    return ok;
  };
  const ours = calls.map(accepts);
  const theirs = await python("decrypt_at_time", calls);
  assertEquals(ours, theirs.map((plaintext) => plaintext !== null));
  assert(ours.includes(true) && ours.includes(false));
});

testWithSeed("writes tokens of any 64-bit time, which we read as it does", async () => {
  const [key] = sample(keys, 1);
  const fernet = new Fernet(key);
  const moments = ["9007199254740991", "9007199254740992", "18446744073709551615"];
  const data = new TextEncoder().encode("far off");
  const tokens = await python<string>("encrypt", moments.map((time) => ({ key, data, time })));
  assertEquals(fernet.extractTimestamp(tokens[0]), Number.MAX_SAFE_INTEGER);
  for (const token of tokens.slice(1)) {
    assertThrows(() => fernet.extractTimestamp(token), RangeError);
  }
  assertEquals(tokens.map((token) => fernet.decryptText(token)), moments.map(() => "far off"));
  const calls = tokens.map((token) => ({ key, token, ttl: 1_000_000, now: 1_000_000 }));
  assertEquals(await python("decrypt_at_time", calls), moments.map(() => null));
  for (const { token, ttl, now } of calls) {
    assertThrows(() => fernet.decrypt(token, { ttl, currentTime: now }), InvalidTokenError);
  }
});

interface FletFormat {
  readonly name: string;
  readonly encrypt: typeof encrypt;
  readonly decrypt: typeof decrypt;
  /** The names of the functions in interop.py. */
  readonly theirs: { readonly encrypt: string; readonly decrypt: string };
  readonly backends: readonly BackendName[];
}

const FLET_FORMATS: readonly FletFormat[] = [{
  name: "Flet's format",
  encrypt,
  decrypt,
  theirs: { encrypt: "flet_encrypt", decrypt: "flet_decrypt" },
  backends: BACKENDS,
}, {
  name: "Flet's AES-GCM format",
  encrypt: encryptAesGcm256,
  decrypt: decryptAesGcm256,
  theirs: { encrypt: "flet_encrypt_gcm", decrypt: "flet_decrypt_gcm" },
  // Deno's WebCrypto does not take the format's nonce.
  backends: SYNC_BACKENDS,
}];

for (const format of FLET_FORMATS) {
  testWithSeed(`reads what we write in ${format.name}`, async () => {
    const combinations = format.backends.flatMap((backend) =>
      FLET_COSTS.map((iterations) => ({ backend, iterations }))
    );
    const cases = sample(fc.tuple(texts, texts), combinations.length);
    const calls = [];
    for (const [index, { backend, iterations }] of combinations.entries()) {
      const [text, secret] = cases[index];
      const value = await format.encrypt(text, secret, { backend, iterations });
      calls.push({ value, secret, iterations });
    }
    assertEquals(await python(format.theirs.decrypt, calls), cases.map(([text]) => text));
  });

  testWithSeed(`writes what we read in ${format.name}`, async () => {
    const cases = sample(fc.tuple(texts, texts), FLET_COSTS.length + 1)
      .map(([text, secret]) => ({ text, secret }));
    // An empty text at a cost that is cheap, and neither side's default.
    const costs = [...FLET_COSTS, 1_000];
    cases[2].text = "";
    const calls = cases.map((call, index) => ({ ...call, iterations: costs[index] }));
    const values = await python<string>(format.theirs.encrypt, calls);
    for (const backend of format.backends) {
      for (const [index, { text, secret, iterations }] of calls.entries()) {
        const options = FLET_COSTS.includes(iterations) ? { backend } : { backend, iterations };
        assertEquals(await format.decrypt(values[index], secret, options), text);
      }
      const options = { backend, iterations: 1_000 };
      await assertRejects(() => format.decrypt(values[2], "no", options), InvalidTokenError);
    }
  });
}

testWithSeed("writes a nonce that WebCrypto says it does not take", async () => {
  const call = { text: "text", secret: "secret", iterations: 1_000 };
  const [value] = await python<string>("flet_encrypt_gcm", [call]);
  const options = { iterations: 1_000, backend: "webcrypto" } as const;
  await assertRejects(() => decryptAesGcm256(value, "secret", options), BackendUnavailableError);
  assertEquals(await decryptAesGcm256(value, "secret", { iterations: 1_000 }), "text");
});

testWithSeed("reads every line of encryptLines, and writes lines for decryptLines", async () => {
  const [key] = sample(keys, 1);
  const fernet = new Fernet(key);
  const lines = ["", "a\r", "", ...sample(texts, 300).map((text) => text.replaceAll("\n", " "))];
  const through = async (text: string, stream: TransformStream<Uint8Array, Uint8Array>) =>
    await new Response(new Blob([text]).stream().pipeThrough(stream)).text();
  for (const ending of ["", "\n"]) {
    const text = lines.join("\n") + ending;
    const sealed = await through(text, encryptLines(fernet));
    assertEquals(sealed.endsWith("\n"), ending === "\n");
    const calls = sealed.slice(0, sealed.length - ending.length).split("\n")
      .map((token) => ({ key, token }));
    const read = await python<Uint8Array>("decrypt", calls);
    assertEquals(
      read.map((bytes) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)),
      lines,
    );

    const encoder = new TextEncoder();
    const written = lines.map((line) => ({ key, data: encoder.encode(line), time: 0 }));
    const tokens = await python<string>("encrypt", written);
    assertEquals(await through(tokens.join("\n") + ending, decryptLines(fernet)), text);
  }
});

testWithSeed("a key's text is read in every form that Python reads", async () => {
  const keys = sample(fc.uint8Array({ minLength: 32, maxLength: 32 }), 20);
  const texts = keys.flatMap((bytes) => [
    bytes.toBase64(),
    `${bytes.toBase64()}\n`,
    ` ${bytes.toBase64({ alphabet: "base64url" })}\r\n`,
  ]);
  const data = Uint8Array.of(1, 2, 3);
  const tokens = await python<string>("encrypt", texts.map((key) => ({ key, data, time: "1" })));
  texts.forEach((text, index) => assertEquals(new Fernet(text).decrypt(tokens[index]), data));
});

testWithSeed("MultiFernet tells the time that Python's tells", async () => {
  const keys = Array.from({ length: 3 }, () => Fernet.generateKey());
  const multi = new MultiFernet(keys.map((key) => new Fernet(key)));
  const tokens = keys.map((key, index) => new Fernet(key).encryptAtTime("a", 1_000 * index));
  const calls = tokens.map((token) => ({ keys, token }));
  const times = await python<string>("multi_extract_timestamp", calls);
  assertEquals(tokens.map((token) => String(multi.extractTimestamp(token))), times);
});
