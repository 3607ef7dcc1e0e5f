/**
 * What holds for all inputs, tried on random ones: other ones each run, unless
 * IRONFERN_SEED names the run to repeat.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  decrypt,
  decryptMany,
  encrypt,
  encryptMany,
  Fernet,
  InvalidTokenError,
  MultiFernet,
} from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
import fc from "fast-check";
import { joinBytes, singleBatch } from "../../src/bytes/batch.ts";
import { ofBuffer, ofUint8Array } from "../../src/bytes/native_base64.ts";
import { decodeBase64Url, encodeBase64Url } from "../../src/bytes/base64.ts";
import { encodeAscii } from "../../src/bytes/text.ts";
import { SYNC_BACKENDS, testEach } from "../support/backends.ts";

const seed = Number(
  Deno.env.get("IRONFERN_SEED") ?? crypto.getRandomValues(new Int32Array(1))[0],
);
assert(Number.isInteger(seed), "IRONFERN_SEED is not an integer");
fc.configureGlobal({ seed, numRuns: 200 });

// `deno test --quiet` shows what a test is called, but not what it prints.
Deno.test(`Repeat these properties with IRONFERN_SEED=${seed}`, () => {
  assertEquals(fc.sample(fc.nat(), 5), fc.sample(fc.nat(), { numRuns: 5, seed }));
});

const BASE64URL = { alphabet: "base64url" } as const;
const bytes = (maxLength = 300) => fc.uint8Array({ maxLength }).map((array) => array.slice());
/** Any text without lone surrogates; all of Unicode is as likely as ASCII. */
const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
const secret = text.filter((value) => value.length > 0);
const iterations = fc.integer({ min: 1, max: 50 });

function same(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.toHex(), expected.toHex());
}

testEach("Any bytes come back from a token, every one with an IV of its own", async (backend) => {
  const ivs = new Set<string>();
  let count = 0;
  await fc.assert(
    fc.asyncProperty(bytes(32), bytes(), async (key, message) => {
      const padded = Uint8Array.of(...key, ...new Uint8Array(32 - key.length));
      const fernet = new Fernet(padded, { backend });
      const tokens = [await fernet.encryptAsync(message), await fernet.encryptAsync(message)];
      if (SYNC_BACKENDS.includes(backend)) tokens.push(fernet.encrypt(message));
      for (const token of tokens) {
        same(await fernet.decryptAsync(token), message);
        if (SYNC_BACKENDS.includes(backend)) same(fernet.decrypt(token), message);
        ivs.add(Uint8Array.fromBase64(token, BASE64URL).slice(9, 25).toHex());
        count++;
      }
    }),
  );
  assertEquals(ivs.size, count);
});

testEach("Any text under any passphrase comes back", async (backend) => {
  await fc.assert(
    fc.asyncProperty(text, secret, iterations, async (plainText, secretKey, cost) => {
      const stored = await encrypt(plainText, secretKey, { backend, iterations: cost });
      const options = { backend, iterations: [51, cost, 60] };
      assertEquals(await decrypt(stored, secretKey, options), plainText);
      const other = await encrypt(plainText, secretKey, { backend, iterations: cost });
      assertNotEquals(stored.slice(0, 20), other.slice(0, 20), "the salt is the same");
      await assertRejects(() => decrypt(stored, `${secretKey}x`, options), InvalidTokenError);
    }),
    { numRuns: 50 },
  );
});

/** Every text that differs from the base64url text in one bit of it, or of its bytes. */
function flips(value: string): string[] {
  const changed: string[] = [];
  const raw = Uint8Array.fromBase64(value, BASE64URL);
  for (let bit = 0; bit < 8 * raw.length; bit++) {
    const copy = raw.slice();
    copy[bit >> 3] ^= 1 << (bit & 7);
    changed.push(copy.toBase64(BASE64URL));
  }
  for (let bit = 0; bit < 16 * value.length; bit++) {
    const unit = value.charCodeAt(bit >> 4) ^ 1 << (bit & 15);
    const start = value.slice(0, bit >> 4);
    changed.push(start + String.fromCharCode(unit) + value.slice(start.length + 1));
  }
  return changed;
}

/** Every text that is cut at one end, and some that are longer. */
function cutsAndExtensions(value: string): string[] {
  const cuts = [...value].flatMap((_, index) => [value.slice(0, index), value.slice(index + 1)]);
  const more = ["A", "AA", "AAAA", "=", "====", " ", "\n", "\0", "é", value];
  return [...cuts, ...more.flatMap((extra) => [value + extra, extra + value])];
}

