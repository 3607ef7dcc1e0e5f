/**
 * What a caller's own objects may do while they are read: their getters may end
 * the key, their memory may change. Whatever they do, nothing is sealed under a
 * key that was wiped, and nothing but what they held is sealed.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type BackendName, Fernet, MultiFernet, type TokenCipher } from "@ironfern/ironfern";
import { BACKENDS, SYNC_BACKENDS, testEach } from "../support/backends.ts";

const KEY = Fernet.generateKey();
const PLAIN = Uint8Array.of(1, 2, 3);
const reader = new Fernet(KEY);
const ZERO_KEY = new Fernet(new Uint8Array(32));

/** What is called on reading anything of these bytes. */
type Trap = () => unknown;

/** Bytes whose every property that code could read calls the trap first. */
const TRAPS: Readonly<Record<string, (trap: Trap) => Uint8Array>> = {
  "properties of its own"(trap) {
    const bytes = PLAIN.slice();
    for (const name of ["length", "byteLength", "byteOffset", "buffer", "constructor"] as const) {
      Object.defineProperty(bytes, name, { get: () => (trap(), PLAIN[name]) });
    }
    for (const name of [Symbol.iterator, Symbol.toStringTag] as const) {
      Object.defineProperty(bytes, name, { get: () => (trap(), PLAIN[name]) });
    }
    return bytes;
  },
  "a class of its own"(trap) {
    return new class extends Uint8Array {
      override get length() {
        trap();
        return 1;
      }
      override get byteLength() {
        trap();
        return 1 << 20;
      }
    }(PLAIN);
  },
  "a Buffer"(trap) {
    const bytes = Buffer.from(PLAIN);
    Object.defineProperty(bytes, "length", { get: () => (trap(), 3) });
    return bytes;
  },
};

/** The trap may be sprung by the first read, or by a later one. */
const READS = [1, 2, 3, 4, 5];

function after(reads: number, trap: Trap): Trap {
  return () => --reads === 0 && trap();
}

/** Either it is refused, as the key is gone, or the token has what the bytes held. */
function assertSealed(seal: () => string[], what: string): void {
  let tokens: string[];
  try {
    tokens = seal();
  } catch (error) {
    assert(error instanceof TypeError && error.message.includes("it was destroyed"), `${error}`);
    return;
  }
  for (const token of tokens) {
    assertEquals(ZERO_KEY.decryptManySettled([token])[0].ok, false, `${what}: the zero key`);
    assertEquals(reader.decrypt(token), PLAIN, what);
  }
}

function ciphers(backend: BackendName): [Fernet, TokenCipher][] {
  return [0, 1].map((several) => {
    const fernet = new Fernet(KEY, { backend });
    return [fernet, several ? new MultiFernet([fernet]) : fernet];
  });
}

for (const [what, trapped] of Object.entries(TRAPS)) {
  testEach(`A getter that destroys the key leaves no token of zeros: ${what}`, (backend) => {
    const calls: ((cipher: TokenCipher, bytes: Uint8Array) => string[])[] = [
      (cipher, bytes) => [cipher.encrypt(bytes)],
      (cipher, bytes) => [cipher.encryptAtTime(bytes, 1)],
      (cipher, bytes) => cipher.encryptMany([PLAIN, bytes, bytes]),
    ];
    for (const call of calls) {
      for (const reads of READS) {
        for (const [fernet, cipher] of ciphers(backend)) {
          const bytes = trapped(after(reads, () => fernet.destroy()));
          assertSealed(() => call(cipher, bytes), `${call}`);
        }
      }
    }
  }, SYNC_BACKENDS);

  testEach(`A getter that destroys the key, asynchronously: ${what}`, async (backend) => {
    for (const reads of READS) {
      for (const [fernet, cipher] of ciphers(backend)) {
        const bytes = trapped(after(reads, () => fernet.destroy()));
        const [outcome] = await Promise.allSettled([cipher.encryptAsync(bytes)]);
        assertSealed(() => {
          if (outcome.status === "rejected") throw outcome.reason;
          return [outcome.value];
        }, "encryptAsync");
      }
    }
  }, BACKENDS);
}

testEach("A getter of the array or of the options that destroys the key is seen", (backend) => {
  for (const [fernet, cipher] of ciphers(backend)) {
    const messages = Object.defineProperty([PLAIN, PLAIN], 1, {
      get: () => (fernet.destroy(), PLAIN),
    });
    assertThrows(() => cipher.encryptMany(messages), TypeError, "it was destroyed");
  }
  const token = reader.encrypt(PLAIN);
  for (const [fernet, cipher] of ciphers(backend)) {
    const options = {
      get lenient() {
        fernet.destroy();
        return true;
      },
    };
    assertThrows(() => cipher.decrypt(token, options), TypeError, "it was destroyed");
  }
}, SYNC_BACKENDS);

testEach("An option's getter that destroys the key is seen, asynchronously", async (backend) => {
  for (const [fernet, cipher] of ciphers(backend)) {
    const options = {
      get signal() {
        fernet.destroy();
        return undefined;
      },
    };
    const sealing = cipher.encryptAsync(PLAIN, options);
    await assertRejects(() => sealing, TypeError, "it was destroyed");
  }
}, BACKENDS);

/** Bytes over memory that another thread may write, or that may shrink. */
const MEMORIES: Readonly<Record<string, (length: number) => ArrayBufferLike>> = {
  shared: (length) => new SharedArrayBuffer(length),
  "growable and shared": (length) => new SharedArrayBuffer(length, { maxByteLength: 2 * length }),
  resizable: (length) => new ArrayBuffer(length, { maxByteLength: 2 * length }),
};

for (const [what, memory] of Object.entries(MEMORIES)) {
  testEach(`Bytes over ${what} memory are copied when they are passed`, async (backend) => {
    for (const length of [100, 300_000]) {
      const bytes = new Uint8Array(memory(length)).fill(7);
      const expected = new Uint8Array(length).fill(7);
      const fernet = new Fernet(KEY, { backend });
      const sealing = fernet.encryptAsync(bytes);
      bytes.fill(8);
      if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.resize(1);
      assertEquals(reader.decrypt(await sealing), expected);
      if (backend === "webcrypto") continue;
      const again = new Uint8Array(memory(length)).fill(7);
      for (const token of [fernet.encrypt(again), ...fernet.encryptMany([again, again])]) {
        assertEquals(reader.decrypt(token), expected);
      }
    }
    const key = new Uint8Array(memory(32)).fill(9);
    const fernet = new Fernet(key, { backend });
    key.fill(0);
    const token = await fernet.encryptAsync("a");
    assertEquals(new Fernet(new Uint8Array(32).fill(9)).decryptText(token), "a");
  }, BACKENDS);
}
