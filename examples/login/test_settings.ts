/**
 * The settings for a provider on this machine.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { oidc } from "@ironfern/ironfern/login";
import { CLIENT, startProvider } from "./provider.ts";
import type { Settings } from "./settings.ts";

const SCOPES = ["openid", "profile", "email", "groups", "offline_access"];

/** Starts a provider in this process, with people who need no password. */
export async function testSettings(origin: string): Promise<Settings> {
  const { issuer } = await startProvider({
    redirectUris: [`${origin}/callback/test`],
    logoutUris: [`${origin}/`],
  });
  console.log(`The test provider is at ${issuer}`);
  const name = "the test provider";
  return {
    origin,
    fernet: new Fernet(Fernet.generateKey()),
    providers: [oidc({ ...CLIENT, id: "test", name, issuer, scopes: SCOPES, groups: true })],
  };
}
