/**
 * A provider's APIs: JSON behind a token.
 *
 * @module
 */

import { LoginError, providerCode, providerText } from "./errors.ts";
import type { Fetch } from "./http.ts";
import type { JsonObject } from "./user.ts";

/** Pages of one list that are fetched at most. */
const MOST_PAGES = 50;

/** An answer of an API. */
export interface ApiAnswer {
  /** The JSON, an object or an array. */
  readonly body: JsonObject | readonly unknown[];
  /** The headers. */
  readonly headers: Headers;
}

/** Calls a provider's APIs. */
export interface Api {
  /** Sends a request as it is. */
  readonly fetch: Fetch;
  /**
   * Fetches JSON.
   *
   * @param url The URL.
   * @param token The access token.
   * @param headers Further headers.
   * @throws {LoginError} `provider-error`, `bad-response` or `unavailable`.
   */
  get(url: string, token: string, headers?: Readonly<Record<string, string>>): Promise<ApiAnswer>;
}

/** Makes calls of a bounded `fetch`. */
export function makeApi(fetch: Fetch): Api {
  return {
    fetch,
    async get(url, token, headers) {
      const answer = await fetch(url, {
        headers: { accept: "application/json", ...headers, authorization: `Bearer ${token}` },
      });
      const body = await readJson(answer);
      if (answer.ok && body) return { body, headers: answer.headers };
      if (answer.ok) throw new LoginError("bad-response", { reason: "it is no JSON" });
      throw refusal(answer.status, body);
    },
  };
}

/** The JSON of an answer, where it is an object or an array. */
export async function readJson(answer: Response): Promise<ApiAnswer["body"] | undefined> {
  try {
    const body = await answer.json();
    return typeof body === "object" && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

/** The error of an answer that is not 2xx. */
function refusal(status: number, body: ApiAnswer["body"] | undefined): LoginError {
  const { error, message } = (body ?? {}) as Readonly<Record<string, unknown>>;
  const code = providerCode(error);
  return new LoginError("provider-error", {
    reason: `${providerText(error ?? "", message ?? "")} and the status ${status}`,
    ...code !== undefined && { providerCode: code },
  });
}

/**
 * Fetches a list that comes in pages.
 *
 * @param api The calls.
 * @param first The first page's URL. All others have to be of its origin: the token
 * goes there too.
 * @param token The access token.
 * @param read The items of a page, and the URL of the next one.
 * @throws {LoginError} `bad-response`, if a page is no page, leads to another origin
 * or to a page that was there, or if there are more than 50.
 */
export async function fetchPages<T>(
  api: Api,
  first: string,
  token: string,
  read: (answer: ApiAnswer) => { items: readonly T[]; next?: string },
  headers?: Readonly<Record<string, string>>,
): Promise<T[]> {
  const seen = new Set<string>();
  const all: T[] = [];
  for (let url: string | undefined = first; url !== undefined;) {
    if (!URL.canParse(url) || new URL(url).origin !== new URL(first).origin) {
      throw new LoginError("bad-response", { reason: "a page leads to another address" });
    }
    if (seen.has(url)) {
      throw new LoginError("bad-response", { reason: "its pages go round in a circle" });
    }
    if (seen.size === MOST_PAGES) {
      throw new LoginError("bad-response", { reason: `it has more than ${MOST_PAGES} pages` });
    }
    seen.add(url);
    const { items, next }: { items: readonly T[]; next?: string } = read(
      await api.get(url, token, headers),
    );
    for (const item of items) all.push(item);
    url = next;
  }
  return all;
}

/** The URL that a `Link` header has for the next page (RFC 8288). */
export function nextLink(headers: Headers): string | undefined {
  for (const [, url, parameters] of (headers.get("link") ?? "").matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (/;\s*rel\s*=\s*(?:"(?:[^"]* )?next(?: [^"]*)?"|next\b)/i.test(parameters)) return url;
  }
}
