/**
 * "Login with" other sites' accounts: GitHub, Google, Microsoft Entra, Auth0,
 * LinkedIn, or any provider of OpenID Connect or OAuth 2.0.
 *
 * @example Two handlers
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { Login, oidc } from "@ironfern/ironfern/login";
 * import { assertEquals } from "@std/assert";
 *
 * const login = new Login({
 *   providers: [oidc({ id: "sso", issuer: "https://sso.example", clientId: "notes" })],
 *   callback: "https://notes.example/callback",
 *   fernet: new Fernet(Fernet.generateKey()),
 *   store: new Map(),
 * });
 *
 * async function handle(request: Request): Promise<Response> {
 *   const { pathname } = new URL(request.url);
 *   if (pathname === "/login") return await login.start(request, { provider: "sso" });
 *   if (pathname !== "/callback/sso") return new Response(null, { status: 404 });
 *   const { user, returnTo, headers } = await login.finish(request);
 *   console.log(user.id);
 *   headers.set("location", returnTo);
 *   return new Response(null, { status: 303, headers });
 * }
 * assertEquals((await handle(new Request("https://notes.example/"))).status, 404);
 * ```
 *
 * @module
 */

export { LoginError, type LoginErrorCode, type LoginErrorOptions } from "./errors.ts";
export * from "./flet.ts";
export * from "./login.ts";
export type {
  Ended,
  EndOptions,
  LoginOptions,
  RememberOptions,
  Resumed,
  ResumeOptions,
  SignedIn,
  StartOptions,
} from "./options.ts";
export type { Client, ClientAuthMethod, Provider } from "./provider.ts";
export * from "./providers/auth0.ts";
export * from "./providers/entra.ts";
export * from "./providers/github.ts";
export * from "./providers/google.ts";
export * from "./providers/linkedin.ts";
export * from "./providers/oauth2.ts";
export { oidc, type OidcOptions } from "./providers/oidc.ts";
export * from "./sealed_token.ts";
export type { Tokens } from "./tokens.ts";
export type { User, UserGroup } from "./user.ts";
export type { Json } from "../storage/json.ts";
export type { Awaitable, StoreChange, StringStore } from "../storage/store.ts";
