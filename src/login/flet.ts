/**
 * Tokens as Flet saves them: the JSON of its `OAuthToken`, which has six names and
 * no others, and `scope` as a list.
 *
 * @module
 */

import { checkString, kindOf } from "../checks.ts";
import { checkTokens, type Tokens } from "./tokens.ts";

/** Characters of the longest text that is read. */
const LONGEST = 1 << 20;

/**
 * Reads tokens that Flet saved: what `page.auth.get_token()` and `to_json()` give.
 * Flet's guide has them encrypted before they are saved; open them by `decrypt`.
 *
 * @param json The text.
 * @returns The tokens.
 * @throws {TypeError} If it is no such text; the message holds nothing of it.
 *
 * @example Tokens that Flet saved
 * ```ts
 * import { tokensFromFlet } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const saved = '{"access_token":"a","scope":["openid","email"],"token_type":"Bearer"}';
 * assertEquals(tokensFromFlet(saved), {
 *   access_token: "a",
 *   scope: "openid email",
 *   token_type: "bearer",
 * });
 * ```
 */
export function tokensFromFlet(json: string): Tokens {
  const { access_token, scope, token_type, ...rest } = parse(checkString(json, "the tokens"));
  const { expires_in, expires_at, refresh_token } = rest;
  return checkTokens({
    access_token,
    token_type: typeof token_type === "string" ? token_type.toLowerCase() : token_type ?? "bearer",
    scope: scopeText(scope),
    expires_in: expires_in ?? undefined,
    expires_at: expires_at ?? undefined,
    refresh_token: refresh_token ?? undefined,
  });
}

/**
 * Writes tokens for Flet: `OAuthToken.from_json` reads them, and
 * `page.login(provider, saved_token=...)` takes them. `id_token` and
 * `refresh_expires_at` are left out, since Flet refuses any name but its own.
 *
 * @param tokens The tokens.
 * @returns JSON. It is a secret: encrypt it before it is saved.
 * @throws {TypeError} If they are no tokens.
 *
 * @example Tokens for Flet
 * ```ts
 * import { tokensToFlet } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const tokens = { access_token: "a", token_type: "bearer", scope: "openid email" };
 * assertEquals(
 *   tokensToFlet(tokens),
 *   '{"access_token":"a","scope":["openid","email"],"token_type":"bearer"}',
 * );
 * ```
 */
export function tokensToFlet(tokens: Tokens): string {
  const { access_token, scope, token_type, ...rest } = checkTokens(tokens);
  const { expires_in, expires_at, refresh_token } = rest;
  return JSON.stringify({
    access_token,
    scope: scope?.split(" ").filter((name) => name !== ""),
    token_type,
    expires_in,
    expires_at,
    refresh_token,
  });
}

function parse(json: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = json.length > LONGEST ? undefined : JSON.parse(json);
  } catch {
    // The parser's own message would quote the tokens.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new TypeError("Cannot read the tokens: expected the JSON of Flet's OAuthToken");
}

function scopeText(scope: unknown): unknown {
  if (scope === null || scope === undefined) return undefined;
  if (!Array.isArray(scope)) return scope;
  if (scope.every((name) => typeof name === "string")) return scope.join(" ");
  throw new TypeError(`Cannot read the tokens: expected text in scope, got ${kindOf(scope)}`);
}
