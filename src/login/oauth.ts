/**
 * OAuth 2.0 and OpenID Connect by oauth4webapi. No other file imports it, and none
 * of its errors leaves this one: their causes hold tokens.
 *
 * @module
 */

import * as oauth from "oauth4webapi";
import { readJson } from "./api.ts";
import { LoginError, providerCode, providerText } from "./errors.ts";
import type { Fetch } from "./http.ts";
import type { ProviderPlan, Received, ServerMetadata } from "./provider.ts";
import type { Tokens } from "./tokens.ts";
import type { JsonObject } from "./user.ts";

/** Seconds of the longest lifetime that is believed. */
const LONGEST_LIFE = 1e9;
/** Signatures by a key of the provider's own: never by the client's secret, never none. */
const ALGORITHMS = /^(?:(?:RS|PS|ES)(?:256|384|512)|EdDSA|Ed25519)$/;

/** What every call needs. */
export interface Exchange {
  /** How a login with the provider goes. */
  readonly plan: ProviderPlan;
  /** The server. */
  readonly server: ServerMetadata;
  /** A bounded `fetch`, which refuses URLs that are neither https nor of this machine. */
  readonly fetch: Fetch;
}

/** A code, and what it was asked for with. */
export interface CodeExchange {
  /** The parameters of the callback. */
  readonly parameters: URLSearchParams;
  /** Where the provider sent the browser. */
  readonly redirectUri: string;
  /** What the login was begun with. */
  readonly state: string;
  /** See there. */
  readonly nonce: string;
  /** See there. */
  readonly verifier: string;
}

/** A random value of 256 bits, in 43 characters of base64url. */
export function randomText(): string {
  return oauth.generateRandomState();
}

/** The challenge of a verifier (RFC 7636, S256). */
export async function challengeOf(verifier: string): Promise<string> {
  return await oauth.calculatePKCECodeChallenge(verifier);
}

/**
 * Fetches a server's discovery document, whose issuer has to be the one that was
 * asked for.
 *
 * @throws {LoginError} `bad-response` or `unavailable`.
 */
export async function discover(issuer: string, fetch: Fetch): Promise<ServerMetadata> {
  const url = new URL(issuer);
  const server = await translated(async () => {
    const answer = await oauth.discoveryRequest(url, { algorithm: "oidc", ...requests(fetch) });
    return await oauth.processDiscoveryResponse(url, answer);
  });
  const { id_token_signing_alg_values_supported: algorithms } = server;
  return {
    ...server,
    // What is not in this list is refused before any key is looked for.
    ...Array.isArray(algorithms) && {
      id_token_signing_alg_values_supported: algorithms.filter((name) => ALGORITHMS.test(name)),
    },
  } as ServerMetadata;
}

/**
 * Exchanges the code of a callback for tokens.
 *
 * @throws {LoginError} `wrong-issuer`, `denied`, `provider-error`, `bad-response`,
 * `bad-id-token` or `unavailable`.
 */
export async function exchangeCode(
  { plan, server, fetch }: Exchange,
  { parameters, redirectUri, state, nonce, verifier }: CodeExchange,
): Promise<Received> {
  const client = clientOf(plan);
  const issuer = parameters.get("iss") ?? undefined;
  const answered = await translated(() =>
    Promise.resolve(
      oauth.validateAuthResponse(asServer(server, issuer, plan), client, parameters, state),
    )
  );
  const asked = Math.floor(Date.now() / 1_000);
  return await translated(async () => {
    const sent = await oauth.authorizationCodeGrantRequest(
      asServer(server),
      client,
      authOf(plan, server),
      answered,
      redirectUri,
      plan.hasPkce ? verifier : oauth.nopkce,
      requests(fetch),
    );
    const { answer, own } = await mended(sent, plan, server);
    const tokens = await oauth.processAuthorizationCodeResponse(asServer(own), client, answer, {
      requireIdToken: plan.isOpenId,
      ...plan.hasNonce && { expectedNonce: nonce },
    });
    const received = await verified(plan, own, fetch, answer, tokens, asked);
    const isOther = issuer !== undefined && received.claims && received.claims.iss !== issuer;
    if (plan.acceptsIssuer && isOther) throw new LoginError("wrong-issuer");
    return received;
  });
}

