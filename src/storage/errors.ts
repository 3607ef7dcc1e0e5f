/**
 * Why stored values cannot be read or written.
 *
 * @module
 */

/** Why, for programs: see {@linkcode StorageError}. */
export type StorageErrorCode =
  | "unreadable"
  | "locked"
  | "wrong-secret"
  | "no-vault"
  | "vault-exists"
  | "vault-lost"
  | "bad-vault"
  | "iterations-out-of-range"
  | "full"
  | "too-large"
  | "conflict"
  | "unavailable";

/** The options of {@linkcode StorageError}. */
export interface StorageErrorOptions extends ErrorOptions {
  /** The key of the value, where the error concerns one value. */
  key?: string;
  /** What is wrong, as the end of a sentence, where more is known than the code. */
  reason?: string;
}

const MESSAGES: Readonly<Record<StorageErrorCode, readonly [doing: string, reason: string]>> = {
  "unreadable": [
    "open the stored value",
    "its record is damaged, of another key, or was moved from another name",
  ],
  "locked": ["use the vault", "it is locked"],
  "wrong-secret": ["open the vault", "this secret does not open it"],
  "no-vault": ["open the vault", "the store has none under this prefix"],
  "vault-exists": ["create the vault", "the store has one under this prefix"],
  "vault-lost": [
    "use the vault",
    "the store has records under this prefix, but the vault's header is gone",
  ],
  "bad-vault": ["open the vault", "its header is damaged or of another version"],
  "iterations-out-of-range": ["open the vault", "its iterations are outside the bounds"],
  "full": ["write to the store", "there is no room left"],
  "too-large": ["write to the store", "the record is longer than the store allows"],
  "conflict": ["update the stored value", "others change it all the time"],
  "unavailable": ["use the store", "it is not available"],
};

/**
 * A store, a vault or a stored value cannot be used.
 *
 * | code | when |
 * | --- | --- |
 * | `unreadable` | a record cannot be opened: damaged, of another key, or moved from another name |
 * | `locked` | the vault is locked |
 * | `wrong-secret` | the secret opens no slot of the vault; nothing was changed |
 * | `no-vault` | there is no vault, and there are no records |
 * | `vault-exists` | there is a vault already; it was not overwritten |
 * | `vault-lost` | there are records, but the vault's header is gone |
 * | `bad-vault` | the vault's header is damaged |
 * | `iterations-out-of-range` | the header asks for too many or too few iterations; nothing was derived |
 * | `full` | there is no room; the old value is intact |
 * | `too-large` | the record is longer than the store allows; the old value is intact |
 * | `conflict` | a value was changed by others at every try |
 * | `unavailable` | the store failed; `cause` is its error |
 *
 * @example Telling a damaged record from a missing one
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { EncryptedStorage, StorageError } from "@ironfern/ironfern/storage";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const store = new Map<string, string>();
 * const storage = new EncryptedStorage(store, { fernet: new Fernet(Fernet.generateKey()) });
 * await storage.set("token", "secret");
 * for (const name of store.keys()) store.set(name, "damaged");
 *
 * const error = await assertRejects(() => storage.get("token"), StorageError);
 * assertEquals([error.code, error.key], ["unreadable", "token"]);
 * assertEquals(await storage.get("other"), undefined);
 * ```
 */
export class StorageError extends Error {
  /** The name of the class. */
  override readonly name = "StorageError";
  /** Why, for programs: it stays the same between versions. */
  readonly code: StorageErrorCode;
  /** The key of the value; no message holds it, since names may be hidden. */
  readonly key: string | undefined;

  /**
   * Constructs a new instance.
   *
   * @param code Why.
   * @param options The key of the value; what is wrong; the cause.
   */
  constructor(code: StorageErrorCode, options: StorageErrorOptions = {}) {
    const [doing, usual] = MESSAGES[code];
    const { key, reason = usual, ...rest } = options;
    super(`Cannot ${doing}: ${reason}`, rest);
    this.code = code;
    this.key = key;
  }
}

/** The error of a store that failed, whose own error may be one of ours already. */
export function storeError(cause: unknown, code: StorageErrorCode = "unavailable"): StorageError {
  if (cause instanceof StorageError) return cause;
  const reason = code === "unavailable" && cause instanceof Error && cause.message
    ? cause.message
    : undefined;
  return new StorageError(code, { cause, ...reason && { reason } });
}
