/**
 * The errors a caller may want to catch. Misuse is a built-in `TypeError` (a
 * wrong kind of value) or `RangeError` (a number or size out of its bounds).
 *
 * | class | when |
 * | --- | --- |
 * | `InvalidTokenError` | a token or encrypted value cannot be opened, whatever the reason |
 * | `BackendUnavailableError` | the backend asked for by name is not there |
 *
 * No message ever holds a secret.
 *
 * @module
 */

/** The options of {@linkcode InvalidTokenError}. */
export interface InvalidTokenErrorOptions extends ErrorOptions {
  /** The position of the bad token in the array or stream, from 0. */
  index?: number;
}

/**
 * A token cannot be opened: it is malformed, forged, expired, from the future,
 * or of another key. Which of them is not told, so that nobody can learn from
 * the difference.
 *
 * @example Telling a bad token from other failures
 * ```ts
 * import { Fernet, InvalidTokenError } from "@ironfern/ironfern";
 * import { assertInstanceOf } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * try {
 *   fernet.decrypt("gAAAAA==");
 * } catch (error) {
 *   assertInstanceOf(error, InvalidTokenError);
 * }
 * ```
 */
export class InvalidTokenError extends Error {
  /** The name of the class. */
  override readonly name = "InvalidTokenError";
  /**
   * The position, from 0, of the bad token in the array or the line of the
   * stream; `undefined` where there was one token only.
   */
  readonly index: number | undefined;

  /**
   * Constructs a new instance.
   *
   * @param options The position of the token, and the error's cause.
   */
  constructor(options: InvalidTokenErrorOptions = {}) {
    const { index, ...rest } = options;
    const which = index === undefined ? "the token" : `token ${index}`;
    super(`Cannot open ${which}: it is not valid under this key`, rest);
    this.index = index;
  }
}

/**
 * The backend that was asked for by name cannot be used here. With the backend
 * `"auto"` another one is taken instead.
 *
 * @example Asking for a backend by name
 * ```ts
 * import { BackendUnavailableError, pbkdf2 } from "@ironfern/ironfern";
 *
 * const options = { iterations: 1_000, backend: "node" } as const;
 * try {
 *   await pbkdf2("password", "a salt of its own", options);
 * } catch (error) {
 *   if (!(error instanceof BackendUnavailableError)) throw error;
 *   console.log(error.backend, "is not here");
 * }
 * ```
 */
export class BackendUnavailableError extends Error {
  /** The name of the class. */
  override readonly name = "BackendUnavailableError";
  /** The name of the backend that is not there. */
  readonly backend: string;

  /**
   * Constructs a new instance.
   *
   * @param backend The name of the backend.
   * @param reason Why it cannot be used, as the end of a sentence.
   * @param options The error's cause.
   */
  constructor(backend: string, reason: string, options?: ErrorOptions) {
    super(`Cannot use the backend "${backend}": ${reason}`, options);
    this.backend = backend;
  }
}
