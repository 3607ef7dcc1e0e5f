/**
 * "Login with": from the button to the user, and to tokens that last.
 *
 * @module
 */

import { checkOptions, checkString, kindOf } from "../checks.ts";
import { clearCookie, readCookie, setCookie } from "../session/cookies.ts";
import type { ProviderClient } from "./client.ts";
import { LoginError, withHeaders } from "./errors.ts";
import { safeUrl } from "./http.ts";
import { randomText } from "./oauth.ts";
import {
  type CheckedLogin,
  checkLogin,
  type Ended,
  type EndOptions,
  type LoginOptions,
  type Resumed,
  type ResumeOptions,
  type SignedIn,
  type StartOptions,
} from "./options.ts";
import { Refresher } from "./refresh.ts";
import { checkNavigation, checkPost, checkRequest } from "./requests.ts";
import { localPath } from "./return_to.ts";
import type { FoundLogin } from "./saved.ts";
import type { Tokens } from "./tokens.ts";
import { type FoundTransaction, Transactions } from "./transaction.ts";

/** Parameters of a callback, each of which may be there once. */
const PARAMETERS = ["state", "iss", "code", "error", "error_description", "error_uri"] as const;
/** Characters of a callback's longest parameter. */
const LONGEST_PARAMETER = 8_000;
/** The part of its life after which a login that is used is written anew. */
const TOUCHED = 0.1;

/** Signs people in with other sites' accounts. */
export class Login {
  readonly #options: CheckedLogin;
  readonly #transactions: Transactions;
  readonly #refresher: Refresher | undefined;

  /** Constructs a new instance. */
  constructor(options: LoginOptions) {
    this.#options = checkLogin(options);
    const { fernet, secure, saved } = this.#options;
    this.#transactions = new Transactions(fernet, secure);
    this.#refresher = saved && new Refresher(saved);
  }

