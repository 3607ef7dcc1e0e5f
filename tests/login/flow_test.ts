/**
 * Whole logins with a real provider, npm oidc-provider, and what is tried against
 * them.
 *
 * @module
 */

import { Fernet, MultiFernet } from "@ironfern/ironfern";
import {
  type Login,
  LoginError,
  type LoginErrorCode,
  type LoginOptions,
} from "@ironfern/ironfern/login";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { RunningProvider } from "../../examples/login/provider.ts";
import { Browser } from "../support/browser.ts";
import { advance, withClock } from "../support/clock.ts";
import { makeLogin, PROVIDER, withProvider } from "../support/oidc_provider.ts";

const KEEP = { provider: PROVIDER, remember: true } as const;

interface World {
  readonly provider: RunningProvider;
  readonly store: Map<string, string>;
  readonly key: string;
  readonly browser: Browser;
  readonly login: Login;
  /** Another process: the same store and key. */
  again(options?: Partial<LoginOptions>): Login;
}

function testFlow(name: string, work: (world: World) => Promise<void>): void {
  Deno.test(`Login: ${name}`, () =>
    withProvider(async (provider) => {
      const key = Fernet.generateKey();
      const store = new Map<string, string>();
      const again = (options: Partial<LoginOptions> = {}) =>
        makeLogin(provider, { fernet: new Fernet(key), store, ...options });
      await work({ provider, store, key, browser: new Browser(), login: again(), again });
    }));
}

async function failure(work: () => Promise<unknown>): Promise<LoginErrorCode> {
  return (await assertRejects(work, LoginError)).code;
}

testFlow("sign in, and be remembered after a restart", async ({ browser, login, again, store }) => {
  const signedIn = await browser.signIn(login, "ada", { ...KEEP, returnTo: "/notes?x=1#a" });
  const { user, tokens, returnTo, remember } = signedIn;
  assertEquals([user.id, user.provider, user.subject], ["test:ada", "test", "ada"]);
  assertEquals([user.name, user.email], ["Ada Lovelace", "ada@example.org"]);
  assertEquals(user.emailVerified, true);
  assertEquals(user.groups, [{ id: "engine", name: "engine" }, { id: "staff", name: "staff" }]);
  assertEquals([returnTo, remember], ["/notes?x=1#a", true]);
  assert(tokens.refresh_token && tokens.expires_at! > Date.now() / 1_000);
  assertEquals([browser.cookies.size, store.size], [1, 1]);

  const restarted = again();
  const resumed = await restarted.resume(browser.request("/"));
  assertEquals(resumed?.user, user);
  assertEquals(resumed?.headers.getSetCookie().length, 1);
  assertEquals(await restarted.tokens(browser.request("/")), tokens);
  assertEquals(await restarted.resume(new Browser().request("/")), undefined);
});

testFlow("a login without remember has tokens, and signs nobody in again", async (world) => {
  const { browser, login, again } = world;
  const start = await login.start(browser.post("/login"), { provider: PROVIDER });
  browser.take(start.headers);
  const back = await browser.visit(start.headers.get("location")!, "zoe");
  const { user, headers, tokens } = await login.finish(browser.request(back));
  assertEquals(user.emailVerified, false);
  const saved = headers.getSetCookie().filter((cookie) => cookie.includes("saved-login"));
  assertEquals(saved.map((cookie) => /max-age/i.test(cookie)), [false]);
  browser.take(headers);
  assertEquals(await again().tokens(browser.request("/")), tokens);
  assertEquals(await again().resume(browser.request("/")), undefined);
});

testFlow("without a store a login works, and nothing is kept", async ({ browser, again }) => {
  const login = again({ store: undefined });
  const { user } = await browser.signIn(login, "ada", { provider: PROVIDER });
  assertEquals([user.id, browser.cookies.size], ["test:ada", 0]);
  assertEquals(await failure(() => login.tokens(browser.request("/"))), "ended");
  await assertRejects(() => login.start(browser.post("/login"), KEEP), TypeError);
});

