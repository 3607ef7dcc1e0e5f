/**
 * The errors a caller may want to catch. Misuse is a built-in `TypeError` (a
 * wrong kind of value) or `RangeError` (a number or size out of its bounds).
 *
 * | class | when |
 * | --- | --- |
 * | `InvalidTokenError` | a token or encrypted value cannot be opened, whatever the reason |
 * | `SealedExportError` | a sealed export cannot be opened; its `code` says why |
 * | `BackendUnavailableError` | the backend asked for by name is not there |
 *
 * No message ever holds a secret.
 *
 * @module
 */

/** Where in an input of lines or rows something is. */
export interface InputPosition {
  /** The line of the input as editors count it, from 1. Cells of several lines count. */
  readonly line?: number;
  /** The number of the row, from 0. A header is no row. */
  readonly row?: number;
  /** The field, as the caller named it. */
  readonly field?: string;
}

/** The options of {@linkcode InvalidTokenError}. */
export interface InvalidTokenErrorOptions extends ErrorOptions {
  /** The position of the bad token in the array or stream, from 0. */
  index?: number;
  /** The line of the input that holds the token, from 1. */
  line?: number;
  /** The field that holds the token, as the caller named it. */
  field?: string;
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
   * The position of the bad token in the array, or of its line or row in the
   * stream, from 0; `undefined` where there was one token only.
   */
  readonly index: number | undefined;
  /**
   * The line of the stream that holds the token, as editors count it, from 1;
   * `undefined` where there are no lines.
   */
  readonly line: number | undefined;
  /** The field that holds the token, as the caller named it, where there are fields. */
  readonly field: string | undefined;

  /**
   * Constructs a new instance.
   *
   * @param options Where the token is, and the error's cause.
   */
  constructor(options: InvalidTokenErrorOptions = {}) {
    const { index, line, field, ...rest } = options;
    super(`Cannot open ${tokenPlace(options)}: it is not valid under this key`, rest);
    this.index = index;
    this.line = line;
    this.field = field;
  }
}

function tokenPlace({ index, line, field }: InvalidTokenErrorOptions): string {
  if (line === undefined) return index === undefined ? "the token" : `token ${index}`;
  const within = field === undefined ? "" : `, field ${JSON.stringify(field)}`;
  return `the token in line ${line}${within}`;
}

/** Why a sealed export cannot be opened: see {@linkcode SealedExportError}. */
export type SealedExportErrorCode =
  | "bad-header"
  | "iterations-out-of-range"
  | "unexpected-id"
  | "line-too-long"
  | "wrong-secret-or-header"
  | "bad-token"
  | "out-of-order"
  | "trailing-data"
  | "truncated";

/** The options of {@linkcode SealedExportError}. */
export interface SealedExportErrorOptions extends ErrorOptions {
  /** What is wrong with that line, as the end of a sentence. */
  reason?: string;
}

const SEALED_EXPORT_REASONS: Readonly<Record<SealedExportErrorCode, string>> = {
  "bad-header": "it is no header of a sealed export of version 1",
  "iterations-out-of-range": "its iterations are outside the bounds",
  "unexpected-id": "the export has another id than the expected one",
  "line-too-long": "it is longer than any line of a sealed export",
  "wrong-secret-or-header": "wrong passphrase or key, or not the file that it was",
  "bad-token": "it is not valid under the export's key",
  "out-of-order": "it belongs in another place",
  "trailing-data": "the export has ended before it",
  "truncated": "the export ends here, before its final line",
};

/**
 * A sealed export cannot be opened. The first bad line decides, however the file
 * is cut into chunks and whoever works on it.
 *
 * | code | when |
 * | --- | --- |
 * | `bad-header` | the first line is no header of this format, or not exactly as it is written, as after a conversion to CRLF |
 * | `iterations-out-of-range` | the header asks for too many or too few iterations; nothing was derived |
 * | `unexpected-id` | the header has another id than `expect`; nothing was derived |
 * | `line-too-long` | a line has more bytes than the format allows; it is refused unread |
 * | `wrong-secret-or-header` | the first line after the header cannot be opened, or the export wants a key and not a passphrase, or the reverse |
 * | `bad-token` | a later line cannot be opened, or holds what the format does not allow |
 * | `out-of-order` | a line of this export is in the place of another: lines were removed, repeated or moved |
 * | `trailing-data` | something follows the final line |
 * | `truncated` | the final line is missing, or a line feed at the end; an empty file, too |
 *
 * @example Refusing a file that was cut
 * ```ts
 * import { Fernet, SealedExportError } from "@ironfern/ironfern";
 * import { sealExport, verifyExport } from "@ironfern/ironfern/export";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const key = Fernet.generateKey();
 * const rows = new Blob(["one\ntwo\n"]).stream();
 * const sealed = await new Response(rows.pipeThrough(sealExport({ key }))).text();
 * const cut = new Blob([sealed.split("\n").slice(0, 2).join("\n"), "\n"]);
 * const error = await assertRejects(() => verifyExport(cut, { key }), SealedExportError);
 * assertEquals([error.code, error.line], ["truncated", 3]);
 * ```
 */
export class SealedExportError extends Error {
  /** The name of the class. */
  override readonly name = "SealedExportError";
  /** Why, for programs: it stays the same between versions. */
  readonly code: SealedExportErrorCode;
  /** The first bad line as editors count it, from 1, which is the header. */
  readonly line: number;

  /**
   * Constructs a new instance.
   *
   * @param code Why.
   * @param line The line as editors count it, from 1, which is the header.
   * @param options What is wrong, where more is known than the code; the cause.
   */
  constructor(code: SealedExportErrorCode, line: number, options: SealedExportErrorOptions = {}) {
    const { reason = SEALED_EXPORT_REASONS[code], ...rest } = options;
    super(`Cannot open the sealed export at line ${line}: ${reason}`, rest);
    this.code = code;
    this.line = line;
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
