/**
 * Where a login leads, and two providers side by side.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { github, Login, LoginError, type LoginOptions, oauth2 } from "@ironfern/ironfern/login";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Browser, CALLBACK } from "../support/browser.ts";
import { begin, Recorded } from "../support/recorded.ts";
import documented from "../vectors/logins/answers.json" with { type: "json" };

const APP = { clientId: "the-app", clientSecret: "the secret" } as const;
const FORGE = "https://forge.example";

function answers(): Recorded {
  const { token, user, emails } = documented.github;
  return new Recorded()
    .on("https://github.com/login/oauth/access_token", token.body)
    .on("https://api.github.com/user", user.body)
    .on("https://api.github.com/user/emails", emails.body);
}

Deno.test("Login: returnTo is a path of this site, or /", async () => {
  const cases: [text: string, path: string][] = [
    ["/notes?x=1#a", "/notes?x=1#a"],
    ["/a/../b", "/b"],
    ["/%2f%2fevil.example", "/%2f%2fevil.example"],
    ["/ünï", "/%C3%BCn%C3%AF"],
    ["", "/"],
    ["notes", "/"],
    ["//evil.example", "/"],
    ["///evil.example", "/"],
    ["/\\evil.example", "/"],
    ["\\\\evil.example", "/"],
    ["/.//evil.example", "/"],
    ["/a/..//evil.example", "/"],
    ["/\t/evil.example", "/"],
    ["/\n/evil.example", "/"],
    [" //evil.example", "/"],
    ["https://evil.example", "/"],
    ["https:evil.example", "/"],
    ["javascript:alert(1)", "/"],
    ["http://ironfern.invalid//evil.example", "/"],
    [`/${"x".repeat(1_000)}`, "/"],
    [`/${"€".repeat(900)}`, "/"],
  ];
  for (const [returnTo, path] of cases) {
    const { finish } = await begin(github(APP), answers(), { returnTo });
    const { returnTo: found } = await finish();
    assertEquals(found, path, returnTo);
    assertEquals(new URL(found, "https://app.example").origin, "https://app.example", returnTo);
  }
});

Deno.test("Login: the answer of one provider at the callback of another", async () => {
  const forge = oauth2({
    ...APP,
    id: "forge",
    issuer: FORGE,
    authorizationEndpoint: `${FORGE}/authorize`,
    tokenEndpoint: `${FORGE}/token`,
    userEndpoint: `${FORGE}/me`,
    userId: ({ id }) => String(id),
  });
  const recorded = answers();
  const login = new Login({
    providers: [github(APP), forge],
    callback: CALLBACK,
    fernet: new Fernet(Fernet.generateKey()),
    fetch: recorded.fetch,
  });
  const browser = new Browser();
  const location = await browser.begin(login, { provider: "github" });
  const state = new URL(location).searchParams.get("state");
  const mixed = browser.request(`${CALLBACK}/forge?code=x&state=${state}`);
  const error = await assertRejects(() => login.finish(mixed), LoginError);
  assertEquals([error.code, recorded.requests.length], ["wrong-issuer", 0]);
});

Deno.test("Login: options that are wrong", () => {
  const right = {
    providers: [github(APP)],
    callback: CALLBACK,
    fernet: new Fernet(Fernet.generateKey()),
  };
  const cases: [Partial<LoginOptions> | object, string][] = [
    [{ providers: [] }, "one at least"],
    [{ providers: [github(APP), github(APP)] }, "two of them"],
    [{ providers: [{ id: "x", name: "x", issuer: "https://x.example" }] }, "github()"],
    [{ callback: "http://app.example/callback" }, "https"],
    [{ callback: "/callback" }, "expected a URL"],
    [{ callback: `${CALLBACK}?x=1` }, "no query"],
    [{ fernet: "a key" }, "expected a Fernet"],
    [{ store: {} }, "without the method get"],
    [{ remember: { days: 30, name: "x" } }, "expected one of days"],
    [{ remember: { days: 401 } }, "from 1 to 400"],
    [{ remember: { cookie: "a b" } }, "letters"],
    [{ secure: false }, "with https"],
    [{ fetch: "x" }, "expected a function"],
    [{ calback: CALLBACK }, "did you mean callback?"],
  ];
  for (const [change, message] of cases) {
    const make = () => new Login({ ...right, ...change } as LoginOptions);
    const error = assertThrows(make, Error, message);
    assertEquals(error instanceof TypeError || error instanceof RangeError, true, message);
  }
  const local = { callback: "http://localhost:8000/callback", secure: false };
  new Login({ ...right, ...local });
});

Deno.test("Login: without secure, as for Safari on http: on this machine", async () => {
  const login = new Login({
    providers: [github(APP)],
    callback: "http://localhost:8000/callback",
    secure: false,
    fernet: new Fernet(Fernet.generateKey()),
  });
  const request = new Request("http://localhost:8000/login", { method: "POST" });
  const { headers } = await login.start(request, { provider: "github" });
  const [cookie] = headers.getSetCookie();
  assertEquals([cookie.startsWith("login."), cookie.includes("Secure")], [true, false]);
});
