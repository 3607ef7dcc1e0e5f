/**
 * node:crypto, in Node, Deno and Bun.
 *
 * @module
 */

import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { BackendUnavailableError } from "../errors.ts";
import { builtinModule } from "../runtime/host.ts";
import { type Backend, type Hash, type KdfRequest, MAX_PLATFORM_ITERATIONS } from "./backend.ts";
import type { CbcStream, Primitives } from "./token.ts";
import { fernetEngines } from "./engine.ts";

interface Cipher {
  setAutoPadding(padding: boolean): void;
  update(data: Uint8Array): Uint8Array;
  final(): Uint8Array;
  getAuthTag(): Uint8Array;
}

interface Decipher extends Cipher {
  setAuthTag(tag: Uint8Array): void;
}

interface Hmac {
  update(data: Uint8Array): Hmac;
  digest(): Uint8Array;
}

/** As much of node:crypto as is used; a static import would not load elsewhere. */
interface NodeCrypto {
  createCipheriv(
    name: string,
    key: Uint8Array,
    iv: Uint8Array,
    options?: { authTagLength: number },
  ): Cipher;
  createDecipheriv(
    name: string,
    key: Uint8Array,
    iv: Uint8Array,
    options?: { authTagLength: number },
  ): Decipher;
  createHmac(hash: string, key: Uint8Array): Hmac;
  pbkdf2Sync(
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
    hash: string,
  ): Uint8Array;
  pbkdf2(
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
    hash: string,
    callback: (error: Error | null, key: Uint8Array) => void,
  ): void;
}

const HASHES: Readonly<Record<Hash, string>> = {
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};
const GCM = "aes-256-gcm";
const GCM_TAG = { authTagLength: 16 };

/**
 * A copy without what Buffers do: they share a pool, and their `slice` shares
 * their bytes. The Buffer itself is wiped.
 */
function own(buffer: Uint8Array): Bytes {
  const bytes = new Uint8Array(buffer);
  buffer.fill(0);
  return bytes;
}

/** The same memory without a Buffer's methods, some of which take far longer. */
function plain(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.length);
}

function primitives(crypto: NodeCrypto): Primitives {
  const cbc = (create: (name: string, key: Uint8Array, iv: Uint8Array) => Cipher) =>
  (
    key: Bytes,
    iv: Bytes,
  ): CbcStream => {
    const stream = create("aes-128-cbc", key, iv);
    stream.setAutoPadding(false);
    return (blocks) => plain(stream.update(blocks));
  };
  return {
    encryptor: cbc(crypto.createCipheriv),
    decryptor: cbc(crypto.createDecipheriv),
    mac(key) {
      const hmac = crypto.createHmac("sha256", key);
      return { update: (bytes) => void hmac.update(bytes), digest: () => plain(hmac.digest()) };
    },
  };
}

function checkIterations(iterations: number): void {
  if (iterations > MAX_PLATFORM_ITERATIONS) {
    throw new BackendUnavailableError(
      "node",
      `node:crypto takes at most ${MAX_PLATFORM_ITERATIONS} iterations`,
    );
  }
}

/**
 * The backend.
 *
 * @throws {BackendUnavailableError} If this runtime has no node:crypto.
 */
export function createNode(): Backend {
  const crypto = builtinModule<NodeCrypto>("node:crypto");
  if (!crypto) throw new BackendUnavailableError("node", "this runtime has no node:crypto");
  const parts = primitives(crypto);
  return {
    name: "node",
    primitives: parts,
    ...fernetEngines(parts),
    kdf: {
      native: {
        deriveSync({ hash, password, salt, length }: KdfRequest, iterations: number) {
          checkIterations(iterations);
          return own(crypto.pbkdf2Sync(password, salt, iterations, length, HASHES[hash]));
        },
        derive({ hash, password, salt, length }: KdfRequest, iterations: number) {
          return new Promise((resolve, reject) => {
            checkIterations(iterations);
            crypto.pbkdf2(password, salt, iterations, length, HASHES[hash], (error, key) => {
              if (error) reject(error);
              else resolve(own(key));
            });
          });
        },
      },
    },
    gcm: {
      seal(key, nonce, plaintext) {
        const cipher = crypto.createCipheriv(GCM, key, nonce, GCM_TAG);
        const ciphertext = cipher.update(plaintext);
        return Promise.resolve(concatBytes([ciphertext, cipher.final(), cipher.getAuthTag()]));
      },
      open(key, nonce, ciphertext) {
        const tagStart = ciphertext.length - GCM_TAG.authTagLength;
        const decipher = crypto.createDecipheriv(GCM, key, nonce, GCM_TAG);
        decipher.setAuthTag(ciphertext.subarray(tagStart));
        const plaintext = decipher.update(ciphertext.subarray(0, tagStart));
        try {
          // It fails for one reason only, the tag, and has no bytes to add.
          decipher.final();
          return Promise.resolve(new Uint8Array(plaintext));
        } catch {
          return Promise.resolve(undefined);
        } finally {
          plaintext.fill(0);
        }
      },
    },
  };
}