testFlow("what start sends the browser with", async ({ browser, login, provider }) => {
  const answer = await login.start(browser.post("/login"), { ...KEEP, scopes: ["notes:write"] });
  const url = new URL(answer.headers.get("location")!);
  const { searchParams: sent } = url;
  assertEquals(answer.status, 303);
  assertEquals(url.origin, provider.issuer);
  assertEquals(sent.get("redirect_uri"), "https://app.example/callback/test");
  assertEquals([sent.get("response_type"), sent.get("code_challenge_method")], ["code", "S256"]);
  for (const name of ["state", "nonce", "code_challenge"]) {
    assertEquals(sent.get(name)?.length, 43, name);
  }
  assertEquals(sent.get("scope"), "openid profile email groups offline_access notes:write");
  const [cookie] = answer.headers.getSetCookie();
  assert(cookie.startsWith(`__Host-login.${sent.get("state")!.slice(0, 8)}=gAAAA`));
  assert(cookie.endsWith("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600"), cookie);
  for (const name of ["state", "nonce"]) assert(!cookie.includes(sent.get(name)!));
});

testFlow("two tabs at once finish in either order", async ({ browser, login }) => {
  const tabs = [await browser.begin(login, KEEP), await browser.begin(login, KEEP)];
  const [a, b] = [await browser.visit(tabs[0], "ada"), await browser.visit(tabs[1], "ada")];
  assertEquals(browser.cookies.size, 2);
  assertEquals((await browser.finish(login, b)).user.id, "test:ada");
  assertEquals((await browser.finish(login, a)).user.id, "test:ada");
  assertEquals(browser.cookies.size, 1);
});

testFlow("a fifth login ends the oldest that was begun", async ({ browser, login }) => {
  for (let count = 0; count < 7; count++) await browser.begin(login, KEEP);
  assertEquals(browser.cookies.size, 4);
  browser.cookies.set("__Host-login.forged00", "gAAAA");
  await browser.begin(login, KEEP);
  assertEquals([browser.cookies.size, browser.cookies.has("__Host-login.forged00")], [4, false]);
});

testFlow("the callback counts in the browser that began, and once", async (world) => {
  const { browser, login, provider, store } = world;
  const url = await browser.visit(await browser.begin(login, KEEP), "ada");
  const victim = new Browser();
  assertEquals(await failure(() => victim.finish(login, url)), "no-transaction");
  await victim.begin(login, KEEP);
  assertEquals(await failure(() => victim.finish(login, url)), "no-transaction");
  assertEquals(provider.granted("authorization_code"), 0);

  const cookies = new Map(browser.cookies);
  await browser.finish(login, url);
  assertEquals(await failure(() => browser.finish(login, url)), "no-transaction");
  assertEquals(provider.granted("authorization_code"), 1);
  // A thief with the cookies and the callback's URL: the provider refuses the code.
  const thief = new Browser();
  for (const [name, value] of cookies) thief.cookies.set(name, value);
  const error = await assertRejects(() => thief.finish(login, url), LoginError);
  assertEquals([error.code, error.providerCode], ["provider-error", "invalid_grant"]);
  assertEquals(store.size, 1);
});

testFlow("states, issuers and codes that were exchanged or changed", async (world) => {
  const { browser, login, provider } = world;
  const urls: URL[] = [];
  for (let tab = 0; tab < 2; tab++) {
    urls.push(new URL(await browser.visit(await browser.begin(login, KEEP), "ada")));
  }
  const [state, other] = urls.map(({ searchParams }) => searchParams.get("state")!);
  const changed = (change: (parameters: URLSearchParams) => void) => {
    const url = new URL(urls[0]);
    change(url.searchParams);
    return browser.request(url.href);
  };
  const cases: [LoginErrorCode, (parameters: URLSearchParams) => void][] = [
    ["wrong-state", (sent) => sent.delete("state")],
    ["wrong-state", (sent) => sent.append("state", state)],
    ["wrong-state", (sent) => sent.set("state", state.slice(0, 42))],
    ["wrong-state", (sent) => sent.set("state", state.slice(0, 8) + other.slice(8))],
    [
      "no-transaction",
      (sent) => sent.set("state", `${state[0] === "A" ? "B" : "A"}${state.slice(1)}`),
    ],
    ["wrong-issuer", (sent) => sent.delete("iss")],
    ["wrong-issuer", (sent) => sent.append("iss", provider.issuer)],
    ["wrong-issuer", (sent) => sent.set("iss", `${provider.issuer}/`)],
    ["wrong-issuer", (sent) => sent.set("iss", "https://evil.example")],
    ["bad-response", (sent) => sent.delete("code")],
    ["bad-response", (sent) => sent.append("code", "x")],
    ["bad-response", (sent) => sent.set("code", "x".repeat(9_000))],
  ];
  for (const [code, change] of cases) {
    assertEquals(await failure(() => login.finish(changed(change))), code, String(change));
  }
  assertEquals(provider.granted("authorization_code"), 0);
  // The code of another login: PKCE and the nonce are of this one.
  const code = urls[1].searchParams.get("code")!;
  const swapped = () => login.finish(changed((sent) => sent.set("code", code)));
  assertEquals(await failure(swapped), "provider-error");
  assertEquals(provider.granted("authorization_code"), 0);
});

