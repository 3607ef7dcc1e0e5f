/**
 * Auth0.
 *
 * Sources: auth0.com/docs/get-started/authentication-and-authorization-flow/
 * authorization-code-flow, /secure/tokens/refresh-tokens,
 * /secure/tokens/json-web-tokens/create-custom-claims (read 2026-11-25).
 *
 * @module
 */

import { checkBoolean, checkOptions, checkString, quoted } from "../../checks.ts";
import { checkClient, CLIENT, type Client, makeProvider, type Provider } from "../provider.ts";
import { openId } from "./oidc.ts";

const SCOPES = ["openid", "profile", "email"];
const OFFLINE_SCOPE = "offline_access";
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,}$/;

/** Options of {@linkcode auth0}. */
export interface Auth0Options extends Client {
  /** The domain of the tenant, or one's own: `example.eu.auth0.com`. */
  domain: string;
  /**
   * The API that the access token is for. Without it the token opens the user's
   * profile alone.
   */
  audience?: string;
  /**
   * The claim that lists the user's groups, which an Action of the tenant has to set;
   * Auth0 wants it to be a URL: `https://example.org/groups`. Only with `groups`.
   */
  groupsClaim?: string;
  /**
   * Whether to ask for a refresh token; the API has to allow it.
   *
   * @default {false}
   */
  offline?: boolean;
}

/**
 * Auth0.
 *
 * @param options The app, and the tenant's domain.
 * @returns The provider.
 * @throws {TypeError} If an option is missing or of the wrong type; if `groups` are
 * asked for without `groupsClaim`.
 *
 * @example With groups of an Action
 * ```ts
 * import { auth0 } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const provider = auth0({
 *   clientId: "8mxi2wPOP8Wh5Fg1",
 *   clientSecret: "a secret",
 *   domain: "example.eu.auth0.com",
 *   groups: true,
 *   groupsClaim: "https://example.org/groups",
 * });
 * assertEquals(provider.issuer, "https://example.eu.auth0.com/");
 * ```
 */
export function auth0(options: Auth0Options): Provider {
  const { domain, audience, groupsClaim, offline = false, ...rest } = checkOptions(options, [
    ...CLIENT,
    "domain",
    "audience",
    "groupsClaim",
    "offline",
  ]);
  if (!DOMAIN.test(checkString(domain, "domain"))) {
    throw new TypeError(
      `Cannot use the domain ${quoted(domain)}: expected a name as example.eu.auth0.com`,
    );
  }
  const scopes = checkBoolean(offline, "offline") ? [...SCOPES, OFFLINE_SCOPE] : SCOPES;
  const client = checkClient(rest, scopes);
  if (client.groups && groupsClaim === undefined) {
    throw new TypeError("Cannot fetch groups: Auth0 has none by itself, name the groupsClaim");
  }
  // With the slash, as its tokens have it.
  const issuer = `https://${domain}/`;
  return makeProvider({ id: "auth0", name: "Auth0", issuer }, {
    ...client,
    ...openId({
      groupsClaim: client.groups ? checkString(groupsClaim!, "groupsClaim") : undefined,
    }),
    server: { discover: issuer },
    hasPkce: true,
    clientAuth: "post",
    parameters: {
      ...audience !== undefined && { audience: checkString(audience, "audience") },
    },
  });
}
