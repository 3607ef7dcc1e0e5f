/**
 * Whether a request was made by another site's page (CSRF).
 *
 * @module
 */

import { kindOf } from "../checks.ts";

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];
const OWN = ["same-origin", "none"];

/**
 * Whether a request that may change something comes from another site. Put it before
 * every handler: requests with GET, HEAD and OPTIONS, which must change nothing, are
 * let through, but for WebSocket handshakes.
 *
 * It goes by `Sec-Fetch-Site`, and by `Origin` where there is none. A page of
 * another host of the same site, as `blog.example.org` is for `app.example.org`,
 * counts as another site: `SameSite` cookies are sent with its requests. A request
 * with neither header was made by no page: browsers send one of them with all
 * requests that can change something.
 *
 * @param request The request.
 * @returns Whether it is to be refused, with status 403.
 * @throws {TypeError} If it is no `Request`.
 *
 * @example Refuse what other sites' pages send
 * ```ts
 * import { isCrossSite } from "@ironfern/ironfern/session";
 * import { assertEquals } from "@std/assert";
 *
 * const post = (headers: HeadersInit) =>
 *   new Request("https://app.example/pay", { method: "POST", headers });
 * assertEquals(isCrossSite(post({ "sec-fetch-site": "cross-site" })), true);
 * assertEquals(isCrossSite(post({ "sec-fetch-site": "same-origin" })), false);
 * assertEquals(isCrossSite(post({ origin: "https://evil.example" })), true);
 * ```
 */
export function isCrossSite(request: Request): boolean {
  if (typeof request?.headers?.get !== "function") {
    throw new TypeError(
      `Cannot check the request: expected a Request of the web, got ${kindOf(request)}`,
    );
  }
  const { headers, method, url } = request;
  // A handshake is a GET, and opens a connection that may change everything.
  if (SAFE_METHODS.includes(method) && !headers.has("upgrade")) return false;
  const site = headers.get("sec-fetch-site");
  if (site !== null) return !OWN.includes(site);
  const origin = headers.get("origin");
  return origin !== null && !isOwn(origin, url);
}

/**
 * Whether the origin is the request's own. A proxy that ends TLS makes `http:` of the
 * request's scheme, so that a page of the same host may have `https:`; the reverse,
 * a page that anybody on the network could have changed, is another origin.
 */
function isOwn(origin: string, url: string): boolean {
  const [page, own] = [origin, url].map((text) => URL.canParse(text) ? new URL(text) : undefined);
  if (!page || !own || page.host === "" || page.host !== own.host) return false;
  return page.protocol === own.protocol || page.protocol === "https:";
}
