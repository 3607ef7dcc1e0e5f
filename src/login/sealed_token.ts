/**
 * Tokens that the client keeps, as Flet's saved token: sealed, and bound to the
 * issuer, the client and the user.
 *
 * @module
 */

import type { Bytes } from "../bytes/bytes.ts";
import { encodeUtf8 } from "../bytes/text.ts";
import { checkOptions, checkString, kindOf } from "../checks.ts";
import type { Fernet } from "../fernet/fernet.ts";
import { tokenReader } from "../fernet/read_options.ts";
import type { MultiFernet } from "../fernet/multi_fernet.ts";
import { checkFernet, jsonMessage, openJson, sealMessage, withKeys } from "../session/keys.ts";
import { INFOS } from "./keys.ts";
import { checkTokens, type Tokens } from "./tokens.ts";

/** Whom tokens belong to: they open for the same three only. */
export interface TokenBinding {
  /** The provider's issuer: `provider.issuer`. */
  issuer: string;
  /** The app's id at the provider. */
  clientId: string;
  /** The user, as `user.id`. */
  user: string;
}

/** Why a kept token is refused. */
export type TokenRefusal = "unreadable" | "too-old";

/** Options of {@linkcode openToken}. */
export interface OpenTokenOptions {
  /** Seconds since it was sealed, at most. */
  ttl?: number;
  /**
   * Called where the token is refused: `unreadable` is any token that does not
   * open for this key, issuer, client and user.
   */
  onRefused?: (reason: TokenRefusal) => void;
}

/**
 * Seals tokens for the client to keep, as an app does that has no store, or a
 * Flet app whose user ticked "Remember me".
 *
 * @param fernet The server's key; of a `MultiFernet`, the first one.
 * @param tokens The tokens.
 * @param bound Whom they belong to.
 * @returns A Fernet token.
 * @throws {TypeError} If an argument is of the wrong type, or the key was destroyed.
 *
 * @example Remember me, without a store
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { openToken, sealToken } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const bound = { issuer: "https://accounts.google.com", clientId: "app-1", user: "google:7" };
 * const kept = await sealToken(fernet, { access_token: "a", token_type: "bearer" }, bound);
 *
 * const tokens = await openToken(fernet, kept, bound, { ttl: 30 * 86_400 });
 * assertEquals(tokens?.access_token, "a");
 * assertEquals(await openToken(fernet, kept, { ...bound, user: "google:8" }), undefined);
 * ```
 */
export async function sealToken(
  fernet: Fernet | MultiFernet,
  tokens: Tokens,
  bound: TokenBinding,
): Promise<string> {
  const message = jsonMessage(contextOf(bound), checkTokens(tokens));
  return await withKeys(
    checkFernet(fernet),
    ([newest]) => sealMessage(newest, INFOS.token, message),
  );
}

/**
 * Opens what {@linkcode sealToken} made.
 *
 * @param fernet The server's key, or several.
 * @param text What the client kept; it may be anything.
 * @param bound Whom the tokens have to belong to.
 * @param options The age, and who is told of a refusal.
 * @returns The tokens, or `undefined`.
 * @throws {TypeError} If an argument is of the wrong type, or a key was destroyed.
 * @throws {RangeError} If `ttl` is negative or not finite.
 *
 * @example Why it was refused
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { openToken } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const bound = { issuer: "https://accounts.google.com", clientId: "app-1", user: "google:7" };
 * const reasons: string[] = [];
 * await openToken(fernet, "gAAAA", bound, { onRefused: (reason) => reasons.push(reason) });
 * assertEquals(reasons, ["unreadable"]);
 * ```
 */
export async function openToken(
  fernet: Fernet | MultiFernet,
  text: string,
  bound: TokenBinding,
  options?: OpenTokenOptions,
): Promise<Tokens | undefined> {
  const { ttl, onRefused } = checkOptions(options, ["ttl", "onRefused"]);
  const { inTime = () => true } = tokenReader({ ttl });
  if (onRefused !== undefined && typeof onRefused !== "function") {
    throw new TypeError(`Cannot use onRefused: expected a function, got ${kindOf(onRefused)}`);
  }
  const token = checkString(text, "the kept token");
  const context = contextOf(bound);
  const opened = await withKeys(checkFernet(fernet), async (keys) => {
    for (const key of keys) {
      const opened = await openJson(key, INFOS.token, context, token);
      if (opened) return opened;
    }
  });
  const refusal = !opened ? "unreadable" : inTime(opened.time) ? undefined : "too-old";
  if (opened && !refusal) return checkTokens(opened.value);
  onRefused?.(refusal!);
}

function contextOf(bound: TokenBinding): Bytes[] {
  const names = ["issuer", "clientId", "user"] as const;
  const known = checkOptions(bound, names);
  return names.map((name) => encodeUtf8(checkString(known[name], name), name));
}
