/**
 * What calls cost, in iterations; how they are followed, and stopped.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BackendName,
  decrypt,
  decryptAesGcm256,
  decryptMany,
  decryptSync,
  encrypt,
  encryptMany,
  Fernet,
  InvalidTokenError,
  pbkdf2,
  pbkdf2Many,
  upgrade,
  upgradeMany,
} from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
import { testEach } from "../support/backends.ts";
import fernetVectors from "../../vectors/make/given/flet_encrypt.json" with { type: "json" };
import gcmVectors from "../../vectors/make/given/flet_encrypt_aes_gcm_256.json" with {
  type: "json",
};

const SLICED: readonly BackendName[] = ["wasm", "portable"];
const BASE64URL = { alphabet: "base64url" } as const;
const [dear, old] = fernetVectors.cases;

type Progress = (done: number, total: number | undefined) => void;

/** What a call tells its `onProgress`, whether it succeeds or not. */
async function progressOf(call: (onProgress: Progress) => Promise<unknown>) {
  const told: [done: number, total: number | undefined][] = [];
  const outcome = await call((done, total) => told.push([done, total])).then(
    () => "done",
    (error: Error) => error.name,
  );
  return { outcome, told, last: told.at(-1) };
}

testEach(
  "An old value costs a sixth of a new one, a wrong secret never the sum",
  async (backend) => {
    assertEquals([dear.iterations, old.iterations], [600_000, 100_000]);
    // A native derivation cannot be looked at on the way: it starts anew.
    const whole = SLICED.includes(backend) ? 600_000 : 700_000;
    const costOf = async (encrypted: string, secretKey: string) => {
      const { outcome, last } = await progressOf((onProgress) =>
        decrypt(encrypted, secretKey, { backend, onProgress })
      );
      return [outcome, ...last ?? []];
    };
    assertEquals(await costOf(old.encrypted, old.secretKey), ["done", 100_000, whole]);
    assertEquals(await costOf(dear.encrypted, dear.secretKey), ["done", whole, whole]);
    assertEquals(await costOf(dear.encrypted, "wrong"), ["InvalidTokenError", whole, whole]);
  },
);

testEach("An old AES-GCM value costs a sixth of a new one", async (backend) => {
  for (const { encrypted, secretKey, iterations } of [gcmVectors.cases[0], gcmVectors.cases[3]]) {
    const { last } = await progressOf((onProgress) =>
      decryptAesGcm256(encrypted, secretKey, { backend, onProgress })
    );
    assertEquals(last, [iterations, 600_000]);
  }
}, SLICED);

testEach("What is no value is refused before any derivation", async (backend) => {
  const raw = Uint8Array.fromBase64(old.encrypted, BASE64URL);
  const salt = raw.slice(0, 16);
  const token = new TextDecoder().decode(raw.slice(16));
  const value = (text: string) =>
    Uint8Array.of(...salt, ...new TextEncoder().encode(text)).toBase64(BASE64URL);
  assertEquals(value(token), old.encrypted);
  const malformed = [
    "",
    "A",
    "AAAA",
    salt.toBase64(BASE64URL),
    value(token.slice(4)),
    value(token.slice(0, -4)),
    value(token.slice(0, 76)),
    value(`${token}AAAA`),
    value(token.replace(/=*$/, "")),
    value(`B${token.slice(1)}`),
    value(token.replace(/.$/, "+")),
    value(`${token}\n`),
    old.encrypted.replace(/=*$/, ""),
    `${old.encrypted} `,
    `\u{feff}${old.encrypted}`,
  ];
  for (const text of malformed) {
    const { outcome, told } = await progressOf((onProgress) =>
      decrypt(text, old.secretKey, { backend, onProgress })
    );
    assertEquals([outcome, told], ["InvalidTokenError", []], JSON.stringify(text));
  }
  const { outcome, told } = await progressOf((onProgress) =>
    decryptMany([old.encrypted, malformed[1]], old.secretKey, { backend, onProgress })
  );
  assertEquals([outcome, told], ["InvalidTokenError", []]);
  const gcm = gcmVectors.cases[3].encrypted;
  for (const text of ["", gcm.slice(0, 84), gcm.slice(1), `${gcm}=`]) {
    const { outcome, told } = await progressOf((onProgress) =>
      decryptAesGcm256(text, old.secretKey, { backend, onProgress })
    );
    assertEquals([outcome, told], ["InvalidTokenError", []]);
  }
});

Deno.test("A cost of one's own has to be told to be read", async () => {
  const stored = await encrypt("text", "secret", { iterations: 1_234 });
  await assertRejects(() => decrypt(stored, "secret"), InvalidTokenError);
  assertEquals(await decrypt(stored, "secret", { iterations: 1_234 }), "text");
  assertEquals(await decrypt(stored, "secret", { iterations: [5_000, 7, 1_234, 7] }), "text");
  assertEquals(decryptSync(stored, "secret", { iterations: [5_000, 1_234] }), "text");
});

