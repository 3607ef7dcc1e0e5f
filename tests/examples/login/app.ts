/**
 * The example's app and its provider, each on a site of its own, for tests.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { oidc, type Provider } from "@ironfern/ironfern/login";
import { type Handler, makeApp } from "../../../examples/login/app.ts";
import { CLIENT, type RunningProvider, startProvider } from "../../../examples/login/provider.ts";
import { serve } from "../../../examples/login/serve.ts";

const SCOPES = ["openid", "profile", "email", "groups", "offline_access"];

/** An app that runs. */
export interface RunningApp {
  readonly origin: string;
  readonly provider: RunningProvider;
  readonly fernet: Fernet;
  readonly store: Map<string, string>;
  /** Makes the app anew, as after a restart: what is not in the store is gone. */
  restart(): void;
  /** Puts a handler in front of the app, until the next restart. */
  intercept(around: (handler: Handler) => Handler): void;
}

/** The app's side of the provider. */
export function testProvider(issuer: string): Provider {
  return oidc({
    ...CLIENT,
    id: "test",
    name: "the test provider",
    issuer,
    scopes: SCOPES,
    groups: true,
  });
}

/** Does work with a running app. */
export async function withApp(
  work: (app: RunningApp) => Promise<void>,
  { accessTokenLife }: { accessTokenLife?: number } = {},
): Promise<void> {
  let handler: Handler = () => Promise.resolve(new Response(null, { status: 503 }));
  const server = await serve((request) => handler(request), { hostname: "127.0.0.1", port: 0 });
  const origin = `http://127.0.0.1:${server.port}`;
  const provider = await startProvider({
    redirectUris: [`${origin}/callback/test`],
    logoutUris: [`${origin}/`],
    ...accessTokenLife !== undefined && { accessTokenLife },
  });
  const fernet = new Fernet(Fernet.generateKey());
  const store = new Map<string, string>();
  const restart = () => {
    handler = makeApp({ origin, fernet, store, providers: [testProvider(provider.issuer)] });
  };
  restart();
  try {
    await work({
      origin,
      provider,
      fernet,
      store,
      restart,
      intercept(around) {
        handler = around(handler);
      },
    });
  } finally {
    await provider.stop();
    await server.close();
  }
}
