/**
 * "Login with": from the button to the user, and to tokens that last.
 *
 * @module
 */

import { checkOptions, checkString, kindOf } from "../checks.ts";
import { clearCookie, readCookie, setCookie } from "../session/cookies.ts";
import { checkUser } from "../session/user_records.ts";
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
import { checkNavigation, checkPost, checkRequest, headersOf, readParameters } from "./requests.ts";
import { localPath } from "./return_to.ts";
import type { FoundLogin } from "./saved.ts";
import type { Tokens } from "./tokens.ts";
import { type FoundTransaction, Transactions } from "./transaction.ts";

/** The part of its life after which a login that is used is written anew. */
const TOUCHED = 0.1;

/**
 * Signs people in with other sites' accounts, and keeps their tokens fresh.
 *
 * A login is bound to the browser and the tab that began it, to the provider, and
 * to the code that it gives; the ID token is verified. A saved login is sealed under
 * the server's key and a random id that only the browser's cookie holds: neither a
 * stolen store nor the key with it opens one. Tokens are refreshed once for all
 * callers in all processes that share the store.
 *
 * @example Sign in, show the user, sign out
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { github, Login } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const login = new Login({
 *   providers: [github({ clientId: "Iv1.8a61f9b3a7aba766", clientSecret: "a secret" })],
 *   callback: "https://notes.example/callback", // register it with /github at its end
 *   fernet: new Fernet(Fernet.generateKey()), // the same one after a restart
 *   store: new Map(), // SQLite, Redis, Deno KV or a folder
 * });
 *
 * async function handle(request: Request): Promise<Response> {
 *   const { pathname } = new URL(request.url);
 *   if (pathname === "/login") {
 *     return await login.start(request, { provider: "github", remember: true });
 *   }
 *   if (pathname === "/callback/github") {
 *     const { returnTo, headers } = await login.finish(request);
 *     headers.set("location", returnTo);
 *     return new Response(null, { status: 303, headers });
 *   }
 *   if (pathname === "/logout") {
 *     const { headers } = await login.end(request);
 *     headers.set("location", "/");
 *     return new Response(null, { status: 303, headers });
 *   }
 *   const resumed = await login.resume(request);
 *   return new Response(resumed?.user.name ?? "nobody", { headers: resumed?.headers });
 * }
 *
 * const answer = await handle(new Request("https://notes.example/login", { method: "POST" }));
 * assertEquals(new URL(answer.headers.get("location")!).hostname, "github.com");
 * ```
 */
export class Login {
  readonly #options: CheckedLogin;
  readonly #transactions: Transactions;
  readonly #refresher: Refresher | undefined;

  /**
   * Constructs a new instance. Nothing is fetched or read yet.
   *
   * @param options The providers, the callback, the key, the store.
   * @throws {TypeError} If an option is missing, unknown or of the wrong type; if two
   * providers have one id; if the callback is neither https nor of this machine.
   * @throws {RangeError} If a number is out of its bounds.
   */
  constructor(options: LoginOptions) {
    this.#options = checkLogin(options);
    const { fernet, secure, saved } = this.#options;
    this.#transactions = new Transactions(fernet, secure);
    this.#refresher = saved && new Refresher(saved);
  }

  /**
   * Begins a login: sends the browser to the provider, with a cookie that binds the
   * answer to it for 10 minutes.
   *
   * @param request A POST of the site's own form, or a GET that a person makes.
   * @param options The provider; where to go afterwards; whether to remember the user.
   * @returns A redirect, with status 303.
   * @throws {LoginError} `bad-request`, if the request is of another site or for a
   * provider that is not here; `unavailable` or `bad-response`, if the provider's
   * document cannot be fetched.
   * @throws {TypeError} If an option is unknown or of the wrong type, or the user is to
   * be remembered without a store.
   * @throws {RangeError} If the cookie would have more than 4,096 bytes.
   *
   * @example A form with a box to tick
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { linkedin, Login } from "@ironfern/ironfern/login";
   * import { assertEquals } from "@std/assert";
   *
   * const login = new Login({
   *   providers: [linkedin({ clientId: "78abc123def456", clientSecret: "a secret" })],
   *   callback: "https://notes.example/callback",
   *   fernet: new Fernet(Fernet.generateKey()),
   *   store: new Map(),
   * });
   * const body = new URLSearchParams({ provider: "linkedin", remember: "on" });
   * const request = new Request("https://notes.example/login", { method: "POST", body });
   *
   * const form = await request.formData();
   * const answer = await login.start(request, {
   *   provider: String(form.get("provider")),
   *   remember: form.get("remember") === "on",
   *   returnTo: "/notes",
   * });
   * assertEquals(answer.status, 303);
   * ```
   */
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