  /** Sends the browser to the provider. */
  async start(request: Request, options: StartOptions): Promise<Response> {
    const { provider, returnTo, remember = false, scopes = [] } = checkOptions(options, [
      "provider",
      "returnTo",
      "remember",
      "scopes",
    ]);
    if (checkRequest(request).method === "POST") checkPost(request);
    else checkNavigation(request);
    const { clients, callback, saved } = this.#options;
    const client = clients.get(checkString(provider, "provider"));
    if (!client) {
      throw new LoginError("bad-request", { reason: "it asks for a provider that is not here" });
    }
    if (remember && !saved) {
      throw new TypeError("Cannot remember the user: give Login a store");
    }
    const [state, nonce, verifier] = [randomText(), randomText(), randomText()];
    const redirectUri = `${callback}/${client.provider.id}`;
    const location = await client.authorizationUrl({
      redirectUri,
      state,
      nonce,
      verifier,
      scopes,
    });
    const cookies = await this.#transactions.begin(request, {
      provider: client.provider.id,
      issuer: client.provider.issuer,
      callback: redirectUri,
      state,
      nonce,
      verifier,
      returnTo: localPath(returnTo),
      remember: remember === true,
    });
    return new Response(null, { status: 303, headers: headersOf(cookies, { location }) });
  }

  /** Finishes the login on the callback. */
  async finish(request: Request): Promise<SignedIn> {
    checkNavigation(checkRequest(request));
    const url = new URL(request.url);
    const client = this.#clientOf(url);
    const parameters = readParameters(url);
    const found = await this.#transactions.find(request, parameters.get("state") ?? "");
    try {
      return await this.#finish(request, client, parameters, found);
    } catch (error) {
      // Where the provider cannot be reached, the code may still be good: the page
      // can be loaded again.
      if (!(error instanceof LoginError) || error.code === "unavailable") throw error;
      throw withHeaders(error, headersOf([found.clear]));
    }
  }

  /** The remembered login of a request. */
  async resume(request: Request, options?: ResumeOptions): Promise<Resumed | undefined> {
    const { onEnd } = checkOptions(options, ["onEnd"]);
    if (onEnd !== undefined && typeof onEnd !== "function") {
      throw new TypeError(`Cannot use onEnd: expected a function, got ${kindOf(onEnd)}`);
    }
    const { saved } = this.#options;
    const old = await saved?.find(this.#idOf(request));
    if (!saved || !old || old.remember === false) return undefined;
    let { user, tokens } = old;
    try {
      const fresh = await this.#refresher!.fresh(old.id);
      ({ user, tokens } = fresh);
      await this.#touch(fresh);
    } catch (error) {
      if (!(error instanceof LoginError)) throw error;
      if (!await saved.find(old.id)) {
        onEnd?.(error.code);
        return undefined;
      }
      // The provider is not needed to know who it is.
      tokens = error.tokens ?? tokens;
    }
    return { user, tokens, headers: headersOf([this.#savedCookie(old.id, true)]) };
  }

  /** Tokens that last. */
  async tokens(request: Request): Promise<Tokens> {
    const { tokens } = await this.#refreshed(request);
    return tokens;
  }

  /** Ends the login of a request. */
  async end(request: Request, options?: EndOptions): Promise<Ended> {
    const { returnTo } = checkOptions(options, ["returnTo"]);
    if (returnTo !== undefined) safeUrl(checkString(returnTo, "returnTo"), "returnTo");
    checkPost(checkRequest(request));
    const { saved, cookie, secure } = this.#options;
    const headers = headersOf([clearCookie(cookie, secure)]);
    const id = this.#idOf(request);
    const found = await saved?.find(id);
    if (!saved || id === undefined) return { headers };
    // First of all: whatever the provider does, nobody is signed in here any more.
    await saved.remove(id);
    if (!found) return { headers };
    const [, logoutUrl] = await Promise.all([
      quietly(() => found.client.revoke(found.tokens)),
      quietly(() => found.client.logoutUrl(found.tokens, returnTo)),
    ]);
    return { headers, ...logoutUrl !== undefined && { logoutUrl } };
  }

  async #finish(
    request: Request,
    client: ProviderClient,
    parameters: URLSearchParams,
    { transaction, clear }: FoundTransaction,
  ): Promise<SignedIn> {
    const { provider, issuer, callback, returnTo, remember } = transaction;
    const isOurs = provider === client.provider.id && issuer === client.provider.issuer;
    if (!isOurs) throw new LoginError("wrong-issuer");
    const redirectUri = callback;
    const received = await client.exchange({ parameters, redirectUri, ...transaction });
    const user = await client.fetchUser(received);
    const { tokens } = received;
    const cookies = [clear, ...await this.#save(request, client, { user, tokens, remember })];
    return { user, tokens, returnTo, remember, headers: headersOf(cookies) };
  }

  /** Saves a new login in the place of the browser's last one. */
  async #save(
    request: Request,
    client: ProviderClient,
    { user, tokens, remember }: Pick<SignedIn, "user" | "tokens" | "remember">,
  ): Promise<string[]> {
    const { saved } = this.#options;
    if (!saved) return [];
    try {
      const old = this.#idOf(request);
      if (old !== undefined) await saved.remove(old);
      const login = { user, tokens, ...!remember && { remember: false } as const };
      return [this.#savedCookie(await saved.create(client, login), remember)];
    } catch (cause) {
      throw new LoginError("not-saved", { cause, tokens });
    }
  }

  async #refreshed(request: Request): Promise<FoundLogin> {
    const id = this.#idOf(request);
    if (!this.#refresher) throw new LoginError("ended", { reason: "Login has no store" });
    return await this.#refresher.fresh(id);
  }

  /** A login that is used is kept: its time begins anew now and then. */
  async #touch(found: FoundLogin): Promise<void> {
    const saved = this.#options.saved!;
    if (Date.now() / 1_000 - found.time < saved.life * TOUCHED) return;
    await saved.swap(found, await saved.seal(found, found));
  }

  #idOf(request: Request): string | undefined {
    return readCookie(checkRequest(request), this.#options.cookie);
  }

  #savedCookie(id: string, remember: boolean): string {
    const { cookie, secure, saved } = this.#options;
    return setCookie(cookie, id, { secure, ...remember && { maxAge: saved!.life } });
  }

  #clientOf({ pathname }: URL): ProviderClient {
    const { clients, callback } = this.#options;
    const base = new URL(callback).pathname.replace(/\/$/, "");
    const client = pathname.startsWith(`${base}/`)
      ? clients.get(pathname.slice(base.length + 1))
      : undefined;
    if (client) return client;
    throw new LoginError("bad-request", { reason: "it is not the callback of a provider" });
  }
}

/**
 * The parameters of a callback. What others there are is left alone: providers add
 * some as they like.
 */
function readParameters({ searchParams }: URL): URLSearchParams {
  for (const name of PARAMETERS) {
    const values = searchParams.getAll(name);
    if (values.length < 2 && !values.some(({ length }) => length > LONGEST_PARAMETER)) continue;
    const code = name === "state" ? "wrong-state" : name === "iss" ? "wrong-issuer" : undefined;
    throw new LoginError(code ?? "bad-response", { reason: `it has ${name} twice, or too long` });
  }
  return new URLSearchParams(PARAMETERS.flatMap((name) => {
    const value = searchParams.get(name);
    return value === null ? [] : [[name, value]];
  }));
}

/** Headers with cookies, for an answer that no cache keeps. */
function headersOf(cookies: readonly string[], others: Record<string, string> = {}): Headers {
  const headers = new Headers({ "cache-control": "no-store", ...others });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return headers;
}

/** What the provider may refuse without harm. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LoginError) return undefined;
    throw error;
  }
}