/**
 * Exchanges a refresh token.
 *
 * @throws {LoginError} `ended`, if the provider does not take it any more; else as
 * {@linkcode exchangeCode}.
 */
export async function refreshTokens(
  { plan, server, fetch }: Exchange,
  refreshToken: string,
): Promise<Received> {
  const client = clientOf(plan);
  const asked = Math.floor(Date.now() / 1_000);
  try {
    return await translated(async () => {
      const auth = authOf(plan, server);
      const sent = await oauth.refreshTokenGrantRequest(
        asServer(server),
        client,
        auth,
        refreshToken,
        requests(fetch),
      );
      const { answer, own } = await mended(sent, plan, server);
      const tokens = await oauth.processRefreshTokenResponse(asServer(own), client, answer);
      return await verified(plan, own, fetch, answer, tokens, asked);
    });
  } catch (error) {
    const isRefused = error instanceof LoginError && error.providerCode === "invalid_grant";
    throw isRefused ? new LoginError("ended", { providerCode: "invalid_grant" }) : error;
  }
}

/**
 * Fetches the claims of the user, who has to be the one of the ID token.
 *
 * @throws {LoginError} `provider-error`, `bad-response` or `unavailable`.
 */
export async function fetchClaims(
  { plan, server, fetch }: Exchange,
  token: string,
  subject: string,
): Promise<JsonObject> {
  const client = clientOf(plan);
  return await translated(async () => {
    const answer = await oauth.userInfoRequest(asServer(server), client, token, requests(fetch));
    return await oauth.processUserInfoResponse(asServer(server), client, subject, answer);
  }) as JsonObject;
}

/**
 * Revokes a token (RFC 7009).
 *
 * @throws {LoginError} `provider-error`, `bad-response` or `unavailable`.
 */
export async function revokeToken(
  { plan, server, fetch }: Exchange,
  token: string,
): Promise<void> {
  await translated(async () => {
    const answer = await oauth.revocationRequest(
      asServer(server),
      clientOf(plan),
      authOf(plan, server),
      token,
      requests(fetch),
    );
    await oauth.processRevocationResponse(answer);
  });
}

/** The claims of an ID token that nobody has verified yet. */
function unverifiedClaims(idToken: unknown): JsonObject | undefined {
  if (typeof idToken !== "string") return undefined;
  try {
    const [, payload] = idToken.split(".");
    const binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))));
  } catch {
    return undefined;
  }
}

/** An answer in the form of the standard, and the server that it has to be from. */
async function mended(
  sent: Response,
  { mend, serverOf }: ProviderPlan,
  server: ServerMetadata,
): Promise<{ answer: Response; own: ServerMetadata }> {
  if (!mend && !serverOf) return { answer: sent, own: server };
  const given = await readJson(sent.clone());
  if (!given || Array.isArray(given)) return { answer: sent, own: server };
  const body = mend ? mend(given as JsonObject) : given as JsonObject;
  // GitHub's errors have the status 200.
  const status = sent.ok && body.error !== undefined ? 400 : sent.status;
  const headers = { "content-type": "application/json" };
  const claims = serverOf && unverifiedClaims(body.id_token);
  return {
    answer: new Response(JSON.stringify(body), { status, headers }),
    own: claims ? serverOf(claims, server) : server,
  };
}

