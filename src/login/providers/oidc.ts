/**
 * Any OpenID provider.
 *
 * @module
 */

import { checkBoolean, checkOptions, checkString, quoted } from "../../checks.ts";
import { LoginError } from "../errors.ts";
import { safeUrl } from "../http.ts";
import {
  checkClient,
  CLIENT,
  type Client,
  type ClientAuthMethod,
  makeProvider,
  type Provider,
  type ProviderPlan,
} from "../provider.ts";
import { groupsOfClaim, type JsonObject, userOfClaims } from "../user.ts";

const SCOPES = ["openid", "profile", "email"];

/** Options of {@linkcode oidc}. */
export interface OidcOptions extends Client {
  /** What to call it in URLs and in `user.id`: a-z, 0-9, `-` and `_`. */
  id: string;
  /**
   * What people call it.
   *
   * @default {the id}
   */
  name?: string;
  /** Its issuer, as its discovery document has it. */
  issuer: string;
  /**
   * The claim that lists the user's groups, in the ID token or at the userinfo
   * endpoint; only with `groups`.
   *
   * @default {"groups"}
   */
  groupsClaim?: string;
  /**
   * Whether PKCE is sent. Only a provider that refuses it is a reason for `false`.
   *
   * @default {true}
   */
  pkce?: boolean;
  /**
   * How the app proves who it is: in the header (`basic`) or in the body (`post`).
   *
   * @default {what the discovery document names, basic first}
   */
  clientAuth?: ClientAuthMethod;
}

/**
 * Any provider that has a discovery document of OpenID Connect: Keycloak,
 * Authentik, Okta, GitLab, Zitadel and others.
 *
 * @param options The app, the issuer, what to call it.
 * @returns The provider. Nothing is fetched yet.
 * @throws {TypeError} If an option is missing or of the wrong type, or the issuer is
 * neither https nor of this machine.
 *
 * @example A provider of one's own
 * ```ts
 * import { oidc } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const provider = oidc({
 *   id: "sso",
 *   name: "Example SSO",
 *   issuer: "https://sso.example/realms/staff",
 *   clientId: "notes",
 *   clientSecret: "a secret from the environment",
 *   groups: true,
 * });
 * assertEquals([provider.id, provider.name], ["sso", "Example SSO"]);
 * ```
 */
export function oidc(options: OidcOptions): Provider {
  const names = [...CLIENT, "id", "name", "issuer", "groupsClaim", "pkce", "clientAuth"] as const;
  const { id, name = id, issuer, groupsClaim = "groups", pkce = true, clientAuth, ...rest } =
    checkOptions(options, names);
  safeUrl(issuer, "issuer");
  const client = checkClient(rest, SCOPES);
  return makeProvider({ id, name, issuer }, {
    ...client,
    server: { discover: issuer },
    hasPkce: checkBoolean(pkce, "pkce"),
    ...clientAuth !== undefined && { clientAuth: checkClientAuth(clientAuth) },
    ...openId({ groupsClaim: client.groups ? checkString(groupsClaim, "groupsClaim") : undefined }),
  });
}

/**
 * Checks how an app proves who it is.
 *
 * @throws {TypeError} If it is neither `basic` nor `post`.
 */
export function checkClientAuth(method: ClientAuthMethod): ClientAuthMethod {
  if (method === "basic" || method === "post") return method;
  throw new TypeError(`Cannot use clientAuth ${quoted(method)}: expected "basic" or "post"`);
}

/** What all OpenID providers have in common. */
export function openId(
  { groupsClaim }: { groupsClaim?: string | undefined },
): Pick<ProviderPlan, "isOpenId" | "hasNonce" | "subjectOf" | "fetchUser"> {
  return {
    isOpenId: true,
    hasNonce: true,
    subjectOf,
    fetchUser: async (_api, { claims = {} }, userInfo) => {
      // Many providers have all but `sub` at the userinfo endpoint alone.
      const all: JsonObject = { ...claims, ...await userInfo() };
      const groups = groupsClaim === undefined ? undefined : groupsOfClaim(all[groupsClaim]);
      return userOfClaims(all, subjectOf(claims), groups);
    },
  };
}

/**
 * The claim `sub`.
 *
 * @throws {LoginError} `bad-id-token`, if it is missing.
 */
export function subjectOf({ sub }: JsonObject): string {
  if (typeof sub === "string" && sub !== "") return sub;
  throw new LoginError("bad-id-token", { reason: "the ID token has no subject" });
}