testFlow("refusals of the user, and of the provider", async ({ browser, login }) => {
  const url = await browser.visit(await browser.begin(login, KEEP), "");
  const error = await assertRejects(() => browser.finish(login, url), LoginError);
  assertEquals([error.code, error.providerCode], ["denied", "access_denied"]);
  browser.take(error.headers);
  assertEquals(browser.cookies.size, 0);

  const location = await browser.begin(login, KEEP);
  const back = new URL("https://app.example/callback/test");
  const { searchParams: sent } = new URL(location);
  const description = `<script>alert(1)</script>\r\nSet-Cookie: a=b\u202e${"x".repeat(5_000)}`;
  for (
    const [name, value] of [
      ["state", sent.get("state")!],
      ["iss", new URL(location).origin],
      ["error", "server_error"],
      ["error_description", description],
    ]
  ) back.searchParams.set(name, value);
  const other = await assertRejects(() => login.finish(browser.request(back.href)), LoginError);
  assertEquals([other.code, other.providerCode], ["provider-error", "server_error"]);
  assert(other.message.length < 400 && /^[\x20-\x7e]+$/.test(other.message), other.message);
});

testFlow("only a person's own request begins, finishes or ends a login", async (world) => {
  const { browser, login, store } = world;
  const url = await browser.visit(await browser.begin(login, KEEP), "ada");
  const finish = (headers: HeadersInit, method = "GET") =>
    failure(() => login.finish(browser.request(url, { method, headers })));
  assertEquals(await finish({ "sec-fetch-dest": "image" }), "bad-request");
  assertEquals(await finish({ "sec-fetch-dest": "iframe" }), "bad-request");
  assertEquals(await finish({ "sec-fetch-mode": "cors" }), "bad-request");
  assertEquals(await finish({ "sec-purpose": "prefetch;prerender" }), "bad-request");
  assertEquals(await finish({}, "HEAD"), "bad-request");
  assertEquals(await finish({}, "POST"), "bad-request");
  // None of them used the login up.
  await browser.finish(login, url);

  const crossSite = { "sec-fetch-site": "cross-site" };
  const sandboxed = { origin: "null" };
  for (const headers of [crossSite, sandboxed]) {
    assertEquals(await failure(() => login.end(browser.post("/logout", headers))), "bad-request");
    const start = () => login.start(browser.post("/login", headers), KEEP);
    assertEquals(await failure(start), "bad-request");
  }
  assertEquals(await failure(() => login.end(browser.request("/logout"))), "bad-request");
  assertEquals(store.size, 1);
  const unknown = () => login.start(browser.post("/login"), { provider: "__proto__" });
  assertEquals(await failure(unknown), "bad-request");
  const elsewhere = "https://app.example/callback/other?state=x";
  assertEquals(await failure(() => login.finish(browser.request(elsewhere))), "bad-request");
});

