/**
 * A browser without a screen: cookies, redirects and forms, by plain HTTP. The app
 * of a test is a `Login`; no server stands between them.
 *
 * @module
 */

import type { Login, SignedIn, StartOptions } from "@ironfern/ironfern/login";

/** Where the app of the tests is, and where its logins come back to. */
export const APP = "https://app.example";
/** See there. */
export const CALLBACK = `${APP}/callback`;

const MOST_REDIRECTS = 10;

/** A browser. */
export class Browser {
  /** The app's cookies. */
  readonly cookies = new Map<string, string>();
  readonly #others = new Map<string, Map<string, string>>();

  /** A request to the app, with its cookies. */
  request(path: string, init: RequestInit = {}): Request {
    const headers = new Headers(init.headers);
    if (this.cookies.size) headers.set("cookie", cookieText(this.cookies));
    return new Request(new URL(path, APP), { ...init, headers });
  }

  /** A request that sends a form of the app. */
  post(path: string, headers: HeadersInit = {}): Request {
    return this.request(path, { method: "POST", headers });
  }

  /** Keeps the cookies of an answer of the app. */
  take(headers: Headers): void {
    keepCookies(this.cookies, headers);
  }

  /** Presses the app's button: where the provider sends the browser, up to the app's callback. */
  async begin(login: Login, options: StartOptions): Promise<string> {
    const answer = await login.start(this.post("/login"), options);
    this.take(answer.headers);
    return answer.headers.get("location")!;
  }

  /** Signs in at the provider of examples/login, and returns the callback's URL. */
  async visit(location: string, person: string): Promise<string> {
    const shown = await this.#follow(location);
    // Who is known there is not asked again.
    if (typeof shown === "string") return shown;
    const html = await shown.text();
    const [, action] = html.match(/action="([^"]+)"/) ?? [];
    if (!action) throw new Error(`The provider says: ${html}`);
    const back = await this.#follow(
      new URL(action, location).href,
      new URLSearchParams({ person }),
    );
    if (typeof back === "string") return back;
    throw new Error(`The provider says: ${await back.text()}`);
  }

  /** Finishes at the app. */
  async finish(login: Login, url: string): Promise<SignedIn> {
    const signedIn = await login.finish(this.request(url));
    this.take(signedIn.headers);
    return signedIn;
  }

  /** All of it. */
  async signIn(login: Login, person: string, options: StartOptions): Promise<SignedIn> {
    return await this.finish(login, await this.visit(await this.begin(login, options), person));
  }

  /** Follows redirects, and stops before the app: the answer, or the app's URL. */
  async #follow(location: string, form?: URLSearchParams): Promise<Response | string> {
    let url = location;
    for (let count = 0; count < MOST_REDIRECTS; count++) {
      if (new URL(url).origin === APP) return url;
      const jar = this.#jar(url);
      const answer = await fetch(url, {
        headers: { cookie: cookieText(jar) },
        redirect: "manual",
        ...!count && form && { method: "POST", body: form },
      });
      keepCookies(jar, answer.headers);
      const next = answer.headers.get("location");
      if (next === null) return answer;
      await answer.body?.cancel();
      url = new URL(next, url).href;
    }
    throw new Error(`${location} redirects without end`);
  }

  #jar(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const jar = this.#others.get(origin) ?? new Map<string, string>();
    this.#others.set(origin, jar);
    return jar;
  }
}

function cookieText(cookies: ReadonlyMap<string, string>): string {
  return Array.from(cookies, (pair) => pair.join("=")).join("; ");
}

function keepCookies(cookies: Map<string, string>, headers: Headers): void {
  for (const cookie of headers.getSetCookie()) {
    const [pair, ...attributes] = cookie.split(/; ?/);
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const isGone = attributes.some((attribute) =>
      /^max-age=0$/i.test(attribute) || /^expires=.* 1970 /i.test(attribute)
    );
    if (isGone) cookies.delete(name);
    else cookies.set(name, value);
  }
}