async function assertAllInvalid(
  values: readonly string[],
  open: (value: string) => Promise<unknown>,
): Promise<void> {
  await Promise.all(values.map(async (value) => {
    const outcome = await open(value).then(
      () => "opened",
      (error) => error instanceof InvalidTokenError ? "refused" : String(error),
    );
    assert(outcome === "refused", `${outcome}: ${JSON.stringify(value)}`);
  }));
}

/** Lengths of one, two and three blocks: base64 ends with "==", "=" and neither. */
for (const length of [0, 16, 32]) {
  testEach(`Any flipped bit, cut or extension of a token of ${length} bytes`, async (backend) => {
    const fernet = new Fernet(Fernet.generateKey(), { backend });
    const token = await fernet.encryptAsync(crypto.getRandomValues(new Uint8Array(length)));
    const changed = [...flips(token), ...cutsAndExtensions(token)];
    await assertAllInvalid(changed, (value) => fernet.decryptAsync(value));
    assertEquals((await fernet.decryptAsync(token)).length, length);
    if (!SYNC_BACKENDS.includes(backend)) return;
    // As a batch, whose tokens are back to back in one run of bytes.
    const results = fernet.decryptManySettled(changed);
    results.forEach(({ ok }, index) => assert(!ok, JSON.stringify(changed[index])));
  });
}

testEach("Any flipped bit, cut or extension of a value under a passphrase", async (backend) => {
  const options = { backend, iterations: 1 };
  const stored = await encrypt("", "secret", options);
  const changed = [...flips(stored), ...cutsAndExtensions(stored)];
  await assertAllInvalid(changed, (value) => decrypt(value, "secret", options));
  assertEquals(await decrypt(stored, "secret", options), "");
});

testEach("A flipped bit anywhere in a token of any length", async (backend) => {
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  await fc.assert(
    fc.asyncProperty(bytes(5_000), fc.nat(), async (message, position) => {
      const raw = Uint8Array.fromBase64(await fernet.encryptAsync(message), BASE64URL);
      raw[position % raw.length] ^= 1 << position % 8;
      await assertAllInvalid([raw.toBase64(BASE64URL)], (value) => fernet.decryptAsync(value));
    }),
  );
});

testEach("Batches equal single calls, in their order", (backend) => {
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  const multi = new MultiFernet([new Fernet(Fernet.generateKey(), { backend }), fernet]);
  const messages = fc.array(fc.oneof(bytes(), text), { maxLength: 40 });
  fc.assert(fc.property(messages, (values) => {
    const expected = values.map((value) =>
      typeof value === "string" ? new TextEncoder().encode(value) : value
    );
    const single = values.map((value) => fernet.encrypt(value));
    const many = fernet.encryptMany(values);
    assertEquals(many.length, values.length);
    many.forEach((token, index) => same(fernet.decrypt(token), expected[index]));
    const rotated = multi.rotateMany(many);
    assert(fernet.decryptManySettled(rotated).every(({ ok }) => !ok));
    const decrypted = [fernet.decryptMany(single), multi.decryptMany(single)];
    for (const arrays of [...decrypted, multi.decryptMany(rotated)]) {
      assertEquals(arrays.map((array) => array.toHex()), expected.map((array) => array.toHex()));
    }
  }));
}, SYNC_BACKENDS);

testEach("Batches under a passphrase equal single calls, in their order", async (backend) => {
  const costs = fc.integer({ min: 1, max: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 20 }), secret, costs, async (texts, key, cost) => {
      const options = { backend, iterations: cost };
      const many = await encryptMany(texts, key, options);
      assertEquals(await Promise.all(many.map((value) => decrypt(value, key, options))), texts);
      const single = await Promise.all(texts.map((value) => encrypt(value, key, options)));
      assertEquals(await decryptMany(single, key, options), texts);
    }),
    { numRuns: 30 },
  );
});

/** Sends bytes, cut into pieces of these lengths in turn, through a stream. */
async function through(
  stream: TransformStream<Uint8Array, Uint8Array>,
  input: Uint8Array,
  lengths: readonly number[],
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (let start = 0, turn = 0; start < input.length; turn++) {
    const length = lengths[turn % lengths.length];
    chunks.push(input.subarray(start, start + length));
    start += length;
  }
  return await new Response(ReadableStream.from(chunks).pipeThrough(stream)).bytes();
}

