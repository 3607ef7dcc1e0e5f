/**
 * Calls of one tick: they share a batch, and nothing else.
 *
 * @module
 */

import { Fernet, InvalidTokenError, MultiFernet } from "@ironfern/ironfern";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { getBackend } from "../../src/backends/select/available.ts";

const KEY = Fernet.generateKey();
const READER = new Fernet(KEY);
const REASON = new Error("stopped");

/** Does work and says how many records each batch of the kernel had. */
async function batchesOf(call: "seal" | "open", work: () => Promise<unknown>): Promise<number[]> {
  const { sync } = getBackend("wasm");
  assert(sync);
  const method = sync[call] as (...given: unknown[]) => unknown;
  const sizes: number[] = [];
  sync[call] = ((...given: [Uint8Array, { offsets: Uint32Array }]) => {
    sizes.push(given[1].offsets.length - 1);
    return method(...given);
  }) as never;
  try {
    await work();
    return sizes;
  } finally {
    sync[call] = method as never;
  }
}

const values = Array.from({ length: 50 }, (_, index) => `value ${index}`);
const bytes = values.map((value) => new TextEncoder().encode(value));

for (const backend of ["auto", "wasm"] as const) {
  Deno.test(`Messages asked for in one tick are one batch [${backend}]`, async () => {
    const fernet = new Fernet(KEY, { backend });
    for (const messages of [values, bytes]) {
      let tokens: string[] = [];
      // The first one is done at once: it may stay alone.
      const sizes = await batchesOf("seal", async () => {
        tokens = await Promise.all(messages.map((each) => fernet.encryptAsync(each)));
      });
      assertEquals(sizes, [1, 49]);
      assertEquals(READER.decryptManyText(tokens), values);
      let opened: Uint8Array[] = [];
      const openings = await batchesOf("open", async () => {
        opened = await Promise.all(tokens.map((token) => fernet.decryptAsync(token)));
      });
      assertEquals(openings, [1, 49]);
      assertEquals(opened, bytes);
    }
  });

  Deno.test(`A call that fails fails alone [${backend}]`, async () => {
    const fernet = new Fernet(KEY, { backend });
    const sealed = await Promise.allSettled(
      ["a", "b", "c\ud800", "d"].map((value) => fernet.encryptAsync(value)),
    );
    assertEquals(sealed.map(({ status }) => status === "fulfilled"), [true, true, false, true]);
    const tokens = READER.encryptMany(["a", "b", "c", "d"]);
    tokens[2] = tokens[2].slice(4);
    const late = { ttl: 1, currentTime: 9e9 };
    const opened = await Promise.allSettled([
      ...tokens.map((token) => fernet.decryptAsync(token)),
      fernet.decryptAsync(tokens[0], late),
    ]);
    assertEquals(opened.map((result) => result.status === "rejected" && result.reason.name), [
      false,
      false,
      "InvalidTokenError",
      false,
      "InvalidTokenError",
    ]);
  });

  Deno.test(`A call that is aborted is aborted alone [${backend}]`, async () => {
    const fernet = new Fernet(KEY, { backend });
    const token = READER.encrypt("a");
    for (
      const call of [
        (signal?: AbortSignal) => fernet.encryptAsync("a", { signal }),
        (signal?: AbortSignal) => fernet.decryptAsync(token, { signal }),
      ]
    ) {
      const controller = new AbortController();
      const calls = [call(), call(), call(controller.signal), call()];
      controller.abort(REASON);
      const results = await Promise.allSettled(calls);
      assertEquals(results.map(({ status }) => status === "fulfilled"), [true, true, false, true]);
      assert(await assertRejects(() => calls[2]) === REASON);
    }
  });

  Deno.test(`destroy ends the calls after it, not those before [${backend}]`, async () => {
    const fernet = new Fernet(KEY, { backend });
    const token = READER.encrypt("a");
    const message = Uint8Array.of(1, 2, 3);
    const before = [1, 2, 3].map(() => fernet.encryptAsync(message));
    const opening = [1, 2, 3].map(() => fernet.decryptAsync(token));
    fernet.destroy();
    message.fill(0);
    const after = [fernet.encryptAsync(message), fernet.decryptAsync(token)];
    for (const call of after) await assertRejects(() => call, TypeError, "destroyed");
    assertEquals(
      READER.decryptMany(await Promise.all(before)),
      before.map(() => {
        return Uint8Array.of(1, 2, 3);
      }),
    );
    assertEquals(await Promise.all(opening), opening.map(() => Uint8Array.of(97)));
  });
}

Deno.test("Tokens of several keys are opened in one tick, each by its own", async () => {
  const others = [1, 2].map(() => new Fernet(Fernet.generateKey()));
  const multi = new MultiFernet([...others, READER]);
  const tokens = [...others, READER].map((fernet, index) => fernet.encrypt(`${index}`));
  const calls = [...tokens, ...tokens, "bad"].map((token) => multi.decryptAsync(token));
  const results = await Promise.allSettled(calls);
  assert(await assertRejects(() => calls[6]) instanceof InvalidTokenError);
  const texts = results.map((result) =>
    result.status === "fulfilled" ? new TextDecoder().decode(result.value) : "-"
  );
  assertEquals(texts.join(""), "012012-");
});

Deno.test("More than a batch holds is asked for in one tick", async () => {
  const fernet = new Fernet(KEY);
  const many = Array.from({ length: 700 }, (_, index) => `${index}`.padEnd(2_000, "x"));
  const tokens = await Promise.all(many.map((value) => fernet.encryptAsync(value)));
  assertEquals(READER.decryptManyText(tokens), many);
  const opened = await Promise.all(tokens.map((token) => fernet.decryptAsync(token)));
  assertEquals(opened.map((each) => new TextDecoder().decode(each)), many);
});