function timeOf(value: string): bigint {
  const token = new TextDecoder().decode(Uint8Array.fromBase64(value, BASE64URL).slice(16));
  return new DataView(Uint8Array.fromBase64(token, BASE64URL).buffer).getBigUint64(1);
}

Deno.test("upgrade brings an old value to the present cost and leaves a new one alone", async () => {
  const upgraded = await upgrade(old.encrypted, old.secretKey);
  assertEquals([upgraded.upgraded, upgraded.iterations], [true, 100_000]);
  const options = { iterations: 600_000 };
  assertEquals(await decrypt(upgraded.value, old.secretKey, options), old.plainText);
  assertEquals(timeOf(upgraded.value), timeOf(old.encrypted));
  assert(upgraded.value.slice(0, 20) !== old.encrypted.slice(0, 20), "the salt is the same");
  await assertRejects(() => decrypt(old.encrypted, old.secretKey, options), InvalidTokenError);

  const again = await upgrade(upgraded.value, old.secretKey);
  assertEquals(again, { value: upgraded.value, upgraded: false, iterations: 600_000 });
  await assertRejects(() => upgrade(old.encrypted, "wrong"), InvalidTokenError);
});

testEach("upgradeMany keeps the order and tells which values are new", async (backend) => {
  const costs = [10, 30, 20, 30, 10];
  const stored: string[] = [];
  for (const [index, iterations] of costs.entries()) {
    stored.push(await encrypt(`text ${index}`, "secret", { backend, iterations }));
  }
  const options = { backend, iterations: [10, 20], targetIterations: 30 };
  const { told } = await progressOf((onProgress) =>
    upgradeMany(stored, "secret", { ...options, onProgress })
  );
  assertEquals(told.map(([done]) => done), [1, 2, 3, 4, 5, 6, 7, 8]);
  const results = await upgradeMany(stored, "secret", options);
  assertEquals(results.map(({ upgraded }) => upgraded), [true, false, true, false, true]);
  assertEquals(results.map(({ iterations }) => iterations), costs);
  assertEquals([results[1].value, results[3].value], [stored[1], stored[3]]);
  const values = results.map(({ value }) => value);
  assertEquals(
    await decryptMany(values, "secret", { backend, iterations: 30 }),
    costs.map((_, index) => `text ${index}`),
  );
  values[3] = values[3].slice(0, 20) + values[2].slice(20);
  const error = await assertRejects(
    () => upgradeMany(values, "secret", options),
    InvalidTokenError,
  );
  assertEquals(error.index, 3);
});

testEach("Progress counts the iterations of all blocks, up to the total", async (backend) => {
  const { told } = await progressOf((onProgress) =>
    pbkdf2("password", "salt", { iterations: 3_500, length: 100, backend, onProgress })
  );
  const done = told.map(([count]) => count);
  assert(done.every((count, index) => index === 0 || count > done[index - 1]), `${done}`);
  assertEquals(new Set(told.map(([, total]) => total)), new Set([14_000]));
  assertEquals(done.at(-1), 14_000);
  assert(!SLICED.includes(backend) || done.length > 4, "it is told on the way");
});

testEach("Progress of calls for many counts records", async (backend) => {
  const texts = ["a", "b", "c", "d", "e"];
  const inputs = texts.map((salt) => ({ password: "password", salt }));
  const options = { backend, iterations: 3 };
  const stored = await encryptMany(texts, "secret", options);
  const calls: ((onProgress: Progress) => Promise<unknown>)[] = [
    (onProgress) => encryptMany(texts, "secret", { ...options, onProgress }),
    (onProgress) => decryptMany(stored, "secret", { ...options, onProgress }),
    (onProgress) => pbkdf2Many(inputs, { ...options, length: 50, onProgress }),
  ];
  for (const call of calls) {
    assertEquals((await progressOf(call)).told, [1, 2, 3, 4, 5].map((done) => [done, 5]));
  }
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  const lines = await progressOf((onProgress) =>
    new Response(
      new Blob(["a\nb\n", "\nd"]).stream()
        .pipeThrough(encryptLines(fernet, { onProgress }))
        .pipeThrough(decryptLines(fernet)),
    ).text()
  );
  assertEquals([lines.outcome, lines.last], ["done", [4, undefined]]);
});

testEach(
  "The event loop stays live while a key is derived or a message encrypted",
  async (backend) => {
    const fernet = new Fernet(Fernet.generateKey(), { backend });
    for (
      const call of [
        () => pbkdf2("password", "salt", { iterations: 400_000, backend }),
        () => fernet.encryptAsync(new Uint8Array(20_000_000)),
      ]
    ) {
      let fired = 0;
      const timer = setInterval(() => fired++, 1);
      await call();
      clearInterval(timer);
      assert(fired > 0, "no timer fired meanwhile");
    }
  },
  SLICED,
);