/** Bytes with many line feeds and carriage returns among them. */
const rows = fc.array(fc.oneof(fc.constant(10), fc.constant(13), fc.nat(255)), { maxLength: 200 })
  .map((array) => Uint8Array.from(array));
/** Piece lengths, empty pieces among them, that add up to something. */
const cuts = fc.array(fc.nat(40), { minLength: 1, maxLength: 5 })
  .filter((lengths) => lengths.some((length) => length > 0));

testEach("Any lines, cut anywhere, come back from a stream", async (backend) => {
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  await fc.assert(
    fc.asyncProperty(rows, cuts, cuts, async (input, sealCuts, openCuts) => {
      const sealed = await through(encryptLines(fernet), input, sealCuts);
      same(await through(decryptLines(fernet), sealed, openCuts), input);
      const byteByByte = await through(encryptLines(fernet), input, [1]);
      same(await through(decryptLines(fernet), byteByByte, [1]), input);

      const lines = new TextDecoder("latin1").decode(input).split("\n");
      const tokens = new TextDecoder().decode(sealed).split("\n");
      // What follows the last line feed is no line if it is empty.
      assertEquals(tokens.at(-1) === "", lines.at(-1) === "");
      if (lines.at(-1) === "") [lines, tokens].forEach((array) => array.pop());
      const opened = await Promise.all(tokens.map((token) => fernet.decryptAsync(token)));
      assertEquals(opened.map((line) => new TextDecoder("latin1").decode(line)), lines);
    }),
    { numRuns: 40 },
  );
});

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Deno.test("The base64 decoder takes exactly what it would write", () => {
  const characters = fc.constantFrom(...ALPHABET, ..."+/== \n\0é");
  const near = fc.tuple(bytes(20), fc.nat(), characters).map(([array, place, character]) => {
    const value = array.toBase64(BASE64URL);
    const index = place % (value.length + 1);
    return value.slice(0, index) + character + value.slice(index + 1);
  });
  const quads = fc.string({ unit: characters, maxLength: 12 });
  const whole = bytes(20).map((array) => array.toBase64(BASE64URL));
  fc.assert(
    fc.property(fc.oneof(quads, near, whole), (value) => {
      // Buffer's decoder takes everything, so it shows what would be written.
      const read = new Uint8Array(Buffer.from(value, "base64url"));
      const canonical = read.toBase64(BASE64URL) === value;
      const decoded = decodeBase64Url(encodeAscii(value));
      assertEquals(decoded?.toHex(), canonical ? read.toHex() : undefined);
    }),
    { numRuns: 5_000 },
  );
  fc.assert(fc.property(bytes(), (array) => {
    const written = new TextDecoder().decode(encodeBase64Url(array));
    assertEquals(written, array.toBase64(BASE64URL));
  }));
});

for (const [name, native] of Object.entries({ Uint8Array: ofUint8Array(), Buffer: ofBuffer() })) {
  Deno.test(`The base64 of ${name} is as strict as the one by tables`, () => {
    assert(native);
    const { encodeInto, decode } = native;
    for (let length = 0; length < 200; length++) {
      const array = crypto.getRandomValues(new Uint8Array(length));
      const text = encodeBase64Url(array);
      const encoded = new Uint8Array(text.length);
      encodeInto(array, encoded);
      assertEquals(encoded, text);
      assertEquals(decode(text, length), array);
    }
    const array = crypto.getRandomValues(new Uint8Array(40));
    for (const length of [38, 39, 40]) {
      const text = encodeBase64Url(array.subarray(0, length));
      for (const place of [0, 1, 29, 30, 31, 32, 48, 49, 50, 51]) {
        for (let byte = 0; byte < 256; byte++) {
          const changed = text.with(place, byte);
          const expected = decodeBase64Url(changed);
          const padding = changed.at(-1) !== 0x3d ? 0 : changed.at(-2) !== 0x3d ? 1 : 2;
          const decoded = decode(changed, changed.length / 4 * 3 - padding);
          assertEquals(decoded, expected, `${length} bytes, ${byte} at ${place}`);
        }
      }
    }
  });
}

