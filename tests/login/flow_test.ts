/**
 * Whole logins with a real provider, npm oidc-provider.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals } from "@std/assert";
import { Browser } from "../support/browser.ts";
import { makeLogin, PROVIDER, withProvider } from "../support/oidc_provider.ts";

Deno.test("Login: sign in, and be remembered after a restart", () =>
  withProvider(async (provider) => {
    const fernet = new Fernet(Fernet.generateKey());
    const store = new Map<string, string>();
    const browser = new Browser();
    const login = makeLogin(provider, { fernet, store });
    const signedIn = await browser.signIn(login, "ada", {
      provider: PROVIDER,
      returnTo: "/notes?x=1#a",
      remember: true,
    });
    const { user, tokens, returnTo } = signedIn;
    assertEquals(user.id, "test:ada");
    assertEquals([user.name, user.email, user.emailVerified], [
      "Ada Lovelace",
      "ada@example.org",
      true,
    ]);
    assertEquals(user.groups?.map(({ id }) => id), ["engine", "staff"]);
    assertEquals(returnTo, "/notes?x=1#a");
    assert(tokens.refresh_token && tokens.expires_at! > Date.now() / 1_000);
    assertEquals(browser.cookies.size, 1);

    const restarted = makeLogin(provider, { fernet, store });
    const resumed = await restarted.resume(browser.request("/"));
    assertEquals(resumed?.user.id, "test:ada");
    assertEquals((await restarted.tokens(browser.request("/"))).access_token, tokens.access_token);
  }));