testFlow("sign out: here, at the provider, and of its tokens", async (world) => {
  const { browser, login, again, store, provider } = world;
  const { tokens } = await browser.signIn(login, "ada", KEEP);
  const { cookies } = browser;
  const stolen = new Map(cookies);
  const { headers, logoutUrl } = await login.end(browser.post("/logout"), {
    returnTo: "https://app.example/bye",
  });
  browser.take(headers);
  assertEquals([cookies.size, store.size], [0, 0]);
  const url = new URL(logoutUrl!);
  assertEquals([url.origin, url.searchParams.get("post_logout_redirect_uri")], [
    provider.issuer,
    "https://app.example/bye",
  ]);
  assertEquals((await fetch(url)).status, 200);
  const info = await fetch(`${provider.issuer}/me`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  await info.body?.cancel();
  assertEquals(info.status, 401);
  // The cookie that somebody copied is worth nothing.
  for (const [name, value] of stolen) cookies.set(name, value);
  assertEquals(await again().resume(browser.request("/")), undefined);
  assertEquals((await again().end(browser.post("/logout"))).logoutUrl, undefined);
});

testFlow("sign-out works while the provider is down", async (world) => {
  const { browser, login, store, provider } = world;
  await browser.signIn(login, "ada", KEEP);
  await provider.stop();
  await login.end(browser.post("/logout"));
  assertEquals(store.size, 0);
  await provider.resume();
});

testFlow("the provider is down at the callback: the page can be loaded again", async (world) => {
  const { browser, login, provider } = world;
  const url = await browser.visit(await browser.begin(login, KEEP), "ada");
  await provider.stop();
  const error = await assertRejects(() => browser.finish(login, url), LoginError);
  assertEquals(error.code, "unavailable");
  browser.take(error.headers);
  await provider.resume();
  assertEquals((await browser.finish(login, url)).user.id, "test:ada");
});

testFlow("cookies that were changed, exchanged or doubled", async ({ browser, login, again }) => {
  await browser.signIn(login, "ada", KEEP);
  const other = new Browser();
  await other.signIn(login, "zoe", KEEP);
  const name = "__Host-saved-login";
  const id = browser.cookies.get(name)!;
  const resume = async (cookie: string) => {
    const request = new Request("https://app.example/", { headers: { cookie } });
    return (await again().resume(request))?.user.id;
  };
  assertEquals(await resume(`${name}=${id}`), "test:ada");
  assertEquals(await resume(`${name}=${other.cookies.get(name)}`), "test:zoe");
  // Two of one name: one of them may be from a neighbour's page.
  assertEquals(await resume(`${name}=${id}; ${name}=${other.cookies.get(name)}`), undefined);
  for (const changed of ["", "x", id.slice(1), `${id}A`, `${id}=`, id.toLowerCase(), ` ${id}x`]) {
    assertEquals(await resume(`${name}=${changed}`), undefined);
  }
  // A transaction's value is no login, and a login's id no transaction.
  const location = await browser.begin(login, KEEP);
  const [transaction] = [...browser.cookies.keys()].filter((each) => each !== name);
  const value = browser.cookies.get(transaction)!;
  assertEquals(await resume(`${name}=${value}`), undefined);
  const url = await browser.visit(location, "ada");
  const state = new URL(url).searchParams.get("state")!;
  for (const forged of [id, `${value.slice(0, -8)}AAAAAAA=`, value.slice(0, -4)]) {
    browser.cookies.set(transaction, forged);
    assertEquals(await failure(() => browser.finish(login, url)), "no-transaction");
  }
  // Of another login, whose state begins alike: it is sealed for another name.
  await other.begin(login, KEEP);
  const [theirs] = [...other.cookies.keys()].filter((each) => each !== name);
  browser.cookies.set(`__Host-login.${state.slice(0, 8)}`, other.cookies.get(theirs)!);
  assertEquals(await failure(() => browser.finish(login, url)), "no-transaction");
});

testFlow("a stolen store with the server's key opens nothing without a cookie", async (world) => {
  const { browser, login, store, key, again } = world;
  const { tokens, user } = await browser.signIn(login, "ada", KEEP);
  const [[name, record]] = [...store];
  // Everything but the id: the key itself and all that is derived from it.
  const { hkdf } = await import("../../src/kdf/hkdf.ts");
  const root = Uint8Array.fromBase64(key, { alphabet: "base64url" }).slice();
  const infos = ["", "ironfern/login/1", "ironfern/login-names/1", "ironfern/token/1"];
  const names = [...infos, "ironfern/cookie/1", "ironfern/session/1", name];
  const keys = await Promise.all(
    names.map((info) => hkdf("auto", root, new TextEncoder().encode(info).slice())),
  );
  for (const candidate of [root, ...keys]) {
    await assertRejects(() => new Fernet(candidate).decryptAsync(record));
  }
  for (const guess of [name.slice(6).padEnd(43, "A"), "A".repeat(43)]) {
    browser.cookies.set("__Host-saved-login", guess);
    assertEquals(await again().resume(browser.request("/")), undefined);
  }
  const texts = [tokens.access_token, tokens.refresh_token!, user.email!, user.name!, "ada"];
  assertEquals(texts.filter((text) => `${name}${record}`.includes(text)), []);
});

testFlow("records that were exchanged sign nobody in", async ({ browser, login, store, again }) => {
  await browser.signIn(login, "ada", KEEP);
  const other = new Browser();
  await other.signIn(login, "zoe", KEEP);
  const [[a, recordA], [b, recordB]] = [...store];
  store.set(a, recordB);
  store.set(b, recordA);
  for (const each of [browser, other]) {
    assertEquals(await again().resume(each.request("/")), undefined);
  }
});

testFlow("keys change: new ones seal, old ones open", async ({ browser, login, key, again }) => {
  const first = await browser.signIn(login, "ada", KEEP);
  const fernet = new MultiFernet([new Fernet(Fernet.generateKey()), new Fernet(key)]);
  assertEquals(await again({ fernet }).tokens(browser.request("/")), first.tokens);
  const other = new Browser();
  await other.signIn(again({ fernet }), "zoe", KEEP);
  assertEquals(await login.resume(other.request("/")), undefined);
  await again({ fernet }).end(browser.post("/logout"));
  assertEquals(await login.resume(browser.request("/")), undefined);
});

testFlow("signing in again replaces the browser's last login", async (world) => {
  const { browser, login, store } = world;
  await browser.signIn(login, "ada", KEEP);
  const id = browser.cookies.get("__Host-saved-login");
  const [name] = [...store.keys()];
  await browser.signIn(login, "ada", KEEP);
  assertNotEquals(browser.cookies.get("__Host-saved-login"), id);
  assertEquals([store.size, store.has(name)], [1, false]);
});

testFlow("old logins open no more, used ones last, and sweep removes the rest", async (world) => {
  const { browser, store, again } = world;
  // The provider's own limits are others: without a refresh token it is not asked.
  const login = again({
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      if (!String(url).endsWith("/token")) return answer;
      const { refresh_token: _, ...tokens } = await answer.json();
      return Response.json(tokens);
    },
  });
  const other = new Browser();
  await browser.signIn(login, "ada", KEEP);
  await other.signIn(login, "zoe", KEEP);
  const [neighbour] = [...store.keys()];
  store.set(`${neighbour}x`, "gAAAAA");
  store.set("login.none", "gAAAAA");
  await withClock(async () => {
    const day = 86_400;
    for (let days = 0; days < 60; days += 20) {
      assertEquals((await login.resume(browser.request("/")))?.user.id, "test:ada");
      advance(20 * day);
    }
    assertEquals(await login.resume(other.request("/")), undefined);
    assertEquals([store.size, await login.sweep(), store.size], [4, 1, 3]);
    advance(31 * day);
    assertEquals(await login.resume(browser.request("/")), undefined);
    assertEquals([await login.sweep(), store.size], [1, 2]);
  });
});

