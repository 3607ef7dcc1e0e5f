/**
 * Tokens that expire, with a real provider that rotates refresh tokens.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import {
  type Login,
  LoginError,
  type LoginErrorCode,
  type LoginOptions,
} from "@ironfern/ironfern/login";
import type { StringStore } from "@ironfern/ironfern/storage";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { RunningProvider } from "../../examples/login/provider.ts";
import { Browser } from "../support/browser.ts";
import { advance, withClock } from "../support/clock.ts";
import { makeLogin, PROVIDER, withProvider } from "../support/oidc_provider.ts";

const LIFE = 600;

interface World {
  readonly provider: RunningProvider;
  readonly store: Map<string, string>;
  readonly browser: Browser;
  readonly login: Login;
  /** Another process: the same store and key. */
  again(options?: Partial<LoginOptions>): Login;
}

/** Somebody signed in, and is remembered. */
function testSignedIn(name: string, work: (world: World) => Promise<void>): void {
  Deno.test(`Login refresh: ${name}`, () =>
    withClock(() =>
      withProvider(async (provider) => {
        const fernet = new Fernet(Fernet.generateKey());
        const store = new Map<string, string>();
        const again = (options: Partial<LoginOptions> = {}) =>
          makeLogin(provider, { fernet, store, ...options });
        const browser = new Browser();
        const login = again();
        await browser.signIn(login, "ada", { provider: PROVIDER, remember: true });
        await work({ provider, store, browser, login, again });
      }, { accessTokenLife: LIFE })
    ));
}

async function failure(work: () => Promise<unknown>): Promise<LoginErrorCode> {
  return (await assertRejects(work, LoginError)).code;
}

testSignedIn("a token that lasts is given as it is", async ({ provider, browser, login }) => {
  const [a, b] = [
    await login.tokens(browser.request("/")),
    await login.tokens(browser.request("/")),
  ];
  assertEquals(a, b);
  advance(LIFE - 70);
  await login.tokens(browser.request("/"));
  assertEquals(provider.granted("refresh_token"), 0);
  advance(15);
  assertNotEquals((await login.tokens(browser.request("/"))).access_token, a.access_token);
  assertEquals(provider.granted("refresh_token"), 1);
});

testSignedIn("callers of one process and of others share it", async (world) => {
  const { provider, browser, login, again } = world;
  const logins = [login, login, again(), again()];
  const request = browser.request("/");
  for (let expiry = 1; expiry <= 3; expiry++) {
    advance(LIFE);
    const tokens = await Promise.all(
      [...logins, ...logins].map((login) => login.tokens(request)),
    );
    assertEquals(new Set(tokens.map(({ refresh_token }) => refresh_token)).size, 1);
    assertEquals(provider.granted("refresh_token"), expiry);
  }
});

testSignedIn("the provider stops and starts: nothing is lost", async (world) => {
  const { provider, browser, login } = world;
  advance(LIFE - 30);
  await provider.stop();
  const old = await login.tokens(browser.request("/"));
  assertEquals(old.expires_at! > Date.now() / 1_000, true);
  advance(60);
  assertEquals(await failure(() => login.tokens(browser.request("/"))), "unavailable");
  const reasons: string[] = [];
  const resumed = await login.resume(browser.request("/"), { onEnd: (code) => reasons.push(code) });
  assertEquals([resumed?.user.id, reasons], ["test:ada", []]);
  await provider.resume();
  const fresh = await login.tokens(browser.request("/"));
  assertNotEquals(fresh.access_token, old.access_token);
});

testSignedIn("a login that the provider ended is removed, and the app is told", async (world) => {
  const { browser, store, again } = world;
  const record = [...store];
  advance(LIFE);
  await again().tokens(browser.request("/"));
  // An older state of the store comes back: its refresh token was used.
  for (const [name, text] of record) store.set(name, text);
  const reasons: string[] = [];
  const onEnd = (reason: string) => reasons.push(reason);
  assertEquals(await again().resume(browser.request("/"), { onEnd }), undefined);
  assertEquals([reasons, store.size], [["ended"], 0]);
  assertEquals(await failure(() => again().tokens(browser.request("/"))), "ended");
  assertEquals(await again().resume(browser.request("/"), { onEnd }), undefined);
  assertEquals(reasons.length, 1);
});

/** A `fetch` whose requests to the token endpoint wait until they are let go. */
function slowFetch() {
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const revoked: string[] = [];
  const slow = async (url: string | URL | Request, init?: RequestInit) => {
    const answer = await fetch(url, init);
    if (String(url).endsWith("/revocation")) {
      revoked.push(new URLSearchParams(String(init?.body)).get("token")!);
    }
    if (String(url).endsWith("/token")) {
      arrived.resolve();
      await gate.promise;
    }
    return answer;
  };
  return {
    fetch: slow as typeof fetch,
    arrived: arrived.promise,
    go: () => gate.resolve(),
    revoked,
  };
}

