/**
 * Requests to a provider, each with a time-out and a bound on its answer: a
 * provider that hangs, redirects elsewhere or sends without end stops nobody.
 *
 * @module
 */

import { type Bytes, concatBytes } from "../bytes/bytes.ts";
import { LoginError } from "./errors.ts";

/** Milliseconds until a request is given up, its answer's body included. */
const TIMEOUT = 10_000;
/** Bytes of the longest answer. */
const LONGEST = 1 << 20;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** How requests are sent; an app may have its own, for a proxy or for tests. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** Whether secrets may be sent there: by https, or to this machine. */
export function isSafeUrl(url: URL): boolean {
  if (url.username || url.password) return false;
  return url.protocol === "https:" || url.protocol === "http:" && LOOPBACK.test(url.hostname);
}

/**
 * Reads a URL that an app or a provider gave.
 *
 * @throws {TypeError} If it is none, or neither https nor of this machine.
 */
export function safeUrl(url: string, what: string): URL {
  if (typeof url !== "string" || !URL.canParse(url)) {
    throw new TypeError(`Cannot use ${what}: expected a URL`);
  }
  const parsed = new URL(url);
  if (isSafeUrl(parsed)) return parsed;
  throw new TypeError(
    `Cannot use ${what}: expected https, or http on this machine, without a user's name`,
  );
}

/**
 * Makes a `fetch` that is bounded. Its answers have their bodies in memory.
 *
 * @param fetch Sends the requests.
 * @returns A `fetch` that throws `LoginError` alone: `unavailable` where there is no
 * answer or the provider is out of order (429 and 5xx), `bad-response` where the
 * answer is too long, leads elsewhere, or the URL is not to be trusted.
 */
export function boundedFetch(fetch: Fetch): Fetch {
  return async (url, init) => {
    if (!URL.canParse(url) || !isSafeUrl(new URL(url))) {
      throw new LoginError("bad-response", { reason: "it names a URL that is not https" });
    }
    // One clock for the head and the body: a slow body would hold a caller for ever.
    const signal = AbortSignal.timeout(TIMEOUT);
    const inTime = timeLimit(signal);
    const sent = () => fetch(url, { ...init, redirect: "manual", signal });
    const answer = await available(() => inTime(sent()));
    const { status, headers } = answer;
    if (status === 0 || status >= 300 && status < 400) {
      await answer.body?.cancel();
      throw new LoginError("bad-response", { reason: "it leads to another address" });
    }
    if (status === 429 || status >= 500) {
      await answer.body?.cancel();
      throw new LoginError("unavailable", { reason: `it answered with the status ${status}` });
    }
    const bytes = await available(() => readBody(answer, inTime));
    const known = new Headers(headers);
    // The body is decoded already, and has its own length.
    for (const name of ["content-encoding", "content-length"]) known.delete(name);
    return new Response(hasBody(status) ? bytes : null, { status, headers: known });
  };
}

function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

/** Whatever an app's own `fetch` makes of the signal: nobody waits any longer. */
function timeLimit(signal: AbortSignal): <T>(work: Promise<T>) => Promise<T> {
  const end = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  end.catch(() => {});
  return (work) => Promise.race([work, end]);
}

async function readBody(
  { body }: Response,
  inTime: <T>(work: Promise<T>) => Promise<T>,
): Promise<Bytes> {
  if (!body) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await inTime(reader.read());
    if (done) return concatBytes(chunks);
    length += value.length;
    if (length > LONGEST) {
      await reader.cancel();
      throw new LoginError("bad-response", { reason: `it is longer than ${LONGEST} bytes` });
    }
    chunks.push(value);
  }
}

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** A failed `fetch` may name the URL, which holds no secret: requests have them in their bodies. */
function unavailable(cause: unknown): LoginError {
  if (cause instanceof LoginError) return cause;
  const isTimeout = cause instanceof Error && cause.name === "TimeoutError";
  return new LoginError("unavailable", {
    cause,
    ...isTimeout && { reason: `it did not answer within ${TIMEOUT / 1_000} seconds` },
  });
}