  /**
   * Finishes the login on the callback: checks the answer, exchanges the code, checks
   * the ID token, fetches the user and the groups, and saves the login if there is a
   * store.
   *
   * @param request The request for the callback.
   * @returns The user, the tokens, where to go, and the cookies to send.
   * @throws {LoginError} Any code but `ended` and `other-user`. Send the error's
   * `headers` with the page that tells of it. After `unavailable` the page can be
   * loaded again.
   *
   * @example A callback that nobody began
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { github, Login, LoginError } from "@ironfern/ironfern/login";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const login = new Login({
   *   providers: [github({ clientId: "Iv1.8a61f9b3a7aba766", clientSecret: "a secret" })],
   *   callback: "https://notes.example/callback",
   *   fernet: new Fernet(Fernet.generateKey()),
   * });
   * const state = "A".repeat(43);
   * const url = `https://notes.example/callback/github?code=x&state=${state}`;
   * const error = await assertRejects(() => login.finish(new Request(url)), LoginError);
   * assertEquals(error.code, "no-transaction");
   * ```
   */
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

  /**
   * The login of a request whose user asked to be remembered, with fresh tokens. Call
   * it where there is no session. If the provider cannot be reached, the user is
   * known all the same, and the tokens are the old ones.
   *
   * @param request The request.
   * @param options Who is told that the login ended.
   * @returns The user, the tokens, and the cookies to send; or `undefined`.
   * @throws {StorageError} If the store fails.
   *
   * @example Nobody is remembered yet
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { github, Login } from "@ironfern/ironfern/login";
   * import { assertEquals } from "@std/assert";
   *
   * const login = new Login({
   *   providers: [github({ clientId: "Iv1.8a61f9b3a7aba766", clientSecret: "a secret" })],
   *   callback: "https://notes.example/callback",
   *   fernet: new Fernet(Fernet.generateKey()),
   *   store: new Map(),
   * });
   * const request = new Request("https://notes.example/");
   * const onEnd = (reason: string) => console.log(`Please sign in again: ${reason}`);
   * assertEquals(await login.resume(request, { onEnd }), undefined);
   * ```
   */
  async resume(request: Request, options?: ResumeOptions): Promise<Resumed | undefined> {
    const { onEnd } = checkOptions(options, ["onEnd"]);
    if (onEnd !== undefined && typeof onEnd !== "function") {
      throw new TypeError(`Cannot use onEnd: expected a function, got ${kindOf(onEnd)}`);
    }
    const { saved } = this.#options;
    const old = await saved?.find(this.#idOf(request));
    if (!saved || !old || old.remember === false) return undefined;
    let current: FoundLogin | undefined;
    let unsaved: Tokens | undefined;
    try {
      current = await this.#refresher!.fresh(old.id);
    } catch (error) {
      if (!(error instanceof LoginError)) throw error;
      // The provider is not needed to know who it is.
      current = await saved.find(old.id);
      if (!current) return void onEnd?.(error.code);
      unsaved = error.tokens;
    }
    await this.#touch(current);
    const { user, tokens } = current;
    const headers = headersOf([this.#savedCookie(old.id, true)]);
    return { user, tokens: unsaved ?? tokens, headers };
  }

  /**
   * The tokens of a request's saved login. The access token lasts a minute at least,
   * or a tenth of its life if that is longer; a life of less than two minutes, half of
   * it. Where it does not, it is refreshed: once for all callers in all processes
   * that share the store, if the store has `swap`; else for those of this process.
   *
   * @param request The request.
   * @returns The tokens.
   * @throws {LoginError} `ended`, if there is no login, or the provider ended it;
   * `unavailable`, if the provider cannot be reached: nothing is lost; `not-saved`,
   * `other-user`, `provider-error` or `bad-response`.
   * @throws {StorageError} If the store fails.
   *
   * @example Calling the provider's API
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { github, Login, LoginError } from "@ironfern/ironfern/login";
   * import { assertRejects } from "@std/assert";
   *
   * const login = new Login({
   *   providers: [github({ clientId: "Iv1.8a61f9b3a7aba766", clientSecret: "a secret" })],
   *   callback: "https://notes.example/callback",
   *   fernet: new Fernet(Fernet.generateKey()),
   *   store: new Map(),
   * });
   * async function repositories(request: Request): Promise<Response> {
   *   const { access_token } = await login.tokens(request);
   *   const headers = { authorization: `Bearer ${access_token}`, "user-agent": "notes" };
   *   return await fetch("https://api.github.com/user/repos", { headers });
   * }
   * const request = new Request("https://notes.example/");
   * await assertRejects(() => repositories(request), LoginError, "there is none");
   * ```
   */
  async tokens(request: Request): Promise<Tokens> {
    const { tokens } = await this.#refreshed(request);
    return tokens;
  }

  /**
   * Signs out: removes the saved login, so that no request under way brings it back;
   * then revokes the tokens, if the provider can be reached and has a way to.
   *
   * @param request A POST of the site's own form.
   * @param options Where the provider sends the browser afterwards.
   * @returns The cookies to send, and where the browser signs out at the provider too.
   * @throws {LoginError} `bad-request`, if the request is no POST or of another site.
   * @throws {StorageError} If the store fails: then the login is not removed.
   *
   * @example A link signs nobody out
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { github, Login, LoginError } from "@ironfern/ironfern/login";
   * import { assertEquals, assertRejects } from "@std/assert";
   *
   * const login = new Login({
   *   providers: [github({ clientId: "Iv1.8a61f9b3a7aba766", clientSecret: "a secret" })],
   *   callback: "https://notes.example/callback",
   *   fernet: new Fernet(Fernet.generateKey()),
   *   store: new Map(),
   * });
   * const url = "https://notes.example/logout";
   * const error = await assertRejects(() => login.end(new Request(url)), LoginError);
   * assertEquals(error.code, "bad-request");
   * const { headers } = await login.end(new Request(url, { method: "POST" }));
   * assertEquals(headers.getSetCookie().length, 1);
   * ```
   */
  async end(request: Request, options?: EndOptions): Promise<Ended> {
    const { returnTo } = checkOptions(options, ["returnTo"]);
    if (returnTo !== undefined) safeUrl(checkString(returnTo, "returnTo"), "returnTo");
    checkPost(checkRequest(request));
    const { saved, cookie, secure } = this.#options;
    const headers = headersOf([clearCookie(cookie, secure)]);
    const id = this.#idOf(request);
    const found = await saved?.find(id, true);
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

  /**
   * Removes saved logins that were not used for longer than they last. Call it once a
   * day: what is too old opens no more, but stays in the store.
   *
   * @returns How many were removed.
   * @throws {StorageError} If the store fails.
   *
   * @example Once a day
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { github, Login } from "@ironfern/ironfern/login";
   * import { assertEquals } from "@std/assert";
   *
   * const login = new Login({
   *   providers: [github({ clientId: "Iv1.8a61f9b3a7aba766", clientSecret: "a secret" })],
   *   callback: "https://notes.example/callback",
   *   fernet: new Fernet(Fernet.generateKey()),
   *   store: new Map(),
   * });
   * // setInterval(() => login.sweep(), 86_400_000);
   * assertEquals(await login.sweep(), 0);
   * ```
   */
  async sweep(): Promise<number> {
    return await this.#options.saved?.sweep() ?? 0;
  }

  /**
   * Ends all saved logins of a user, on all devices: nobody is remembered who signed in
   * before. What the provider gave is not revoked, unless `end` is called there
   * afterwards. Then end the sessions of your own too, by `Sessions.endAll`: in the
   * other order a login that is resumed meanwhile begins another session.
   *
   * @param user The user: `user.id`.
   * @throws {TypeError} If it is no string or is empty, or `Login` has no store.
   * @throws {StorageError} If the store fails.
   *
   * @example "Sign out on all devices"
   * ```ts
   * import { Fernet } from "@ironfern/ironfern";
   * import { github, Login } from "@ironfern/ironfern/login";
   *
   * const login = new Login({
   *   providers: [github({ clientId: "Iv1.8a61f9b3a7aba766", clientSecret: "a secret" })],
   *   callback: "https://notes.example/callback",
   *   fernet: new Fernet(Fernet.generateKey()),
   *   store: new Map(),
   * });
   * await login.endAll("github:1234");
   * ```
   */
  async endAll(user: string): Promise<void> {
    const { saved } = this.#options;
    if (!saved) throw new TypeError("Cannot end the logins of a user: give Login a store");
    await saved.endAll(checkUser(user));
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

/** What the provider may refuse without harm. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LoginError) return undefined;
    throw error;
  }
}
