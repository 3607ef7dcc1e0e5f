/**
 * Encrypts secrets at rest: text under a passphrase, in Flet's format, and
 * Fernet tokens under a key, in the format of Python's `cryptography`, on a Rust
 * kernel in WebAssembly, WebCrypto, node:crypto or pure TypeScript.
 *
 * @example Encrypt a secret under a passphrase
 * ```ts
 * import { decrypt, encrypt } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const stored = await encrypt("an API token", "correct horse battery staple");
 * assertEquals(await decrypt(stored, "correct horse battery staple"), "an API token");
 * ```
 *
 * @module
 */

export type { BackendName, Hash } from "./src/backends/backend.ts";
export { availableBackends, type BackendChoice } from "./src/backends/select/available.ts";
export * from "./src/flet/aes_gcm.ts";
export * from "./src/calibration/calibrate.ts";
export type { Bytes } from "./src/bytes/bytes.ts";
export * from "./src/errors.ts";
export {
  Fernet,
  type FernetAsyncOptions,
  type FernetDecryptAsyncOptions,
  type FernetDecryptOptions,
  type FernetFailure,
  type FernetFromPassphraseOptions,
  type FernetOptions,
  type FernetResult,
  type FernetSuccess,
} from "./src/fernet/fernet.ts";
export * from "./src/fernet/multi_fernet.ts";
export * from "./src/flet/passphrase.ts";
export * from "./src/kdf/pbkdf2.ts";
export * from "./src/flet/upgrade.ts";
