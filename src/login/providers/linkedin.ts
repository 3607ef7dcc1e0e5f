/**
 * LinkedIn.
 *
 * Sources: learn.microsoft.com/linkedin/consumer/integrations/self-serve/
 * sign-in-with-linkedin-v2 and /linkedin/shared/authentication/
 * authorization-code-flow (read 2026-11-25).
 *
 * @module
 */

import { checkOptions } from "../../checks.ts";
import {
  checkClient,
  CLIENT,
  type Client,
  makeProvider,
  noGroups,
  type Provider,
} from "../provider.ts";
import { openId } from "./oidc.ts";

const ISSUER = "https://www.linkedin.com/oauth";
/** What ID tokens have had as their issuer beside it. */
const OTHER_ISSUER = "https://www.linkedin.com";
const SCOPES = ["openid", "profile", "email"];

/**
 * LinkedIn, with the product "Sign In with LinkedIn using OpenID Connect".
 *
 * Its web flow refuses PKCE and gives no nonce back: what binds the answer to the
 * login is the state alone. There are no groups, and no refresh tokens but for
 * partners.
 *
 * @param options The app.
 * @returns The provider.
 * @throws {TypeError} If an option is missing or of the wrong type, or groups are
 * asked for.
 *
 * @example Sign in with LinkedIn
 * ```ts
 * import { linkedin } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const provider = linkedin({ clientId: "78abc123def456", clientSecret: "a secret" });
 * assertEquals(provider.name, "LinkedIn");
 * ```
 */
export function linkedin(options: Client): Provider {
  const client = noGroups(checkClient(checkOptions(options, CLIENT), SCOPES), "LinkedIn");
  const server = {
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/v2/authorization`,
    token_endpoint: `${ISSUER}/v2/accessToken`,
    userinfo_endpoint: "https://api.linkedin.com/v2/userinfo",
    jwks_uri: `${ISSUER}/openid/jwks`,
    id_token_signing_alg_values_supported: ["RS256"],
  };
  const other = { ...server, issuer: OTHER_ISSUER };
  return makeProvider({ id: "linkedin", name: "LinkedIn", issuer: ISSUER }, {
    ...client,
    ...openId({}),
    server,
    hasNonce: false,
    hasPkce: false,
    clientAuth: "post",
    // Older answers lack it.
    mend: (answer) => ({ token_type: "bearer", ...answer }),
    serverOf: ({ iss }) => iss === OTHER_ISSUER ? other : server,
  });
}