Deno.test("A long text is judged as a short one is", () => {
  const array = crypto.getRandomValues(new Uint8Array(5_000));
  // Without these bits, two characters of padding would be right instead of one.
  array[4_999] |= 0x10;
  const text = encodeBase64Url(array);
  assertEquals(decodeBase64Url(text), array);
  for (const place of [0, 1_000, text.length - 3, text.length - 2, text.length - 1]) {
    for (const character of "\t\n\f\r +/=.\u007f") {
      const changed = text.with(place, character.charCodeAt(0));
      if (character === "=" && place === text.length - 1) continue;
      assertEquals(decodeBase64Url(changed), undefined, `${JSON.stringify(character)} at ${place}`);
    }
  }
  const lastCharacters = Array.from(
    ALPHABET,
    (character) => decodeBase64Url(text.with(text.length - 2, character.charCodeAt(0))),
  );
  assertEquals(lastCharacters.filter(Boolean).length, 16, "the last byte's four bits");
  assertEquals(decodeBase64Url(text.subarray(1)), undefined);
  assertEquals(decodeBase64Url(text.subarray(0, -4))?.length, 4_998);
});

testEach("No other byte stands for a character of a token", async (_, { async: engine }) => {
  const key = crypto.getRandomValues(new Uint8Array(32));
  for (const length of [0, 16, 32]) {
    const record = singleBatch(new Uint8Array(length));
    const token = (await engine.seal(key, record, new Uint8Array(24))).bytes;
    const places = [...token.keys()].filter((place) => place % 9 === 0 || place > token.length - 6);
    const changed = places.flatMap((place) =>
      Array.from({ length: 256 }, (_, byte) => token.with(place, byte))
    );
    const { valid } = await engine.open(key, joinBytes(changed));
    const good = changed.map((copy) => Number(Buffer.compare(copy, token) === 0));
    assertEquals(good.filter(Boolean).length, places.length);
    assertEquals([...valid], good);
  }
});

const message = bytes(60);
const WHITE_SPACE = ["\t", "\n", "\f", "\r", " "];

testEach("Lenient reading mends white space, alphabet and padding", async (backend) => {
  const key = Fernet.generateKey();
  const fernet = new Fernet(key, { backend });
  const spaces = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...WHITE_SPACE)), { maxLength: 9 });
  await fc.assert(
    fc.asyncProperty(message, spaces, fc.boolean(), fc.boolean(), async (plain, ...how) => {
      const [inserted, otherAlphabet, unpadded] = how;
      const token = await fernet.encryptAsync(plain);
      let sent = unpadded ? token.replace(/=+$/, "") : token;
      if (otherAlphabet) sent = sent.replaceAll("-", "+").replaceAll("_", "/");
      for (const [place, space] of inserted) {
        const index = place % (sent.length + 1);
        sent = sent.slice(0, index) + space + sent.slice(index);
      }
      same(await fernet.decryptAsync(sent, { lenient: true }), plain);
      const line = new TextEncoder().encode(sent.replaceAll("\n", ""));
      same(await through(decryptLines(fernet, { lenient: true }), line, [9]), plain);
      if (SYNC_BACKENDS.includes(backend)) {
        same(fernet.decrypt(sent, { lenient: true }), plain);
        same(new MultiFernet([fernet]).decrypt(sent, { lenient: true }), plain);
      }
      if (sent !== token) await assertAllInvalid([sent], (value) => fernet.decryptAsync(value));
    }),
  );
});

testEach("Lenient reading refuses all else", async (backend) => {
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  const seen = { mixed: 0, bits: 0, partial: 0 };
  const property = fc.asyncProperty(message, fc.nat(), async (plain, place) => {
    const token = await fernet.encryptAsync(plain);
    const dense = token.replace(/=+$/, "");
    const padding = token.slice(dense.length);
    const index = 1 + place % (dense.length - 1);
    const bad = ["=", "\v", "\xa0", "\x85", "\u2028", "\ufeff", "\0", "\\", ".", "é"].map((
      character,
    ) => dense.slice(0, index) + character + dense.slice(index) + padding);
    bad.push(`${token}=`, `${dense}===`, `${dense}=${padding}`, `${dense.slice(0, -1)}${padding}`);
    if (/[-_].*[-_]/.test(dense)) {
      bad.push(dense.replace(/[-_]/, (first) => first === "-" ? "+" : "/"));
      seen.mixed++;
    }
    if (padding) {
      const last = ALPHABET[ALPHABET.indexOf(dense.slice(-1)) + 1];
      bad.push(dense.slice(0, -1) + last, dense.slice(0, -1) + last + padding);
      seen.bits++;
    }
    if (padding === "==") {
      bad.push(`${dense}=`, `${dense}= `);
      seen.partial++;
    }
    await assertAllInvalid(bad, (value) => fernet.decryptAsync(value, { lenient: true }));
  });
  await fc.assert(property);
  Object.values(seen).forEach((count) => assert(count > 10, "too few of a kind"));
});
