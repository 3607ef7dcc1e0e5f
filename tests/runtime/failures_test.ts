/**
 * What goes wrong once does not stay wrong.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  decrypt,
  encrypt,
  Fernet,
  InvalidTokenError,
  pbkdf2,
  pbkdf2Sync,
  upgrade,
} from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
import { getKernel } from "../../src/kernel/kernel.ts";
import { testEach } from "../support/backends.ts";

const fernet = new Fernet(Fernet.generateKey(), { backend: "wasm" });

function trap(): void {
  assertThrows(
    () => getKernel().call((kernel) => kernel.mac_update(9, 0, 1)),
    WebAssembly.RuntimeError,
  );
}

Deno.test("A trap wipes the kernel, and the next call has another one", async () => {
  const token = fernet.encrypt("before");
  const derivation = assertRejects(
    () => pbkdf2("password", "salt", { iterations: 1_000_000, backend: "wasm" }),
    Error,
    "call again",
  );
  await new Promise((resolve) => setTimeout(resolve, 30));
  trap();
  const memory = new Uint32Array(getKernel().exports.memory.buffer);
  assert(memory.every((word) => word === 0));
  assertEquals(fernet.decryptText(token), "before");
  await derivation;
  const options = { iterations: 3, backend: "wasm" } as const;
  assertEquals(pbkdf2Sync("p", "s", options), await pbkdf2("p", "s", options));
});

Deno.test("JavaScript's stack overflowing anywhere leaves the kernel usable", () => {
  const descend = (depth: number): string => depth ? descend(depth - 1) : fernet.encrypt("x");
  for (let depth = 2_000; depth < 40_000; depth += 1 + depth % 7) {
    try {
      descend(depth);
    } catch (error) {
      assert(error instanceof RangeError || error instanceof WebAssembly.RuntimeError);
      if (fernet.decryptText(fernet.encrypt("still")) !== "still") throw error;
    }
    if (depth > 20_000) depth += 500;
  }
});

Deno.test("A passphrase whose bytes are wiped meanwhile is the one that upgrade uses", async () => {
  const secret = new TextEncoder().encode("correct horse");
  const old = await encrypt("hello", secret, { iterations: 10 });
  const mine = secret.slice();
  const upgrading = upgrade(old, mine, { iterations: 10, targetIterations: 20 });
  mine.fill(0);
  const { value } = await upgrading;
  assertEquals(await decrypt(value, secret, { iterations: 20 }), "hello");
});

testEach("A line may come in any number of chunks", async (backend) => {
  const lines = new Fernet(Fernet.generateKey(), { backend });
  const chunks = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (let index = 0; index < 200_000; index++) controller.enqueue(Uint8Array.of(0x61));
      controller.close();
    },
  });
  const back = chunks.pipeThrough(encryptLines(lines)).pipeThrough(decryptLines(lines));
  assertEquals((await new Response(back).bytes()).length, 200_000);
}, ["wasm"]);

Deno.test("A stream of lines judges each token's age when it comes", async () => {
  const now = Date.now;
  const stream = decryptLines(fernet, { ttl: 60 });
  try {
    Date.now = () => now() + 3_600_000;
    const late = fernet.encrypt("late");
    assertEquals(
      await new Response(new Blob([late]).stream().pipeThrough(stream)).text(),
      "late",
    );
    const stale = new Blob([late]).stream().pipeThrough(decryptLines(fernet, { ttl: 60 }));
    Date.now = () => now() + 7_200_000;
    await assertRejects(() => new Response(stale).text(), InvalidTokenError);
  } finally {
    Date.now = now;
  }
});

Deno.test("A failed stream of lines lets go of its signal", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...call: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, call);
  };
  signal.removeEventListener = (...call: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, call);
  };
  const bad = new Blob(["no token\n"]).stream().pipeThrough(decryptLines(fernet, { signal }));
  await assertRejects(() => new Response(bad).text(), InvalidTokenError);
  assertEquals(listeners, 0);
});
