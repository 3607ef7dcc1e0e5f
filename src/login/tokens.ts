/**
 * What a provider gives for a login.
 *
 * @module
 */

import { kindOf } from "../checks.ts";

/**
 * Tokens, under the names they have on the wire (RFC 6749, section 5.1), which
 * are those of Flet's `OAuthToken`.
 */
export interface Tokens {
  /** The token that the provider's APIs take. */
  access_token: string;
  /** How it is sent, in lower case: `bearer`. */
  token_type: string;
  /** What it allows, with spaces between. */
  scope?: string;
  /** Seconds that it lasted when it was given. */
  expires_in?: number;
  /** When it expires, in Unix seconds by this machine's clock. */
  expires_at?: number;
  /** The token that gives new ones. */
  refresh_token?: string;
  /** When that one expires, in Unix seconds, where the provider says it. */
  refresh_expires_at?: number;
  /** Who signed in, as a JWT, which was verified when it came. */
  id_token?: string;
}

const TEXTS = ["access_token", "token_type", "scope", "refresh_token", "id_token"] as const;
const NUMBERS = ["expires_in", "expires_at", "refresh_expires_at"] as const;
const NEEDED: readonly string[] = ["access_token", "token_type"];

/**
 * Checks tokens, and copies what they consist of.
 *
 * @throws {TypeError} If they are none; the message holds no value.
 */
export function checkTokens(tokens: unknown): Tokens {
  if (typeof tokens !== "object" || tokens === null || Array.isArray(tokens)) {
    throw new TypeError(`Cannot use the tokens: expected an object, got ${kindOf(tokens)}`);
  }
  const given = tokens as Readonly<Record<string, unknown>>;
  const copy: Record<string, unknown> = {};
  const take = (name: string, isOf: (value: unknown) => boolean, expected: string) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined && !NEEDED.includes(name)) return;
    if (!isOf(value)) {
      throw new TypeError(
        `Cannot use the tokens: expected ${expected} as ${name}, got ${kindOf(value)}`,
      );
    }
    copy[name] = value;
  };
  for (const name of TEXTS) take(name, (value) => typeof value === "string", "a string");
  for (const name of NUMBERS) take(name, Number.isFinite, "a finite number");
  if (copy.access_token === "") {
    throw new TypeError("Cannot use the tokens: access_token is empty");
  }
  return copy as unknown as Tokens;
}
