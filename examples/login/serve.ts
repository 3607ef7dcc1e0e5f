/**
 * Serves a handler of web requests, in Deno and in Node.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Handler } from "./app.ts";

/** Where a handler is served. */
export interface Address {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** A server that runs. */
export interface Server {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves a handler. */
export async function serve(handler: Handler, address: Address): Promise<Server> {
  return "Deno" in globalThis ? serveInDeno(handler, address) : await serveInNode(handler, address);
}

function serveInDeno(handler: Handler, address: Address): Server {
  const server = Deno.serve({ ...address, onListen() {} }, handler);
  return { port: server.addr.port, close: () => server.shutdown() };
}

async function serveInNode(handler: Handler, { hostname, port }: Address): Promise<Server> {
  const { createServer } = await import("node:http");
  const server = createServer((incoming, outgoing) => {
    answer(handler, incoming, outgoing).catch((error: unknown) => {
      console.error(error);
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function answer(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = await webRequest(incoming).catch(() => undefined);
  // Its Host is no host, or no web request has such a method.
  if (!request) return void outgoing.writeHead(400).end();
  const response = await handler(request);
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  // Several cookies are several headers: joined by commas they would be one.
  const cookies = response.headers.getSetCookie();
  if (cookies.length) headers["set-cookie"] = cookies;
  outgoing.writeHead(response.status, headers);
  outgoing.end(new Uint8Array(await response.arrayBuffer()));
}

async function webRequest(incoming: IncomingMessage): Promise<Request> {
  const { method = "GET", url = "/", headers: { host = "localhost" }, rawHeaders } = incoming;
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index], rawHeaders[index + 1]);
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  const { Readable } = await import("node:stream");
  // Not as a relative URL: "//other.example/" would be another host.
  return new Request(new URL(`http://${host}${url}`), {
    method,
    headers,
    // Node's own declarations of the web's streams differ from the platform's.
    ...hasBody && { body: Readable.toWeb(incoming) as unknown as BodyInit, duplex: "half" },
  });
}
