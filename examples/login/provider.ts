/**
 * A real OpenID provider on this machine, npm `oidc-provider`, with people who need
 * no password: for the example and for tests.
 *
 * It rotates refresh tokens, ends a login whose refresh token comes twice, wants
 * PKCE, and sends `iss` (RFC 9207).
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import OidcProvider from "oidc-provider";

/** Somebody who can sign in. */
interface Person {
  readonly name: string;
  readonly email: string;
  readonly email_verified: boolean;
  readonly groups: readonly string[];
}

/** Who can sign in, by their ids. */
export const PEOPLE: Readonly<Record<string, Person>> = {
  ada: {
    name: "Ada Lovelace",
    email: "ada@example.org",
    email_verified: true,
    groups: ["engine", "staff"],
  },
  zoe: { name: "Zoë Ångström", email: "zoe@example.org", email_verified: false, groups: [] },
};

/** The app as the provider knows it. */
export const CLIENT = { clientId: "example-app", clientSecret: "example-secret" } as const;

/** Options of {@linkcode startProvider}. */
export interface ProviderOptions {
  /** The URLs that an app's logins come back to. */
  redirectUris: readonly string[];
  /** The URLs that the app's users come back to after they signed out. */
  logoutUris?: readonly string[];
  /**
   * The port; 0 takes a free one.
   *
   * @default {0}
   */
  port?: number;
  /**
   * Seconds that an access token lasts.
   *
   * @default {120}
   */
  accessTokenLife?: number;
}

/** A provider that runs. */
export interface RunningProvider {
  /** Its issuer. */
  readonly issuer: string;
  /** How many requests with that grant succeeded, as `refresh_token`. */
  granted(grant: string): number;
  /** Stops listening; what it knows stays. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  resume(): Promise<void>;
}

/** What is used of `oidc-provider`. */
interface Provider {
  callback(): (request: IncomingMessage, response: ServerResponse) => void;
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
  interactionFinished(
    request: IncomingMessage,
    response: ServerResponse,
    result: object,
  ): Promise<void>;
  on(
    event: string,
    listener: (context: { oidc: { params: { grant_type: string } } }) => void,
  ): void;
  readonly Grant: new (of: { accountId: string; clientId: string }) => Grant;
}

interface Interaction {
  readonly uid: string;
  readonly prompt: { readonly name: string };
  readonly params: { readonly client_id: string; readonly scope: string };
  readonly session?: { readonly accountId: string };
}

interface Grant {
  addOIDCScope(scope: string): void;
  save(): Promise<string>;
}

/** Starts a provider on `http://localhost`. */
export async function startProvider(options: ProviderOptions): Promise<RunningProvider> {
  const server = createServer();
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const issuer = `http://localhost:${port}`;
  const provider: Provider = new OidcProvider(issuer, await configuration(options));
  const granted = new Map<string, number>();
  provider.on("grant.success", ({ oidc: { params: { grant_type: grant } } }) => {
    granted.set(grant, (granted.get(grant) ?? 0) + 1);
  });
  const answer = provider.callback();
  server.on("request", (request, response) => {
    if (!request.url?.startsWith("/people/")) return answer(request, response);
    choose(provider, request, response).catch((error: Error) => {
      response.writeHead(400, { "content-type": "text/plain" }).end(error.message);
    });
  });
  return {
    issuer,
    granted: (grant) => granted.get(grant) ?? 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    resume: () => listen(server, port),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "localhost", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function configuration(
  { redirectUris, logoutUris = [], accessTokenLife = 120 }: ProviderOptions,
): Promise<object> {
  const { clientId, clientSecret } = CLIENT;
  return {
    clients: [{
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: redirectUris,
      post_logout_redirect_uris: logoutUris,
      grant_types: ["authorization_code", "refresh_token"],
      id_token_signed_response_alg: "ES256",
    }],
    jwks: { keys: [await signingKey()] },
    cookies: { keys: [crypto.randomUUID()] },
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: showLogout },
    },
    scopes: ["openid", "offline_access", "profile", "email", "groups"],
    claims: {
      openid: ["sub"],
      profile: ["name"],
      email: ["email", "email_verified"],
      groups: ["groups"],
    },
    findAccount: (_context: unknown, id: string) =>
      Object.hasOwn(PEOPLE, id)
        ? { accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }
        : undefined,
    interactions: { url: (_context: unknown, { uid }: Interaction) => `/people/${uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenLife,
      AuthorizationCode: 60,
      IdToken: 3_600,
      RefreshToken: 90 * 86_400,
      Interaction: 600,
      Grant: 90 * 86_400,
      Session: 86_400,
    },
    renderError: (context: { type: string; body: string }, { error }: { error: string }) => {
      context.type = "html";
      context.body = page(`<p>The provider refuses: ${escaped(error)}.</p>`);
    },
  };
}

/** A key that lasts as long as the process. */
async function signingKey(): Promise<object> {
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "ECDSA", namedCurve: "P-256" },
    true,
    ["sign", "verify"],
  );
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
  return { kty, crv, x, y, d, use: "sig", alg: "ES256", kid: crypto.randomUUID() };
}

/** Shows who can sign in, and takes the choice. */
async function choose(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, session, uid } = await provider.interactionDetails(request, response);
  if (request.method !== "POST") return show(response, uid);
  const person = new URLSearchParams(await readBody(request)).get("person") ?? "";
  if (!Object.hasOwn(PEOPLE, person)) {
    const refusal = { error: "access_denied", error_description: "Nobody was chosen" };
    return await provider.interactionFinished(request, response, refusal);
  }
  const accountId = prompt.name === "login" ? person : session?.accountId ?? person;
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  await provider.interactionFinished(request, response, {
    login: { accountId },
    consent: { grantId: await grant.save() },
  });
}

function show(response: ServerResponse, uid: string): void {
  const buttons = Object.entries(PEOPLE).map(([id, { name }]) =>
    `<p><button name="person" value="${id}">${escaped(name)}</button></p>`
  );
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; img-src data:; frame-ancestors 'none'",
  }).end(page(`<form method="post" action="/people/${uid}">
<h1>Who are you?</h1>
${buttons.join("\n")}
<p><button name="person" value="">Nobody: go back</button></p>
</form>`));
}

/** Asks whether the provider is to forget the browser too. */
function showLogout(context: { type: string; body: string }, form: string): void {
  context.type = "html";
  context.body = page(`<h1>You are signed out of the app</h1>
${form}
<p><button form="op.logoutForm" name="logout" value="yes">Sign out here too</button>
<button form="op.logoutForm">Stay signed in here</button></p>`);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 1_000) throw new Error("The form is too long");
  }
  return text;
}

function page(body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Test provider</title>
<link rel="icon" href="data:,">
${body}
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
