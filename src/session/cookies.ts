/**
 * Cookies in requests and responses (RFC 6265, sections 4.1 and 4.2, and its
 * successor's prefixes). A library was not taken: those that are kept well give
 * one value of a name, and here two of one name have to be noticed.
 *
 * @module
 */

import { checkBoolean, checkString, kindOf, quoted } from "../checks.ts";

/** Bytes of a name and a value together that browsers keep. */
const MAX_COOKIE = 4_096;
/** A token of RFC 9110, section 5.6.2. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PREFIX = /^__(?:Host|Secure)-/i;
/** What a cookie is sent with besides `Path=/`, `HttpOnly` and `SameSite=Lax`. */
export interface CookieFlags {
  /** Whether it is `Secure`. */
  readonly secure: boolean;
  /** Seconds that it is kept; without it, until the browser is closed. */
  readonly maxAge?: number;
}

/** The names and values of a request's cookies, in their order. */
export function requestCookies(request: Request): [name: string, value: string][] {
  if (typeof request?.headers?.get !== "function") {
    throw new TypeError(
      `Cannot read the request: expected a Request of the web, got ${kindOf(request)}`,
    );
  }
  const cookies: [string, string][] = [];
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals < 0) continue;
    const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
    cookies.push([trimmed(name), trimmed(value)]);
  }
  return cookies;
}

/**
 * The text without the spaces and tabs around it. `trim` would drop white space that a
 * browser takes for a part of the name, and let `\u2000__Host-session`, which any page
 * of the site may set, stand for the real one. A regular expression would take time
 * that grows with the square of the spaces.
 */
function trimmed(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/**
 * The value of a request's cookie, if there is exactly one of that name: of two, one
 * may have been set by a page of another host of the site.
 */
export function readCookie(request: Request, name: string): string | undefined {
  const values = requestCookies(request).filter(([each]) => each === name);
  return values.length === 1 ? values[0][1] : undefined;
}

/** The value of a `Set-Cookie` header. The name and the value must be checked. */
export function setCookie(name: string, value: string, { secure, maxAge }: CookieFlags): string {
  const age = maxAge === undefined ? "" : `; Max-Age=${maxAge}`;
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}${age}`;
}

/** The value of a `Set-Cookie` header that makes the browser forget a cookie. */
export function clearCookie(name: string, secure: boolean): string {
  return setCookie(name, "", { secure, maxAge: 0 });
}

/**
 * Checks the name of a cookie.
 *
 * @throws {TypeError} If it is no string, or holds what no name may hold.
 */
export function checkCookieName(name: string): string {
  if (NAME.test(checkString(name, "the name of the cookie"))) return name;
  throw new TypeError(
    `Cannot use the cookie's name ${quoted(name)}: expected letters, digits and !#$%&'*+-.^_\`|~`,
  );
}

/**
 * Checks how a cookie is to be sent.
 *
 * @throws {TypeError} If the name is none, or `secure` is no boolean; if the name
 * has a prefix with which browsers keep only what is `Secure`, and it is not.
 */
export function checkCookie(name: string, secure: boolean): void {
  const needsSecure = PREFIX.test(checkCookieName(name));
  if (checkBoolean(secure, "secure") || !needsSecure) return;
  throw new TypeError(
    `Cannot use the cookie's name ${quoted(name)} without secure: no browser would keep it`,
  );
}

/** Whether browsers keep a cookie of that name and of a value of so many bytes. */
export function fitsCookie(name: string, length: number): boolean {
  return name.length + length <= MAX_COOKIE;
}

/**
 * Checks the length of a cookie.
 *
 * @throws {RangeError} If browsers would drop it, which they do without a word.
 */
export function checkCookieLength(name: string, length: number): void {
  if (fitsCookie(name, length)) return;
  throw new RangeError(
    `Cannot use the cookie: its name and value have ${name.length + length} bytes, ` +
      `expected at most ${MAX_COOKIE}`,
  );
}
