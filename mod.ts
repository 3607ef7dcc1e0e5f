/**
 * Encrypts secrets at rest. Text under a passphrase is in Flet's format, and
 * tokens under a key are Fernet tokens, which Python's `cryptography` reads and
 * writes too. The work is done by a Rust kernel in WebAssembly, by WebCrypto, by
 * node:crypto or by pure TypeScript: whichever is here and fastest.
 *
 * Rows, fields and whole files are in the entry point `./export`, and the command
 * `ironfern` is in `./cli`.
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
 * @example Encrypt values under a key
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * assertEquals(fernet.decryptText(fernet.encrypt("an API token")), "an API token");
 * ```
 *
 * @module
 */

export type { BackendName, Hash } from "./src/backends/backend.ts";
export {
  availableBackends,
  type AvailableBackendsOptions,
  type BackendChoice,
} from "./src/backends/select/available.ts";
export * from "./src/flet/aes_gcm.ts";
export * from "./src/calibration/calibrate.ts";
export type { Bytes } from "./src/bytes/bytes.ts";
export * from "./src/errors.ts";
export { Fernet } from "./src/fernet/fernet.ts";
export { MultiFernet } from "./src/fernet/multi_fernet.ts";
export * from "./src/fernet/options.ts";
export type { FernetDecryptOptions, FernetReadOptions } from "./src/fernet/read_options.ts";
export type { TokenCipher } from "./src/fernet/token_cipher.ts";
export * from "./src/flet/passphrase.ts";
export * from "./src/kdf/pbkdf2.ts";
export * from "./src/flet/upgrade.ts";
