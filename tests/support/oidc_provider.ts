/**
 * The OpenID provider of examples/login, for tests.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { Login, type LoginOptions, oidc, type Provider } from "@ironfern/ironfern/login";
import {
  CLIENT,
  type ProviderOptions,
  type RunningProvider,
  startProvider,
} from "../../examples/login/provider.ts";
import { APP, CALLBACK } from "./browser.ts";

/** What the tests call the provider. */
export const PROVIDER = "test";

/** Does work with a provider, which is stopped afterwards. */
export async function withProvider(
  work: (provider: RunningProvider) => Promise<void>,
  options: Partial<ProviderOptions> = {},
): Promise<void> {
  const provider = await startProvider({
    redirectUris: [`${CALLBACK}/${PROVIDER}`],
    logoutUris: [`${APP}/bye`],
    ...options,
  });
  try {
    await work(provider);
  } finally {
    await provider.stop();
  }
}

/** The app's side of the provider. */
export function providerOf({ issuer }: Pick<RunningProvider, "issuer">): Provider {
  const scopes = ["openid", "profile", "email", "groups", "offline_access"];
  return oidc({ id: PROVIDER, issuer, ...CLIENT, scopes, groups: true });
}

/** An app with that provider alone. */
export function makeLogin(
  provider: Pick<RunningProvider, "issuer">,
  options: Partial<LoginOptions> = {},
): Login {
  return new Login({
    providers: [providerOf(provider)],
    callback: CALLBACK,
    fernet: new Fernet(Fernet.generateKey()),
    ...options,
  });
}
