/**
 * Why a login fails.
 *
 * @module
 */

import type { Tokens } from "./tokens.ts";

/** Why, for programs: see {@linkcode LoginError}. */
export type LoginErrorCode =
  | "bad-request"
  | "no-transaction"
  | "expired"
  | "wrong-state"
  | "wrong-issuer"
  | "denied"
  | "provider-error"
  | "bad-response"
  | "bad-id-token"
  | "other-user"
  | "unavailable"
  | "ended"
  | "not-saved";

/** The options of {@linkcode LoginError}. */
export interface LoginErrorOptions extends ErrorOptions {
  /** What is wrong, as the end of a sentence, where more is known than the code. */
  reason?: string;
  /** The provider's own code, as `access_denied`. */
  providerCode?: string;
  /** The headers to answer with: see {@linkcode LoginError.headers}. */
  headers?: Headers;
  /** The tokens that could not be saved. */
  tokens?: Tokens;
}

const MESSAGES: Readonly<Record<LoginErrorCode, readonly [doing: string, reason: string]>> = {
  "bad-request": ["answer the request", "it is not one that a page of this site sends"],
  "no-transaction": ["finish the login", "it was not begun in this browser, or is finished"],
  "expired": ["finish the login", "it was begun more than 10 minutes ago"],
  "wrong-state": ["finish the login", "the state is not the one that it was begun with"],
  "wrong-issuer": ["finish the login", "the answer is from another provider"],
  "denied": ["finish the login", "the user or the provider refused it"],
  "provider-error": ["use the provider", "it answered with an error"],
  "bad-response": ["use the provider", "its answer is not as the protocol has it"],
  "bad-id-token": ["finish the login", "the ID token is not valid"],
  "other-user": ["use the saved login", "the provider answered for another user"],
  "unavailable": ["use the provider", "it cannot be reached, or is out of order"],
  "ended": ["use the saved login", "there is none, or it has ended"],
  "not-saved": ["save the login", "the store failed"],
};

/** Characters of the provider's texts that go into a message. */
const LONGEST = 200;
const CODE = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
const UNSAFE = /[^\x20-\x7e]/g;

/**
 * A login cannot be begun, finished or used.
 *
 * | code | when |
 * | --- | --- |
 * | `bad-request` | the request is from another site, of another method, a prefetch, or for an image |
 * | `no-transaction` | the login was not begun in this browser, or was finished already |
 * | `expired` | the login was begun more than 10 minutes ago |
 * | `wrong-state` | the answer belongs to another login |
 * | `wrong-issuer` | the answer is from another provider than the one that was asked |
 * | `denied` | the user refused, or the provider did |
 * | `provider-error` | the provider answered with an error; `providerCode` is its code |
 * | `bad-response` | the provider's answer is not as the protocol has it, or is too long |
 * | `bad-id-token` | the ID token is forged, for another client, expired, or has another nonce |
 * | `other-user` | a refresh gave the tokens of another user; they were thrown away |
 * | `unavailable` | the provider did not answer in time, or is out of order; nothing is lost |
 * | `ended` | there is no saved login, or it expired or was revoked |
 * | `not-saved` | the store failed after the provider had answered; `tokens` are the new ones |
 *
 * No message and no property that is printed holds a token, a code or a secret.
 *
 * @example Telling the user what to do
 * ```ts
 * import { LoginError } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * function advice(error: unknown): string {
 *   if (!(error instanceof LoginError)) throw error;
 *   if (error.code === "denied") return "You did not sign in.";
 *   return error.code === "unavailable" ? "Please try again later." : "Please sign in again.";
 * }
 * assertEquals(advice(new LoginError("denied")), "You did not sign in.");
 * ```
 */
export class LoginError extends Error {
  /** The name of the class. */
  override readonly name = "LoginError";
  /** Why, for programs: it stays the same between versions. */
  readonly code: LoginErrorCode;
  /** The provider's own code, as `access_denied`, where it gave one. */
  readonly providerCode: string | undefined;
  /** Private, so that no log prints them. */
  readonly #tokens: Tokens | undefined;
  readonly #headers: Headers;

  /**
   * Constructs a new instance.
   *
   * @param code Why.
   * @param options What is known beyond the code.
   */
  constructor(code: LoginErrorCode, options: LoginErrorOptions = {}) {
    const [doing, usual] = MESSAGES[code];
    const { reason = usual, providerCode, headers, tokens, ...rest } = options;
    super(`Cannot ${doing}: ${reason}`, rest);
    this.code = code;
    this.providerCode = providerCode;
    this.#headers = headers ?? new Headers();
    this.#tokens = tokens;
  }

  /**
   * The new tokens, where `code` is `not-saved`: they hold for this request, and
   * the saved ones may be worth nothing any more.
   */
  get tokens(): Tokens | undefined {
    return this.#tokens;
  }

  /** Headers for the answer: they clear the cookie of a login that failed for good. */
  get headers(): Headers {
    return this.#headers;
  }
}

/** The same error with headers for the answer. */
export function withHeaders(error: LoginError, headers: Headers): LoginError {
  const { code, message, providerCode, tokens, cause } = error;
  const reason = message.slice(message.indexOf(": ") + 2);
  return new LoginError(code, { reason, providerCode, tokens, headers, cause });
}

/**
 * What a provider says of its error, safe for a log: bounded, ASCII, its control
 * characters replaced.
 */
export function providerText(code: unknown, description: unknown): string {
  const parts = [code, description].filter((part) => typeof part === "string" && part !== "");
  const text = parts.join(", ").replace(UNSAFE, "?");
  return `it answered with the error ${
    JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text)
  }`;
}

/** A provider's code, where it is one (RFC 6749, section 5.2). */
export function providerCode(code: unknown): string | undefined {
  return typeof code === "string" && CODE.test(code) ? code : undefined;
}
