/**
 * Calls that are stopped: within one slice, with the signal's reason, and with
 * nothing left behind.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BackendName,
  decrypt,
  encrypt,
  encryptMany,
  Fernet,
  pbkdf2,
  pbkdf2Many,
  upgrade,
} from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
import { getBackend } from "../../src/backends/select/available.ts";
import { testEach } from "../support/backends.ts";
import fernetVectors from "../../vectors/make/given/flet_encrypt.json" with { type: "json" };

const SLICED: readonly BackendName[] = ["wasm", "portable"];
const [, old] = fernetVectors.cases;

const REASON = new Error("the caller has had enough");

/** In slices it would take hours unless it is stopped; natively it does go on unseen. */
function endless(backend: BackendName, keys = 1): number {
  return SLICED.includes(backend) ? 2 ** 32 - 1 : 600_000 / Math.sqrt(keys);
}

/**
 * Waits for a call to reject with the reason. It has a hundred turns of the event
 * loop that are 10 ms apart, as slices are: where the machine is busy with other
 * work, turns and slices take longer alike.
 */
async function assertStopped(call: Promise<unknown>): Promise<void> {
  let outcome: unknown = "not stopped";
  const settled = call.then(() => "succeeded", (error) => error).then((end) => outcome = end);
  for (let turn = 0; turn < 100 && outcome === "not stopped"; turn++) {
    const turnOver = Promise.withResolvers<void>();
    const timer = setTimeout(turnOver.resolve, 10);
    await Promise.race([settled, turnOver.promise]);
    clearTimeout(timer);
  }
  assert(outcome === REASON, String(outcome));
}