testSignedIn("sign-out beside a slow refresh stays a sign-out", async (world) => {
  const { browser, store, login, again } = world;
  advance(LIFE);
  const { fetch, arrived, go, revoked } = slowFetch();
  const slow = again({ fetch }).tokens(browser.request("/"));
  await arrived;
  await login.end(browser.post("/logout"));
  go();
  assertEquals(await failure(() => slow), "ended");
  // The tokens that came too late are revoked as well.
  assertEquals(revoked.length, 1);
  assertEquals(store.size, 0);
  assertEquals(await login.resume(browser.request("/")), undefined);
});

testSignedIn("endAll beside a slow refresh signs nobody in", async (world) => {
  const { browser, login, again } = world;
  advance(LIFE);
  const { fetch, arrived, go, revoked } = slowFetch();
  const slow = again({ fetch }).resume(browser.request("/"));
  await arrived;
  await login.endAll("test:ada");
  go();
  assertEquals(await slow, undefined);
  assertEquals(revoked.length, 1);
});

testSignedIn("a refresh that another one overtook is not saved over it", async (world) => {
  const { browser, again } = world;
  advance(LIFE);
  const { fetch, arrived, go } = slowFetch();
  const slow = again({ fetch }).tokens(browser.request("/"));
  await arrived;
  // Its lease runs out while it hangs, and the provider sees the token twice.
  advance(20);
  assertEquals(await failure(() => again().tokens(browser.request("/"))), "ended");
  go();
  assertEquals(await failure(() => slow), "ended");
});

testSignedIn("who died with a lease holds up nobody for long", async (world) => {
  const { browser, store, login, again } = world;
  advance(LIFE);
  // The request is never sent: the process ends before.
  const { promise: leased, resolve } = Promise.withResolvers<void>();
  const { promise: stopped, reject } = Promise.withResolvers<Response>();
  const dying = again({
    fetch: (url, init) => {
      if (!String(url).endsWith("/token")) return fetch(url, init);
      resolve();
      return stopped;
    },
  });
  const dead = dying.tokens(browser.request("/")).catch(() => {});
  await leased;
  const left = new Map(store);
  reject(new Error("It ends"));
  await dead;
  for (const [name, record] of left) store.set(name, record);
  advance(20);
  assert((await login.tokens(browser.request("/"))).access_token);
});

testSignedIn("tokens that cannot be saved are in the error, and in no text", async (world) => {
  const { browser, store, again } = world;
  advance(LIFE);
  let swaps = 0;
  const broken: StringStore = {
    get: (name) => store.get(name),
    set: (name, record) => store.set(name, record),
    delete: (name) => store.delete(name),
    keys: () => store.keys(),
    swap(name, old, next) {
      if (++swaps > 1) throw new Error("the disk is gone");
      if ((store.get(name) ?? null) !== old) return false;
      if (next === null) store.delete(name);
      else store.set(name, next);
      return true;
    },
  };
  const error = await assertRejects(
    () => again({ store: broken }).tokens(browser.request("/")),
    LoginError,
  );
  assertEquals([error.code, swaps], ["not-saved", 5]);
  const { access_token, refresh_token } = error.tokens!;
  const shown = `${Deno.inspect(error)} ${JSON.stringify(error)} ${error.stack}`;
  assertEquals([access_token, refresh_token].filter((text) => shown.includes(text!)), []);
});

testSignedIn("without a refresh token the user is known, and the token ends", async (world) => {
  const login = world.again({
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      if (!String(url).endsWith("/token")) return answer;
      const { refresh_token: _, ...tokens } = await answer.json();
      return Response.json(tokens);
    },
  });
  const browser = new Browser();
  await browser.signIn(login, "zoe", { provider: PROVIDER, remember: true });
  advance(LIFE + 1);
  assertEquals(await failure(() => login.tokens(browser.request("/"))), "ended");
  assertEquals((await login.resume(browser.request("/")))?.user.id, "test:zoe");
});

testSignedIn("a refresh that answers for another user ends the login", async (world) => {
  const { browser, store, again } = world;
  const other = new Browser();
  const zoe = await other.signIn(again({ store: new Map() }), "zoe", { provider: PROVIDER });
  advance(LIFE);
  // As after a mix-up in the provider's own store.
  const login = again({
    fetch: (url, init) => {
      if (!String(url).endsWith("/token")) return fetch(url, init);
      const body = new URLSearchParams(String(init?.body));
      body.set("refresh_token", zoe.tokens.refresh_token!);
      return fetch(url, { ...init, body });
    },
  });
  assertEquals(await failure(() => login.tokens(browser.request("/"))), "other-user");
  assertEquals(store.size, 0);
});
