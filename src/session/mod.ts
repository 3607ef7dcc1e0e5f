/**
 * Sessions.
 *
 * @module
 */

export { isCrossSite } from "./cross_site.ts";
export { openCookie, type OpenCookieOptions, sealCookie } from "./sealed_cookie.ts";
