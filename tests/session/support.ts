/**
 * What the tests of sessions share.
 *
 * @module
 */

/** A request with these cookies, as its `Cookie` header. */
export function withCookies(cookie: string, init: RequestInit = {}): Request {
  const headers = new Headers(init.headers);
  if (cookie) headers.set("cookie", cookie);
  return new Request("https://app.example/", { ...init, headers });
}

/** The `name=value` that a browser sends back after a response with these headers. */
export function cookiesOf(headers: Headers): string {
  return headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
}

/** Does work at another time: so many seconds from now. */
export async function after<T>(seconds: number, work: () => T | Promise<T>): Promise<T> {
  const { now } = Date;
  Date.now = () => now() + seconds * 1_000;
  try {
    return await work();
  } finally {
    Date.now = now;
  }
}
