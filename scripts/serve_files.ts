/**
 * Serves static files to this machine only: the KDF lab, the examples, the site.
 *
 * @module
 */

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/**
 * The strictest policy that the pages with a kernel can do with, and what a `meta`
 * element cannot say. A page that is isolated from others gets a clock with finer
 * steps, which the lab wants.
 */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** How files are served. */
export interface ServeFilesOptions {
  /**
   * The port: 0 for any that is free.
   *
   * @default {0}
   */
  readonly port?: number;
  /** Headers beside or instead of the server's own. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * This machine's names, with any port, which may be forwarded. By another name a
 * page of somebody else's could read what is served here.
 */
const HOSTS = /^(localhost|127\.0\.0\.1)(:\d{1,5})?$/i;

/** Serves the files to this machine, by their names from the root. */
export function serveFiles(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  { port = 0, headers = {} }: ServeFilesOptions = {},
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, (request) => {
    if (!HOSTS.test(request.headers.get("host") ?? "") || !URL.canParse(request.url)) {
      return new Response("There is no such host here\n", { status: 421 });
    }
    const { pathname } = new URL(request.url);
    const name = pathname.slice(1) + (pathname.endsWith("/") ? "index.html" : "");
    const body = files.get(name);
    if (!body) return new Response("There is no such file\n", { status: 404 });
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
    return new Response(request.method === "HEAD" ? null : body, {
      headers: {
        ...HEADERS,
        ...headers,
        "content-type": type,
        "content-length": String(body.length),
      },
    });
  });
}
