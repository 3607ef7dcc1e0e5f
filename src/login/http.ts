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
    const answer = await sent(fetch, url, { ...init, redirect: "manual", signal });
    const { status, headers } = answer;
    if (status === 0 || status >= 300 && status < 400) {
      await answer.body?.cancel();
      throw new LoginError("bad-response", { reason: "it leads to another address" });
    }
    if (status === 429 || status >= 500) {
      await answer.body?.cancel();
      throw new LoginError("unavailable", { reason: `it answered with the status ${status}` });
    }
    const bytes = await readBody(answer);
    const known = new Headers(headers);
    // The body is decoded already, and has its own length.
    for (const name of ["content-encoding", "content-length"]) known.delete(name);
    return new Response(hasBody(status) ? bytes : null, { status, headers: known });
  };
}

function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}

async function sent(fetch: Fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    throw unavailable(cause);
  }
}

async function readBody({ body }: Response): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    if (body) {
      const reader = body.getReader();
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        length += read.value.length;
        if (length > LONGEST) {
          await reader.cancel();
          break;
        }
        chunks.push(read.value);
      }
    }
  } catch (cause) {
    throw unavailable(cause);
  }
  if (length > LONGEST) {
    throw new LoginError("bad-response", { reason: `it is longer than ${LONGEST} bytes` });
  }
  return concatBytes(chunks);
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
