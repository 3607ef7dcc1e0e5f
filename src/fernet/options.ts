/**
 * What the calls of `Fernet` and `MultiFernet` take and give.
 *
 * @module
 */

import type { BackendChoice } from "../backends/select/available.ts";
import type { Bytes } from "../bytes/bytes.ts";
import type { InvalidTokenError } from "../errors.ts";
import type { Pbkdf2Options } from "../kdf/pbkdf2.ts";
import type { FernetDecryptOptions } from "./read_options.ts";

/** Options of `new Fernet`. */
export interface FernetOptions {
  /**
   * The backend: `"auto"` takes the fastest that is right for each call.
   * `"webcrypto"` serves the asynchronous calls only.
   *
   * @default {"auto"}
   */
  backend?: BackendChoice;
}

/** Options of `Fernet.fromPassphrase`. */
export interface FernetFromPassphraseOptions
  extends Pick<Pbkdf2Options, "iterations" | "backend" | "signal" | "onProgress"> {
  /** The salt, text (as UTF-8) or bytes: 16 random ones, stored beside the tokens. */
  salt: string | Uint8Array;
}

/** Options of `encryptAsync`. */
export interface FernetAsyncOptions {
  /** Rejects the call with its reason when it is aborted. */
  signal?: AbortSignal;
}

/** Options of `decryptAsync`. */
export interface FernetDecryptAsyncOptions extends FernetDecryptOptions, FernetAsyncOptions {}

/** What `decryptManySettled` says of each token. */
export type FernetResult = FernetSuccess | FernetFailure;

/** The token was valid. */
export interface FernetSuccess {
  /** Tells it from a failure. */
  ok: true;
  /** The plaintext. */
  value: Bytes;
}

/** The token was not valid. */
export interface FernetFailure {
  /** Tells it from a success. */
  ok: false;
  /**
   * The error, with the token's `index`; its `cause` is a `TypeError` where the
   * token is not a string.
   */
  error: InvalidTokenError;
}
