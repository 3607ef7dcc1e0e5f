/**
 * Pure TypeScript: `@noble/hashes` and `@noble/ciphers`. It is there wherever
 * JavaScript is. Its AES reads tables at secret places, so it promises nothing
 * about timing.
 *
 * @module
 */

import type { Backend, Hash, KdfBlock, SlicedKdf } from "./backend.ts";
import { noble } from "./noble.ts";
import type { Primitives } from "./token.ts";
import { fernetEngines } from "./engine.ts";

const RAW = { disablePadding: true };
/** Its blocks live on the JavaScript heap: the bound is a courtesy. */
const SLOTS = 64;

type Noble = ReturnType<typeof noble>;

function primitives({ cbc, hmac, sha256 }: Noble): Primitives {
  return {
    encryptor(key, iv) {
      let chain = iv;
      return (blocks) => {
        const ciphertext = cbc(key, chain, RAW).encrypt(blocks);
        chain = ciphertext.slice(-iv.length);
        return ciphertext;
      };
    },
    decryptor(key, iv) {
      let chain = iv;
      return (blocks) => {
        const plaintext = cbc(key, chain, RAW).decrypt(blocks);
        chain = blocks.slice(-iv.length);
        return plaintext;
      };
    },
    mac(key) {
      const state = hmac.create(sha256, key);
      return {
        update: (bytes) => void state.update(bytes),
        digest: () => state.digest(),
        free: () => state.destroy(),
      };
    },
  };
}

function hashFunction(name: Hash) {
  const { sha1, sha256, sha384, sha512 } = noble();
  return { "SHA-1": sha1, "SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512 }[name];
}

/** A hash that can be copied into another: noble's own way to reuse midstates. */
interface Midstate {
  _cloneInto(to?: Midstate): Midstate;
  update(bytes: Uint8Array): Midstate;
  digestInto(out: Uint8Array): void;
  destroy(): void;
}

interface PortableBlock extends KdfBlock {
  run(iterations: number): void;
}

const pbkdf2: SlicedKdf = {
  slots: SLOTS,
  lanes: 1,
  start({ hash, password, salt }, index) {
    const counter = new Uint8Array(4);
    new DataView(counter.buffer).setUint32(0, index);
    const hashed = hashFunction(hash);
    const keyed = noble().hmac.create(hashed, password);
    const inner: Midstate = keyed.iHash;
    const outer: Midstate = keyed.oHash;
    const work = inner._cloneInto();
    const u = new Uint8Array(hashed.outputLen);
    work.update(salt).update(counter).digestInto(u);
    outer._cloneInto(work).update(u).digestInto(u);
    const t = u.slice();
    const block: PortableBlock = {
      run(iterations) {
        for (let iteration = 0; iteration < iterations; iteration++) {
          inner._cloneInto(work).update(u).digestInto(u);
          outer._cloneInto(work).update(u).digestInto(u);
          for (let byte = 0; byte < t.length; byte++) t[byte] ^= u[byte];
        }
      },
      output: () => t.slice(),
      free() {
        keyed.destroy();
        work.destroy();
        u.fill(0);
        t.fill(0);
      },
    };
    return block;
  },
  run(blocks, iterations) {
    for (const block of blocks as readonly PortableBlock[]) block.run(iterations);
  },
};

/** The backend. */
export function createPortable(): Backend {
  return {
    name: "portable",
    ...fernetEngines(primitives(noble())),
    kdf: { sliced: pbkdf2 },
    gcm: {
      seal: (key, nonce, plaintext) => Promise.resolve(noble().gcm(key, nonce).encrypt(plaintext)),
      open(key, nonce, ciphertext) {
        try {
          return Promise.resolve(noble().gcm(key, nonce).decrypt(ciphertext));
        } catch {
          // The lengths are right, so what is left to fail is the tag.
          return Promise.resolve(undefined);
        }
      },
    },
  };
}
