/**
 * Providers that answer as their documentation shows it: for the presets, which
 * cannot be tried with the services themselves.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  Login,
  type LoginOptions,
  type Provider,
  type SignedIn,
  type StartOptions,
} from "@ironfern/ironfern/login";
import { Browser, CALLBACK } from "./browser.ts";

const ENCODER = new TextEncoder();

/** A request that was sent. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** What answers a request: JSON, or a function of it. */
export type Answer = object | ((request: SentRequest) => object | Promise<object>);

/** A provider that answers from a list. */
export class Recorded {
  /** The requests that were sent. */
  readonly requests: SentRequest[] = [];
  readonly #answers = new Map<string, Answer>();

  /** Sets the answer of a URL, with its query or without. */
  on(url: string, answer: Answer): this {
    this.#answers.set(url, answer);
    return this;
  }

  /** The requests for a URL. */
  sent(url: string): SentRequest[] {
    return this.requests.filter((request) => request.url.split("?")[0] === url);
  }

  /** Stands in for `fetch`. */
  readonly fetch: typeof fetch = async (input, init) => {
    const { method = "GET", headers, body } = init ?? {};
    const url = String(input);
    const request = { method, url, headers: new Headers(headers), body: String(body ?? "") };
    this.requests.push(request);
    const answer = this.#answers.get(url) ?? this.#answers.get(url.split("?")[0]);
    if (!answer) throw new Error(`Nobody answers ${method} ${url}`);
    const given = typeof answer === "function" ? await answer(request) : answer;
    return given instanceof Response ? given : Response.json(given);
  };
}

/** A key that signs ID tokens. */
export interface Signer {
  /** Its public half, as a JWKS. */
  readonly jwks: object;
  /** Signs claims; an hour is added where they have no times. */
  sign(claims: object, header?: object): Promise<string>;
}

/** Makes a key. */
export async function makeSigner(kid = "key-1"): Promise<Signer> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2_048,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ]);
  const { kty, n, e } = await crypto.subtle.exportKey("jwk", publicKey);
  return {
    jwks: { keys: [{ kty, n, e, kid, use: "sig", alg: "RS256" }] },
    async sign(claims, header = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const text = `${part({ alg: "RS256", typ: "JWT", kid, ...header })}.${
        part({ iat: now, exp: now + 3_600, ...claims })
      }`;
      const signature = await crypto.subtle.sign(algorithm.name, privateKey, ENCODER.encode(text));
      return `${text}.${base64Url(new Uint8Array(signature))}`;
    },
  };
}

/** A part of a JWT. */
export function part(value: object): string {
  return base64Url(ENCODER.encode(JSON.stringify(value)));
}

/** Bytes as base64url without padding. */
export function base64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** A login that was begun. */
export interface Begun {
  /** The app. */
  readonly login: Login;
  /** The browser. */
  readonly browser: Browser;
  /** What the browser was sent to the provider with. */
  readonly sent: URLSearchParams;
  /** Where it was sent. */
  readonly endpoint: string;
  /** Comes back to the app. */
  finish(parameters?: Record<string, string>): Promise<SignedIn>;
}

/** Begins a login with a provider that answers from a list. */
export async function begin(
  provider: Provider,
  recorded: Recorded,
  options: Partial<LoginOptions & StartOptions> = {},
): Promise<Begun> {
  const { remember, scopes, returnTo, ...others } = options;
  const login = new Login({
    providers: [provider],
    callback: CALLBACK,
    fernet: new Fernet(Fernet.generateKey()),
    fetch: recorded.fetch,
    ...others,
  } as LoginOptions);
  const browser = new Browser();
  const start = {
    provider: provider.id,
    ...remember && { remember: true },
    ...scopes && { scopes },
    ...returnTo && { returnTo },
  };
  const url = new URL(await browser.begin(login, start));
  const { searchParams: sent } = url;
  return {
    login,
    browser,
    sent,
    endpoint: url.origin + url.pathname,
    async finish(parameters = {}) {
      const query = new URLSearchParams({
        code: "a-code",
        state: sent.get("state")!,
        ...parameters,
      });
      return await browser.finish(login, `${CALLBACK}/${provider.id}?${query}`);
    },
  };
}
