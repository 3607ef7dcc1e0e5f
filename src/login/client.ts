/**
 * One provider, for one app: what a login asks it for.
 *
 * @module
 */

import {
  checkScopes,
  planOf,
  type Provider,
  type ProviderPlan,
  type Received,
} from "./provider.ts";
import type { ServerMetadata } from "./provider.ts";
import { type Api, makeApi } from "./api.ts";
import { LoginError } from "./errors.ts";
import { boundedFetch, type Fetch, isSafeUrl } from "./http.ts";
import * as oauth from "./oauth.ts";
import type { Tokens } from "./tokens.ts";
import type { User } from "./user.ts";

/** Milliseconds that a discovery document is believed. */
const DOCUMENT_AGE = 3_600_000;
/** Parameters that no preset and no app changes. */
const LONGEST_URL = 8_000;

/** What an authorization request is made of. */
export interface Authorization {
  /** Where the provider sends the browser. */
  readonly redirectUri: string;
  /** Binds the answer to this login. */
  readonly state: string;
  /** Binds the ID token to it. */
  readonly nonce: string;
  /** Proves that the code is exchanged by who asked for it. */
  readonly verifier: string;
  /** What is asked for beside the provider's scopes. */
  readonly scopes: readonly string[];
}

/** Talks to one provider. */
export class ProviderClient {
  /** The provider. */
  readonly provider: Provider;
  /** How a login with it goes. */
  readonly plan: ProviderPlan;
  readonly #fetch: Fetch;
  readonly #api: Api;
  #server: Promise<ServerMetadata> | undefined;
  #until = 0;

  /** Asks nothing yet. */
  constructor(provider: Provider, fetch: Fetch) {
    this.provider = provider;
    this.plan = planOf(provider);
    this.#fetch = boundedFetch(fetch);
    this.#api = makeApi(this.#fetch);
  }

  /** Where to send the browser. */
  async authorizationUrl(
    { redirectUri, state, nonce, verifier, scopes }: Authorization,
  ): Promise<string> {
    const { plan } = this;
    const { authorization_endpoint: endpoint } = await this.#known();
    const url = endpointUrl(endpoint);
    const set = (name: string, value: string) => url.searchParams.set(name, value);
    for (const [name, value] of Object.entries(plan.parameters ?? {})) set(name, value);
    set("response_type", "code");
    set("client_id", plan.clientId);
    set("redirect_uri", redirectUri);
    const asked = [...new Set([...plan.scopes, ...checkScopes(scopes)])];
    if (asked.length) set("scope", asked.join(" "));
    set("state", state);
    if (plan.hasNonce) set("nonce", nonce);
    if (plan.hasPkce) {
      set("code_challenge", await oauth.challengeOf(verifier));
      set("code_challenge_method", "S256");
    }
    if (url.href.length <= LONGEST_URL) return url.href;
    throw new RangeError(`Cannot start the login: its URL has more than ${LONGEST_URL} characters`);
  }

  /** Exchanges a code: see `exchangeCode`. */
  async exchange(code: oauth.CodeExchange): Promise<Received> {
    return await oauth.exchangeCode(await this.#exchange(), code);
  }

  /** Exchanges a refresh token: see `refreshTokens`. */
  async refresh(refreshToken: string): Promise<Received> {
    return await oauth.refreshTokens(await this.#exchange(), refreshToken);
  }

  /** Fetches the user. */
  async fetchUser(received: Received): Promise<User> {
    const { id } = this.provider;
    const exchange = await this.#exchange();
    const { subject, ...details } = await this.plan.fetchUser(this.#api, received, async () => {
      const { claims, tokens } = received;
      if (!exchange.server.userinfo_endpoint || typeof claims?.sub !== "string") return {};
      return await oauth.fetchClaims(exchange, tokens.access_token, claims.sub);
    });
    if (subject === "") throw new LoginError("bad-response", { reason: "the user has no id" });
    return { id: `${id}:${subject}`, provider: id, subject, ...details };
  }

  /** Revokes what can be revoked. */
  async revoke(tokens: Tokens): Promise<void> {
    if (this.plan.revoke) return await this.plan.revoke(this.#api, tokens);
    const exchange = await this.#exchange();
    if (!exchange.server.revocation_endpoint) return;
    // With the refresh token its access tokens end as well (RFC 7009, section 2.1).
    await oauth.revokeToken(exchange, tokens.refresh_token ?? tokens.access_token);
  }

  /** Where the browser signs out at the provider (OpenID Connect RP-Initiated Logout). */
  async logoutUrl(tokens: Tokens, returnTo: string | undefined): Promise<string | undefined> {
    const { end_session_endpoint: endpoint } = await this.#known();
    if (endpoint === undefined) return undefined;
    const url = endpointUrl(endpoint);
    url.searchParams.set("client_id", this.plan.clientId);
    if (tokens.id_token !== undefined) url.searchParams.set("id_token_hint", tokens.id_token);
    if (returnTo !== undefined) url.searchParams.set("post_logout_redirect_uri", returnTo);
    return url.href;
  }

  async #exchange(): Promise<oauth.Exchange> {
    return { plan: this.plan, server: await this.#known(), fetch: this.#fetch };
  }

  /** The server; its document is fetched once an hour, by one caller for all. */
  async #known(): Promise<ServerMetadata> {
    const { server } = this.plan;
    if (!("discover" in server)) return server;
    if (this.#server && Date.now() < this.#until) return await this.#server;
    this.#until = Date.now() + DOCUMENT_AGE;
    const fetched = this.#server = oauth.discover(server.discover, this.#fetch);
    try {
      return await fetched;
    } catch (error) {
      if (this.#server === fetched) this.#server = undefined;
      throw error;
    }
  }
}

/** Where a browser is sent: no document of a provider sends it to a script. */
function endpointUrl(endpoint: unknown): URL {
  if (typeof endpoint === "string" && URL.canParse(endpoint)) {
    const url = new URL(endpoint);
    if (isSafeUrl(url)) return url;
  }
  throw new LoginError("bad-response", { reason: "its document names no usable endpoint" });
}
