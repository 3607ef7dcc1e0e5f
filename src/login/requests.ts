/**
 * Which requests may begin, finish or end a login.
 *
 * @module
 */

import { kindOf } from "../checks.ts";
import { isCrossSite } from "../session/cross_site.ts";
import { LoginError } from "./errors.ts";

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
