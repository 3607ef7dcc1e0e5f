/**
 * Sessions of a server: in any store of `./storage`, where nobody opens them
 * without their cookies, or in sealed cookies alone.
 *
 * @example A handler
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { Sessions } from "@ironfern/ironfern/session";
 * import { assertEquals } from "@std/assert";
 *
 * const sessions = new Sessions({
 *   fernet: new Fernet(Fernet.generateKey()),
 *   store: new Map(),
 * });
 * async function handler(request: Request): Promise<Response> {
 *   const session = await sessions.load(request);
 *   session.set("language", "it");
 *   return new Response("ciao", { headers: await session.save() });
 * }
 * const response = await handler(new Request("https://app.example/"));
 * assertEquals(response.headers.getSetCookie().length, 1);
 * ```
 *
 * @module
 */

export { isCrossSite } from "./cross_site.ts";
export { SessionError, type SessionErrorCode } from "./errors.ts";
export type { SessionCookieOptions, SessionsOptions } from "./options.ts";
export { openCookie, type OpenCookieOptions, sealCookie } from "./sealed_cookie.ts";
export type { Session } from "./session.ts";
export { Sessions } from "./sessions.ts";
