/**
 * Google.
 *
 * Sources: developers.google.com/identity/openid-connect/openid-connect and
 * /reference, /identity/protocols/oauth2/web-server (read 2026-11-25).
 *
 * @module
 */

import { checkBoolean, checkOptions, checkString } from "../../checks.ts";
import { LoginError } from "../errors.ts";
import {
  checkClient,
  CLIENT,
  type Client,
  makeProvider,
  noGroups,
  type Provider,
} from "../provider.ts";
import { userOfClaims } from "../user.ts";
import { openId, subjectOf } from "./oidc.ts";

const ISSUER = "https://accounts.google.com";
const SCOPES = ["openid", "profile", "email"];
/** Any organisation, but no private account. */
const ANY = "*";

/** Options of {@linkcode google}. */
export interface GoogleOptions extends Client {
  /**
   * The domain of an organisation: others cannot sign in. `"*"` lets in people of any
   * organisation, and no private accounts.
   */
  hostedDomain?: string;
  /**
   * Whether to ask for a refresh token. Google then asks for consent at every
   * sign-in: it gives a refresh token only then.
   *
   * @default {false}
   */
  offline?: boolean;
}

/**
 * Google. It has no groups without an administrator's APIs.
 *
 * @param options The app, and who may sign in.
 * @returns The provider.
 * @throws {TypeError} If an option is missing or of the wrong type, or groups are
 * asked for.
 *
 * @example The people of one organisation
 * ```ts
 * import { google } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const provider = google({
 *   clientId: "1234987819200.apps.googleusercontent.com",
 *   clientSecret: "a secret",
 *   hostedDomain: "example.org",
 * });
 * assertEquals(provider.name, "Google");
 * ```
 */
export function google(options: GoogleOptions): Provider {
  const { hostedDomain, offline = false, ...rest } = checkOptions(options, [
    ...CLIENT,
    "hostedDomain",
    "offline",
  ]);
  if (hostedDomain !== undefined && checkString(hostedDomain, "hostedDomain") === "") {
    throw new TypeError("Cannot use hostedDomain: it is empty, and would let nobody in");
  }
  const client = noGroups(checkClient(rest, SCOPES), "Google");
  return makeProvider({ id: "google", name: "Google", issuer: ISSUER }, {
    ...client,
    ...openId({}),
    server: { discover: ISSUER },
    hasPkce: true,
    clientAuth: "post",
    parameters: {
      ...checkBoolean(offline, "offline") && { access_type: "offline", prompt: "consent" },
      ...hostedDomain !== undefined && { hd: hostedDomain },
    },
    // The parameter only chooses what the page shows: anybody can leave it out.
    checkClaims: ({ hd }) => {
      if (
        hostedDomain === undefined || typeof hd === "string" && hd !== "" &&
          (hostedDomain === ANY || hd.toLowerCase() === hostedDomain.toLowerCase())
      ) return;
      throw new LoginError("denied", { reason: "the account is of another organisation" });
    },
    // All is in the ID token.
    fetchUser: (_api, { claims = {} }) => Promise.resolve(userOfClaims(claims, subjectOf(claims))),
  });
}
