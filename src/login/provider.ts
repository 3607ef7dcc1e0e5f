/**
 * What a provider is: an id for everybody, and a plan that only this package sees.
 *
 * @module
 */

import { checkArray, checkBoolean, checkString, quoted } from "../checks.ts";
import type { Api } from "./api.ts";
import type { Tokens } from "./tokens.ts";
import type { JsonObject, UserDetails } from "./user.ts";

/** What every provider is given: the app as it is registered there. */
export interface Client {
  /** The app's id at the provider. */
  clientId: string;
  /** The app's secret, where it has one. */
  clientSecret?: string;
  /**
   * What to ask for, in the place of the provider's default.
   */
  scopes?: readonly string[];
  /**
   * Whether to fetch the user's groups, all pages of them.
   *
   * @default {false}
   */
  groups?: boolean;
}

/** A provider that people sign in with. Its secrets are in no property. */
export interface Provider {
  /** What it is called in URLs and in `user.id`: letters of lower case, digits, `-` and `_`. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  /** Who it is, as the URL that it is known by. */
  readonly issuer: string;
}

/** What is known of a server (RFC 8414, OpenID Connect Discovery). */
export interface ServerMetadata {
  /** Who it is. */
  readonly issuer: string;
  /** Where browsers are sent. */
  readonly authorization_endpoint?: string;
  /** Where codes and refresh tokens are exchanged. */
  readonly token_endpoint?: string;
  /** Where the user's claims are. */
  readonly userinfo_endpoint?: string;
  /** Where its keys are. */
  readonly jwks_uri?: string;
  /** Where tokens are revoked (RFC 7009). */
  readonly revocation_endpoint?: string;
  /** Where browsers sign out. */
  readonly end_session_endpoint?: string;
  /** How clients prove who they are. */
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  /** How ID tokens are signed. */
  readonly id_token_signing_alg_values_supported?: readonly string[];
  /** Whether its answers always have `iss` (RFC 9207). */
  readonly authorization_response_iss_parameter_supported?: boolean;
}

/** How the app proves who it is: in the header, or in the body. */
export type ClientAuthMethod = "basic" | "post";

/** What is known when tokens have come. */
export interface Received {
  /** The tokens. */
  readonly tokens: Tokens;
  /** The claims of the ID token, which was verified, where there is one. */
  readonly claims?: JsonObject;
}

/** How a login with a provider goes. */
export interface ProviderPlan {
  /** The app's id. */
  readonly clientId: string;
  /** The app's secret. */
  readonly clientSecret?: string;
  /** What is asked for. */
  readonly scopes: readonly string[];
  /** The server, or where its discovery document is. */
  readonly server: ServerMetadata | { readonly discover: string };
  /** Whether an ID token must come. */
  readonly isOpenId: boolean;
  /** Whether it has to hold our nonce. */
  readonly hasNonce: boolean;
  /** Whether PKCE is sent (RFC 7636), always as S256. */
  readonly hasPkce: boolean;
  /** How the app proves who it is, where the server's document does not decide. */
  readonly clientAuth?: ClientAuthMethod;
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Whether the answer's `iss` may be this one, where it depends on the user. */
  readonly acceptsIssuer?: (issuer: string) => boolean;
  /** Brings an answer with tokens into the form of the standard. */
  readonly mend?: (answer: JsonObject) => JsonObject;
  /** The server that an ID token has to be from, where it depends on the user. */
  readonly serverOf?: (idToken: JsonObject, server: ServerMetadata) => ServerMetadata;
  /** The user's id in an ID token that was verified; `undefined` where there is no ID token. */
  readonly subjectOf?: (claims: JsonObject) => string;
  /** Checks what is special in an ID token that was verified. */
  readonly checkClaims?: (claims: JsonObject) => void;
  /** Fetches the user. */
  readonly fetchUser: (
    api: Api,
    received: Received,
    userInfo: () => Promise<JsonObject>,
  ) => Promise<UserDetails>;
  /** Revokes the tokens, where it is not done as by RFC 7009. */
  readonly revoke?: (api: Api, tokens: Tokens) => Promise<void>;
}

const PROVIDER_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** The names of {@linkcode Client}. */
export const CLIENT = ["clientId", "clientSecret", "scopes", "groups"] as const;

const plans = new WeakMap<Provider, ProviderPlan>();

/** Makes a provider. */
export function makeProvider(
  { id, name, issuer }: Provider,
  plan: ProviderPlan,
): Provider {
  if (!PROVIDER_ID.test(checkString(id, "the provider's id"))) {
    throw new TypeError(
      `Cannot use the provider's id ${quoted(id)}: expected a-z, 0-9, "-" and "_", 64 at most`,
    );
  }
  const provider = Object.freeze({ id, name: checkString(name, "the provider's name"), issuer });
  plans.set(provider, plan);
  return provider;
}

/**
 * How a login with the provider goes.
 *
 * @throws {TypeError} If it was made by none of the functions for it.
 */
export function planOf(provider: Provider): ProviderPlan {
  const plan = plans.get(provider);
  if (plan) return plan;
  throw new TypeError(
    "Cannot use the provider: expected what github(), google(), oidc() and others return",
  );
}

/** A client whose values are checked. */
export interface CheckedClient {
  /** The app's id. */
  readonly clientId: string;
  /** The app's secret. */
  readonly clientSecret?: string;
  /** What is asked for. */
  readonly scopes: readonly string[];
  /** Whether groups are. */
  readonly groups: boolean;
}

/**
 * Checks what every provider is given.
 *
 * @param client The client.
 * @param scopes What is asked for by default.
 * @throws {TypeError} If something is missing, or of the wrong type.
 */
export function checkClient(client: Client, scopes: readonly string[]): CheckedClient {
  const { clientId, clientSecret, groups = false } = client;
  for (const [name, value] of Object.entries({ clientId, clientSecret })) {
    if (value === undefined && name === "clientSecret") continue;
    if (checkString(value!, name) === "") throw missing(name);
  }
  const asked = checkArray(client.scopes ?? scopes, "scopes");
  return {
    clientId,
    ...clientSecret !== undefined && { clientSecret },
    scopes: checkScopes(asked),
    groups: checkBoolean(groups, "groups"),
  };
}

/**
 * A client of a provider that has no groups.
 *
 * @throws {TypeError} If they are asked for: nobody would be in any.
 */
export function noGroups(client: CheckedClient, name: string): CheckedClient {
  if (!client.groups) return client;
  throw new TypeError(`Cannot fetch groups: ${name} gives none`);
}

/**
 * Checks scopes (RFC 6749, section 3.3).
 *
 * @throws {TypeError} If one is no scope.
 */
export function checkScopes(scopes: readonly string[]): string[] {
  return checkArray(scopes, "scopes").map((scope) => {
    if (SCOPE.test(checkString(scope, "a scope"))) return scope;
    throw new TypeError(`Cannot use the scope ${quoted(scope)}: expected one name, without spaces`);
  });
}

function missing(name: string): TypeError {
  return new TypeError(
    `Cannot use ${name}: it is empty, which often means that an environment variable is not set`,
  );
}
