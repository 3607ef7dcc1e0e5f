/**
 * Any provider of OAuth 2.0 without OpenID Connect.
 *
 * @module
 */

import { checkBoolean, checkOptions, checkString, kindOf } from "../../checks.ts";
import { LoginError } from "../errors.ts";
import { safeUrl } from "../http.ts";
import {
  checkClient,
  CLIENT,
  type Client,
  type ClientAuthMethod,
  makeProvider,
  noGroups,
  type Provider,
} from "../provider.ts";
import { type JsonObject, userOfClaims } from "../user.ts";
import { checkClientAuth } from "./oidc.ts";

/** Options of {@linkcode oauth2}. */
export interface OAuth2Options extends Client {
  /** What to call it in URLs and in `user.id`: a-z, 0-9, `-` and `_`. */
  id: string;
  /**
   * What people call it.
   *
   * @default {the id}
   */
  name?: string;
  /**
   * Who it is, as a URL. If its callbacks have `iss` (RFC 9207), it has to be this one.
   */
  issuer: string;
  /** Where browsers are sent. */
  authorizationEndpoint: string;
  /** Where codes and refresh tokens are exchanged. */
  tokenEndpoint: string;
  /** Where the user's details are, as JSON behind the token. */
  userEndpoint: string;
  /** Where tokens are revoked (RFC 7009), if it can. */
  revocationEndpoint?: string;
  /** The user's id in those details: one that is never given to another user. */
  userId: (user: Record<string, unknown>) => string | number;
  /**
   * Whether PKCE is sent. Only a provider that refuses it is a reason for `false`.
   *
   * @default {true}
   */
  pkce?: boolean;
  /**
   * How the app proves who it is: in the header (`basic`) or in the body (`post`).
   *
   * @default {"post"}
   */
  clientAuth?: ClientAuthMethod;
  /** Further parameters of the authorization request. */
  parameters?: Readonly<Record<string, string>>;
}

/**
 * Any other provider of OAuth 2.0, as Flet's `OAuthProvider`. The user's name,
 * address and picture are taken from `name`, `email`, `email_verified` and `picture`
 * of the details, where they are; all of them are in `user.raw`.
 *
 * @param options The app, the endpoints, and where the user's id is.
 * @returns The provider.
 * @throws {TypeError} If an option is missing or of the wrong type; if groups are asked
 * for, which have no standard form.
 *
 * @example A provider with endpoints of its own
 * ```ts
 * import { oauth2 } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const provider = oauth2({
 *   id: "forge",
 *   issuer: "https://forge.example",
 *   clientId: "notes",
 *   clientSecret: "a secret",
 *   authorizationEndpoint: "https://forge.example/authorize",
 *   tokenEndpoint: "https://forge.example/token",
 *   userEndpoint: "https://forge.example/api/me",
 *   userId: (user) => String(user.id),
 * });
 * assertEquals(provider.id, "forge");
 * ```
 */
export function oauth2(options: OAuth2Options): Provider {
  const { id, name = id, issuer, userId, pkce = true, clientAuth = "post", ...others } =
    checkOptions(options, [
      ...CLIENT,
      "id",
      "name",
      "issuer",
      "authorizationEndpoint",
      "tokenEndpoint",
      "userEndpoint",
      "revocationEndpoint",
      "userId",
      "pkce",
      "clientAuth",
      "parameters",
    ]);
  const { authorizationEndpoint, tokenEndpoint, userEndpoint, revocationEndpoint, ...rest } =
    others;
  const { parameters, ...given } = rest;
  safeUrl(issuer, "issuer");
  safeUrl(authorizationEndpoint, "authorizationEndpoint");
  safeUrl(tokenEndpoint, "tokenEndpoint");
  safeUrl(userEndpoint, "userEndpoint");
  if (revocationEndpoint !== undefined) safeUrl(revocationEndpoint, "revocationEndpoint");
  if (typeof userId !== "function") {
    throw new TypeError(`Cannot use userId: expected a function, got ${kindOf(userId)}`);
  }
  const client = noGroups(checkClient(given, []), "oauth2");
  return makeProvider({ id, name, issuer }, {
    ...client,
    server: {
      issuer,
      authorization_endpoint: authorizationEndpoint,
      token_endpoint: tokenEndpoint,
      ...revocationEndpoint !== undefined && { revocation_endpoint: revocationEndpoint },
    },
    isOpenId: false,
    hasNonce: false,
    hasPkce: checkBoolean(pkce, "pkce"),
    clientAuth: checkClientAuth(clientAuth),
    parameters: checkParameters(parameters),
    mend: (answer) => ({ token_type: "bearer", ...withoutIdToken(answer) }),
    fetchUser: async (api, { tokens }) => {
      const { body } = await api.get(userEndpoint, tokens.access_token);
      if (Array.isArray(body)) {
        throw new LoginError("bad-response", { reason: "it is a list where a user should be" });
      }
      return userOfClaims(body as JsonObject, subjectOf(userId({ ...body })));
    },
  });
}

/** Nobody could verify it: its keys are not known. */
function withoutIdToken({ id_token: _, ...answer }: JsonObject): JsonObject {
  return answer;
}

function subjectOf(id: unknown): string {
  if (Number.isSafeInteger(id)) return String(id);
  if (typeof id === "string" && id !== "" && id !== "undefined" && id !== "null") return id;
  throw new LoginError("bad-response", { reason: "the user has no id" });
}

function checkParameters(
  parameters: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const copy = { ...parameters };
  for (const [name, value] of Object.entries(copy)) checkString(value, `the parameter ${name}`);
  return copy;
}
