/**
 * Which requests may begin, finish or end a login, what a callback says, and the
 * headers of the answers.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { isCrossSite } from "../session/cross_site.ts";
import { LoginError } from "./errors.ts";

/** Parameters of a callback, each of which may be there once. */
const PARAMETERS = ["state", "iss", "code", "error", "error_description", "error_uri"] as const;
/** Characters of a callback's longest parameter. */
const LONGEST_PARAMETER = 8_000;

/**
 * Checks that a request is a `Request`.
 *
 * @throws {TypeError} If it is none.
 */
export function checkRequest(request: Request): Request {
  if (typeof request?.headers?.get === "function" && typeof request.url === "string") {
    return request;
  }
  throw new TypeError(
    `Cannot read the request: expected a Request of the web, got ${kindOf(request)}`,
  );
}

/**
 * Checks that a person goes to this page: an image, a frame, a prefetcher or a mail
 * scanner's HEAD must not use up a login.
 *
 * @throws {LoginError} `bad-request`, if none does.
 */
export function checkNavigation({ method, headers }: Request): void {
  const [dest, mode] = ["sec-fetch-dest", "sec-fetch-mode"].map((name) => headers.get(name));
  const purpose = `${headers.get("sec-purpose") ?? ""} ${headers.get("purpose") ?? ""}`;
  const isPage = (dest === null || dest === "document") && (mode === null || mode === "navigate");
  if (method === "GET" && isPage && !/prefetch|prerender/i.test(purpose)) return;
  throw new LoginError("bad-request", { reason: "it is not a page that somebody goes to" });
}

/**
 * Checks that a form of this site was sent.
 *
 * @throws {LoginError} `bad-request`, if it was not.
 */
export function checkPost(request: Request): void {
  if (request.method !== "POST") {
    throw new LoginError("bad-request", { reason: "expected POST, so that no link does it" });
  }
  if (isCrossSite(request)) {
    throw new LoginError("bad-request", { reason: "a page of another site sent it" });
  }
}

/**
 * The parameters of a callback. What others there are is left alone: providers add
 * some as they like.
 *
 * @throws {LoginError} `wrong-state`, `wrong-issuer` or `bad-response`, if one is there
 * twice or too long.
 */
export function readParameters({ searchParams }: URL): URLSearchParams {
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
export function headersOf(
  cookies: readonly string[],
  others: Record<string, string> = {},
): Headers {
  const headers = new Headers({ "cache-control": "no-store", ...others });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return headers;
}