Deno.test("Login: endAll ends what was saved before on all devices, and nothing later", () =>
  withProvider(async (provider) => {
    const old = Fernet.generateKey();
    const store = new Map<string, string>();
    const login = makeLogin(provider, { fernet: new Fernet(old), store });
    const [first, second, other] = [new Browser(), new Browser(), new Browser()];
    const options = { provider: PROVIDER, remember: true };
    await first.signIn(login, "ada", options);
    await second.signIn(login, "ada", options);
    await other.signIn(login, "zoe", options);
    await login.endAll("test:ada");
    const reasons: string[] = [];
    for (const browser of [first, second]) {
      const resumed = await login.resume(browser.request("/"), {
        onEnd: (reason) => reasons.push(reason),
      });
      assertEquals(resumed, undefined);
      await assertRejects(() => login.tokens(browser.request("/")), LoginError);
    }
    assertEquals((await login.resume(other.request("/")))?.user.id, "test:zoe");

    // In the very same second, and under another key too.
    await first.signIn(login, "ada", options);
    assertEquals((await login.resume(first.request("/")))?.user.id, "test:ada");
    assertEquals(await login.resume(second.request("/")), undefined);
    const fernet = new MultiFernet([new Fernet(Fernet.generateKey()), new Fernet(old)]);
    const renewed = makeLogin(provider, { fernet, store });
    assertEquals((await renewed.resume(first.request("/")))?.user.id, "test:ada");
    await renewed.endAll("test:ada");
    assertEquals(await renewed.resume(first.request("/")), undefined);
    assertEquals(await login.resume(first.request("/")), undefined);

    // Who signs out there afterwards still has the tokens revoked.
    const { logoutUrl } = await login.end(first.post("/logout"));
    assertStringIncludes(logoutUrl!, "id_token_hint=");

    // What ended them may be swept when they have ended anyway, and no sooner.
    assertEquals(await login.sweep(), 0);
    const nobody = makeLogin(provider, { fernet: new Fernet(old) });
    await assertRejects(() => nobody.endAll("test:ada"), TypeError, "give Login a store");
    await assertRejects(() => login.endAll(""), TypeError, "it is empty");
  }));
