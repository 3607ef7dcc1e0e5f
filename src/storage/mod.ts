/**
 * Secrets in a store: values that go encrypted into Web Storage, IndexedDB, a
 * database or a folder, and come back with their types.
 *
 * @example A token in a store
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { EncryptedStorage } from "@ironfern/ironfern/storage";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const storage = new EncryptedStorage(new Map(), { fernet });
 * await storage.set("token", "secret");
 * assertEquals(await storage.get("token"), "secret");
 * ```
 *
 * @module
 */

export * from "./blind_index.ts";
export { StorageError, type StorageErrorCode, type StorageErrorOptions } from "./errors.ts";
export type { FilePath } from "../files/node_files.ts";
export type { Json } from "./json.ts";
export type { KeySource } from "./key_source.ts";
export type * from "./options.ts";
export * from "./passkey.ts";
export type { RotateOptions, RotateResult } from "./rotate.ts";
export * from "./storage.ts";
export * from "./stores/deno_kv.ts";
export * from "./stores/folder.ts";
export * from "./stores/indexed_db.ts";
export * from "./stores/redis.ts";
export * from "./stores/sqlite.ts";
export * from "./stores/unstorage.ts";
export * from "./stores/web_storage.ts";
export type { Awaitable, StoreChange, StringStore } from "./store.ts";
export type { StoredValue } from "./values.ts";
export { Vault } from "./vault.ts";
export type { VaultOptions, VaultSlot } from "./vault_place.ts";
export type { KeyWrapper, VaultKey, VaultPassphrase, VaultSecret } from "./vault_slots.ts";