/** Verifies the signature of an ID token, whose claims were checked, and takes the tokens. */
async function verified(
  plan: ProviderPlan,
  server: ServerMetadata,
  fetch: Fetch,
  answer: Response,
  tokens: oauth.TokenEndpointResponse,
  asked: number,
): Promise<Received> {
  const claims = oauth.getValidatedIdTokenClaims(tokens) as JsonObject | undefined;
  if (claims) {
    await oauth.validateApplicationLevelSignature(asServer(server), answer, requests(fetch));
    plan.checkClaims?.(claims);
  }
  return { tokens: tokensOf(tokens, asked), ...claims && { claims } };
}

function tokensOf(answer: oauth.TokenEndpointResponse, asked: number): Tokens {
  const { access_token, token_type, scope, expires_in, refresh_token, id_token } = answer;
  const life = lifeOf(expires_in);
  const refreshLife = lifeOf(answer.refresh_token_expires_in);
  return {
    access_token,
    token_type,
    ...scope !== undefined && { scope },
    ...life !== undefined && { expires_in: life, expires_at: asked + life },
    ...refresh_token !== undefined && { refresh_token },
    ...refreshLife !== undefined && { refresh_expires_at: asked + refreshLife },
    ...id_token !== undefined && { id_token },
  };
}

function lifeOf(seconds: unknown): number | undefined {
  const number = typeof seconds === "string" ? parseFloat(seconds) : seconds;
  if (typeof number !== "number" || !(number >= 0)) return undefined;
  return Math.floor(Math.min(number, LONGEST_LIFE));
}

function clientOf({ clientId }: ProviderPlan): oauth.Client {
  return { client_id: clientId };
}

/** How the app proves who it is: in the header by default (RFC 8414, section 2). */
function authOf(plan: ProviderPlan, server: ServerMetadata): oauth.ClientAuth {
  const { clientSecret, clientAuth } = plan;
  if (clientSecret === undefined) return oauth.None();
  const known = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  const isPost = clientAuth ? clientAuth === "post" : !known.includes("client_secret_basic");
  return isPost ? oauth.ClientSecretPost(clientSecret) : oauth.ClientSecretBasic(clientSecret);
}

/** The bounded `fetch` looks at the URLs: http goes to this machine alone. */
function requests(fetch: Fetch) {
  return { [oauth.customFetch]: fetch, [oauth.allowInsecureRequests]: true } as const;
}

function asServer(
  server: ServerMetadata,
  issuer?: string,
  plan?: ProviderPlan,
): oauth.AuthorizationServer {
  const isAccepted = issuer !== undefined && plan?.acceptsIssuer?.(issuer);
  return (isAccepted ? { ...server, issuer } : server) as oauth.AuthorizationServer;
}

/** Does work, whose errors become ours. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): LoginError {
  if (error instanceof LoginError) return error;
  if (error instanceof oauth.AuthorizationResponseError) {
    const { error: code, error_description: description } = error;
    return refusal(code === "access_denied" ? "denied" : "provider-error", code, description);
  }
  if (error instanceof oauth.ResponseBodyError) {
    return refusal("provider-error", error.error, error.error_description);
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    const [challenge] = error.cause;
    const { error: code, error_description: description } = challenge?.parameters ?? {};
    return refusal("provider-error", code ?? `status ${error.status}`, description);
  }
  // What is left speaks of the answer alone: its message names claims, and no values.
  const message = error instanceof Error ? error.message : "";
  if (/response parameter "iss"|"iss" \(issuer\) response/.test(message)) {
    return new LoginError("wrong-issuer");
  }
  if (/"state"/.test(message)) return new LoginError("wrong-state");
  const isToken = /\bJWT\b|\bJWS\b|ID Token|id_token|verification key|signature/i.test(message);
  return new LoginError(isToken ? "bad-id-token" : "bad-response");
}

function refusal(
  code: "denied" | "provider-error",
  error: unknown,
  description: unknown,
): LoginError {
  const known = providerCode(error);
  return new LoginError(code, {
    reason: providerText(error, description),
    ...known !== undefined && { providerCode: known },
  });
}
