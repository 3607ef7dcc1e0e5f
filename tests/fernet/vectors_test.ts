/**
 * The vectors of Fernet, and those of github.com/fernet/spec as they stand there, on
 * every backend.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type BackendName, Fernet, InvalidTokenError } from "@ironfern/ironfern";
import { batchTexts, toBatch } from "../../src/bytes/batch.ts";
import { SYNC_BACKENDS, testEach } from "../support/backends.ts";
import { fromHex, readVectors } from "../support/vectors.ts";
import generate from "../../vectors/make/given/fernet_spec_generate.json" with { type: "json" };
import invalid from "../../vectors/make/given/fernet_spec_invalid.json" with { type: "json" };
import verify from "../../vectors/make/given/fernet_spec_verify.json" with { type: "json" };

const IN_TIME_WITHOUT_TTL = ["far-future TS (unacceptable clock skew)", "expired TTL"];

function unixTime(date: string): number {
  return Date.parse(date) / 1_000;
}

function keyBytes(secret: string) {
  return Uint8Array.fromBase64(secret, { alphabet: "base64url" });
}

interface Options {
  ttl?: number;
  currentTime?: number;
  lenient?: boolean;
}

/** Decrypts by every call that the backend has, which must agree. */
async function decryptText(
  backend: BackendName,
  { secret, token }: { secret: string; token: string },
  options: Options = {},
): Promise<string> {
  const fernet = new Fernet(secret, { backend });
  const text = new TextDecoder().decode(await fernet.decryptAsync(token, options));
  if (SYNC_BACKENDS.includes(backend)) assertEquals(fernet.decryptText(token, options), text);
  return text;
}

async function assertInvalid(
  backend: BackendName,
  { secret, token }: { secret: string; token: string },
  options: Options = {},
): Promise<void> {
  const fernet = new Fernet(secret, { backend });
  await assertRejects(() => fernet.decryptAsync(token, options), InvalidTokenError);
  if (!SYNC_BACKENDS.includes(backend)) return;
  assertThrows(() => fernet.decrypt(token, options), InvalidTokenError);
}

Deno.test("The vectors of fernet/spec are all there", () => {
  assertEquals([generate.length, verify.length, invalid.length], [1, 1, 8]);
});

testEach("fernet/spec generate.json: the token of its IV and time", async (name, engine) => {
  assertEquals(engine.sync !== undefined, SYNC_BACKENDS.includes(name));
  for (const { token, now, iv, src, secret } of generate) {
    const head = new Uint8Array(24);
    new DataView(head.buffer).setBigUint64(0, BigInt(unixTime(now)));
    head.set(iv, 8);
    const call = [keyBytes(secret), toBatch([src]), head] as const;
    assertEquals(batchTexts(await engine.async.seal(...call)), [token]);
    if (engine.sync) assertEquals(batchTexts(engine.sync.seal(...call)), [token]);
  }
});

testEach("fernet/spec generate.json: its time is read back", (name) => {
  for (const { token, now, secret } of generate) {
    assertEquals(new Fernet(secret, { backend: name }).extractTimestamp(token), unixTime(now));
  }
}, SYNC_BACKENDS);

testEach("fernet/spec verify.json: decrypts with its ttl and time", async (name) => {
  for (const vector of verify) {
    const options = { ttl: vector.ttl_sec, currentTime: unixTime(vector.now) };
    assertEquals(await decryptText(name, vector, options), vector.src);
  }
});

testEach("fernet/spec invalid.json: all are refused with their ttl and time", async (name) => {
  for (const vector of invalid) {
    const options = { ttl: vector.ttl_sec, currentTime: unixTime(vector.now) };
    await assertInvalid(name, vector, options);
  }
});

testEach(
  "fernet/spec invalid.json: without ttl the two that only time refuses decrypt",
  async (name) => {
    for (const vector of invalid) {
      if (IN_TIME_WITHOUT_TTL.includes(vector.desc)) {
        assertEquals(await decryptText(name, vector), "");
      } else {
        await assertInvalid(name, vector);
      }
    }
    const { length } = invalid.filter(({ desc }) => IN_TIME_WITHOUT_TTL.includes(desc));
    assertEquals(length, 2);
  },
);

testEach("The ttl and the 60 seconds of clock skew include their boundaries", async (name) => {
  const [vector] = verify;
  const time = 499_162_800;
  const ttl = vector.ttl_sec;
  for (const currentTime of [time + ttl, time, time - 60]) {
    assertEquals(await decryptText(name, vector, { ttl, currentTime }), vector.src);
  }
  for (const currentTime of [time + ttl + 1, time + ttl + 0.5, time - 60.5, time - 61]) {
    await assertInvalid(name, vector, { ttl, currentTime });
  }
  assertEquals(await decryptText(name, vector, { ttl: 0, currentTime: time }), vector.src);
  await assertInvalid(name, vector, { ttl: 0, currentTime: time + 1 });
});

testEach("Without currentTime the ttl counts from now", async (name) => {
  const secret = Fernet.generateKey();
  const now = Math.floor(Date.now() / 1_000);
  const old = { secret, token: new Fernet(secret).encryptAtTime("old", now - 120) };
  await assertInvalid(name, old, { ttl: 60 });
  assertEquals(await decryptText(name, old, { ttl: 600 }), "old");
  const fresh = await new Fernet(secret, { backend: name }).encryptAsync("fresh");
  assertEquals(await decryptText(name, { secret, token: fresh }, { ttl: 60 }), "fresh");
  const ahead = { secret, token: new Fernet(secret).encryptAtTime("ahead", now + 3_600) };
  await assertInvalid(name, ahead, { ttl: 60 });
  assertEquals(await decryptText(name, ahead), "ahead");
});

interface Input {
  readonly key: string;
  readonly token: string;
  readonly ttl?: number;
  readonly now?: number;
}

const vectors = readVectors<Input, { message: string; time: string; iv: string }>("fernet");

function optionsOf(
  { input: { ttl, now }, needs }: { readonly input: Input; readonly needs?: string },
): Options {
  return {
    ...ttl === undefined ? {} : { ttl, currentTime: now },
    ...needs === "lenient" && { lenient: true },
  };
}

testEach("Vectors: good tokens give their messages, and are written so", async (name, engine) => {
  for (const vector of vectors.good) {
    const { input: { key, token }, output } = vector;
    const fernet = new Fernet(key, { backend: name });
    const options = optionsOf(vector);
    const opened = [await fernet.decryptAsync(token, options)];
    if (SYNC_BACKENDS.includes(name)) opened.push(fernet.decrypt(token, options));
    for (const message of opened) assertEquals(message.toHex(), output.message, vector.name);
    if (options.lenient) continue;
    const head = new Uint8Array(24);
    new DataView(head.buffer).setBigUint64(0, BigInt(output.time));
    head.set(fromHex(output.iv), 8);
    const call = [keyBytes(key), toBatch([fromHex(output.message)]), head] as const;
    assertEquals(batchTexts(await engine.async.seal(...call)), [token], vector.name);
    if (engine.sync) assertEquals(batchTexts(engine.sync.seal(...call)), [token], vector.name);
  }
});

testEach("Vectors: bad tokens are refused, and all alike", async (name) => {
  for (const vector of vectors.bad) {
    const { input: { key: secret, token } } = vector;
    await assertInvalid(name, { secret, token }, optionsOf(vector));
    assertEquals(vector.error, "invalid-token");
  }
});