function pause(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The backend does all that it did before. */
async function assertWorks(backend: BackendName): Promise<void> {
  const options = { backend, iterations: 2_000, length: 300 };
  assertEquals(
    (await pbkdf2("password", "salt", options)).toHex(),
    (await pbkdf2("password", "salt", { ...options, backend: "auto" })).toHex(),
  );
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  assertEquals((await fernet.decryptAsync(await fernet.encryptAsync("text"))).length, 4);
  const long = new Uint8Array(6_000_000);
  assertEquals((await fernet.decryptAsync(await fernet.encryptAsync(long))).length, long.length);
}

function rowsWithoutEnd(): ReadableStream<Uint8Array> {
  const rows = new TextEncoder().encode("row\n".repeat(2_000));
  return new ReadableStream({
    async pull(controller) {
      await pause();
      controller.enqueue(rows.slice());
    },
  });
}

type Stoppable = (signal: AbortSignal) => Promise<unknown>;

function stoppableCalls(backend: BackendName): Record<string, Stoppable> {
  const iterations = endless(backend);
  const texts = Array.from({ length: 16 }, (_, index) => `text ${index}`);
  const inputs = texts.map((salt) => ({ password: "password", salt }));
  const many = { backend, iterations: endless(backend, texts.length) };
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  const long = new Uint8Array(40_000_000);
  return {
    pbkdf2: (signal) => pbkdf2("password", "salt", { backend, iterations, signal }),
    pbkdf2Many: (signal) => pbkdf2Many(inputs, { ...many, signal }),
    encrypt: (signal) => encrypt("text", "secret", { backend, iterations, signal }),
    encryptMany: (signal) => encryptMany(texts, "secret", { ...many, signal }),
    decrypt: (signal) => decrypt(old.encrypted, "secret", { backend, iterations, signal }),
    upgrade: (signal) => upgrade(old.encrypted, "secret", { backend, iterations, signal }),
    fromPassphrase: (signal) =>
      Fernet.fromPassphrase("secret", { salt: "salt", backend, iterations, signal }),
    encryptAsync: (signal) => fernet.encryptAsync(long, { signal }),
    encryptLines: (signal) =>
      rowsWithoutEnd().pipeThrough(encryptLines(fernet, { signal })).pipeTo(new WritableStream()),
  };
}

testEach("A signal that is aborted before the call stops it", async (backend) => {
  for (const call of Object.values(stoppableCalls(backend))) {
    await assertStopped(call(AbortSignal.abort(REASON)));
  }
  await assertWorks(backend);
});

testEach("A signal that is aborted during the call stops it", async (backend) => {
  for (const [name, call] of Object.entries(stoppableCalls(backend))) {
    const controller = new AbortController();
    const stopped = assertStopped(call(controller.signal));
    await pause(name === "encryptLines" ? 30 : 2);
    controller.abort(REASON);
    await stopped;
  }
  await assertWorks(backend);
});

Deno.test("A stream of lines is stopped while its source has nothing to give", async () => {
  const fernet = new Fernet(Fernet.generateKey());
  for (const lines of [encryptLines, decryptLines]) {
    const controller = new AbortController();
    const idle = new ReadableStream<Uint8Array>();
    const stream = idle.pipeThrough(lines(fernet, { signal: controller.signal }));
    const stopped = assertStopped(stream.pipeTo(new WritableStream()));
    controller.abort(REASON);
    await stopped;
  }
});

/** Takes every slot of the kernel at once and gives them back. */
function assertEverySlotIsFree(backend: BackendName): void {
  const { sliced } = getBackend(backend).kdf;
  assert(sliced);
  const request = { hash: "SHA-256", length: 32 } as const;
  const bytes = new Uint8Array(1);
  const blocks = Array.from(
    { length: sliced.slots },
    () => sliced.start({ ...request, password: bytes, salt: bytes }, 1),
  );
  blocks.forEach((block) => block.free());
}

testEach(
  "200 derivations in a row that were stopped or failed leave no slot taken",
  async (backend) => {
    const iterations = endless(backend);
    for (let turn = 0; turn < 200; turn++) {
      const controller = new AbortController();
      const { signal } = controller;
      // Four blocks, and so as many slots, are in the making when it is told.
      const onProgress = () => {
        if (turn % 2) controller.abort(REASON);
        else throw REASON;
      };
      await assertStopped(
        pbkdf2("password", "salt", { backend, iterations, length: 100, signal, onProgress }),
      );
    }
    assertEverySlotIsFree(backend);
    await assertWorks(backend);
  },
  SLICED,
);

testEach("200 messages in a row that were stopped leave no slot taken", async (backend) => {
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  const long = new Uint8Array(3_300_000);
  for (let turn = 0; turn < 200; turn++) {
    const controller = new AbortController();
    const stopped = assertStopped(fernet.encryptAsync(long, { signal: controller.signal }));
    // The slices that fit the time budget have microtasks between them.
    await Promise.resolve();
    controller.abort(REASON);
    await stopped;
  }
  await assertWorks(backend);
}, SLICED);

testEach("A call that waits for its turn is stopped too", async (backend) => {
  const { sliced } = getBackend(backend).kdf;
  const turns = new AbortController();
  const options = { backend, iterations: endless(backend), signal: turns.signal };
  const before = Array.from(
    { length: 2 * (sliced?.slots ?? 8) },
    () => assertRejects(() => pbkdf2("password", "salt", options)),
  );
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = pbkdf2("password", "salt", { ...options, signal });
  await pause();
  controller.abort(REASON);
  try {
    await assertStopped(waiting);
  } finally {
    turns.abort();
    await Promise.all([...before, assertRejects(() => waiting)]);
  }
}, ["wasm"]);

testEach("A message that waits for its turn is stopped too", async (backend) => {
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  const long = new Uint8Array(8_000_000);
  const turns = new AbortController();
  const before = Array.from(
    { length: 32 },
    () => fernet.encryptAsync(long, { signal: turns.signal }).catch(() => {}),
  );
  const controller = new AbortController();
  const waiting = fernet.encryptAsync(long, { signal: controller.signal });
  await pause();
  controller.abort(REASON);
  try {
    await assertStopped(waiting);
  } finally {
    turns.abort();
    await Promise.allSettled([...before, waiting]);
  }
}, ["wasm"]);

testEach("A call that fails after it was stopped fails once only", async (backend) => {
  let unhandled = 0;
  const count = (event: Event) => {
    event.preventDefault();
    unhandled++;
  };
  addEventListener("unhandledrejection", count);
  // More iterations than node:crypto takes: an error of its own, and too late.
  const options = { backend, iterations: 2 ** 31, signal: AbortSignal.abort(REASON) };
  await assertStopped(pbkdf2("password", "salt", options));
  await pause(10);
  removeEventListener("unhandledrejection", count);
  assertEquals(unhandled, 0);
}, ["node"]);
