/// <reference lib="dom" />
/**
 * The example `login` in Chromium with a real provider, npm oidc-provider: the app on
 * 127.0.0.1 and the provider on localhost are different sites. Screenshots go to the
 * folder in `LOGIN_SHOTS`, where it is set.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { CHROMIUM_REMEDY, hasChromium, startChromium, watch } from "../../support/chromium.ts";
import { testWithTool } from "../../support/tools.ts";
import { type RunningApp, withApp } from "./app.ts";

const SESSION = "__Host-session";
const SAVED = "__Host-saved-login";

const shots = Deno.env.get("LOGIN_SHOTS");
const available = await hasChromium();
let browser: Browser;
if (available) {
  Deno.test.beforeAll(async () => {
    browser = await startChromium();
  });
  Deno.test.afterAll(() => browser.close());
}

/** A person at a browser of their own. */
interface Person {
  readonly app: RunningApp;
  readonly context: BrowserContext;
  readonly page: Page;
}

interface SignInOptions {
  readonly remember?: boolean;
  readonly page?: Page;
}

function test(
  name: string,
  body: (person: Person) => Promise<void>,
  options: { accessTokenLife?: number } = {},
): void {
  testWithTool(`login example: ${name}`, available, CHROMIUM_REMEDY, () =>
    withApp(async (app) => {
      const context = await browser.newContext();
      try {
        await body({ app, context, page: await context.newPage() });
      } finally {
        await context.close();
      }
    }, options));
}

const heading = (page: Page) => page.locator("h1").innerText();
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

/** Goes as far as the provider's page, on which a person is chosen. */
async function begin(
  { app, page }: Person,
  { remember = false }: SignInOptions = {},
): Promise<void> {
  await page.goto(`${app.origin}/`);
  if (remember) await page.getByLabel("Remember me").check();
  await press(page, "Sign in with the test provider");
}

async function signIn(person: Person, options: SignInOptions = {}): Promise<void> {
  await begin(person, options);
  await press(person.page, "Ada Lovelace");
  await person.page.waitForURL(`${person.app.origin}/notes`);
}

async function addNote(page: Page, text: string): Promise<void> {
  await page.getByLabel("A new note").fill(text);
  await press(page, "Keep");
}

const notes = (page: Page) => page.locator(".note").allInnerTexts();

async function cookie({ app, context }: Person, name: string) {
  return (await context.cookies(app.origin)).find((each) => each.name === name);
}

/** Has the app set cookies as they are. */
async function plant({ app, page }: Person, cookies: Readonly<Record<string, string>>) {
  app.intercept((handler) => (request) => {
    if (new URL(request.url).pathname !== "/plant") return handler(request);
    const headers = new Headers();
    for (const [name, value] of Object.entries(cookies)) {
      headers.append("set-cookie", `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax`);
    }
    return Promise.resolve(new Response("planted", { headers }));
  });
  await page.goto(`${app.origin}/plant`);
}

/** The callback's URL, of which the app knows nothing yet. */
async function heldCallback(person: Person): Promise<string> {
  let held = "";
  person.app.intercept((handler) => (request) => {
    if (held || !new URL(request.url).pathname.startsWith("/callback/")) return handler(request);
    held = request.url;
    return Promise.resolve(new Response("held"));
  });
  await begin(person);
  await press(person.page, "Ada Lovelace");
  await person.page.getByText("held").waitFor();
  return held;
}

test("sign in, groups, notes, sign out", async (person) => {
  const { app, page } = person;
  const { complaints } = watch(page);
  await signIn(person);
  await addNote(page, "<img src=x onerror=alert(1)>\nsecond line");
  await addNote(page, "another");
  assertEquals(await notes(page), ["<img src=x onerror=alert(1)>\nsecond line", "another"]);
  await page.getByRole("button", { name: "Remove" }).first().click();
  assertEquals(await notes(page), ["another"]);
  await page.getByRole("link", { name: "Account" }).click();
  const account = await page.locator("dl").innerText();
  for (const part of ["Ada Lovelace", "ada@example.org (verified)", "test:ada", "engine, staff"]) {
    assertStringIncludes(account, part);
  }
  const { httpOnly, secure, sameSite, expires } = (await cookie(person, SESSION))!;
  assertEquals([httpOnly, secure, sameSite, expires], [true, true, "Lax", -1]);
  await press(page, "Sign out");
  await press(page, "Sign out here too");
  await page.waitForURL(`${app.origin}/`);
  assertEquals(await heading(page), "Sign in");
  assertEquals((await person.context.cookies(app.origin)).map(({ name }) => name), []);
  assertEquals(complaints, []);
});

test("signing in gives a new session, and nothing readable in the store", async (person) => {
  const { app, page } = person;
  await signIn(person);
  const first = (await cookie(person, SESSION))!.value;
  await addNote(page, "a very secret note");
  const kept = [...app.store].flat().join("\n");
  // None of them is so short that it could stand in a token by chance.
  for (const text of ["a very secret note", "test:ada", "Lovelace", first]) {
    assert(!kept.includes(text), `the store has ${text} in the clear`);
  }
});

test("remembered after a restart of the app, and of the browser", async (person) => {
  const { app, page, context } = person;
  await signIn(person, { remember: true });
  await addNote(page, "kept");
  app.restart();
  await page.goto(`${app.origin}/notes`);
  assertEquals(await notes(page), ["kept"]);
  // A browser that was closed forgets the session's cookie, and keeps the other.
  const before = (await cookie(person, SESSION))!.value;
  await context.clearCookies({ name: SESSION });
  await page.goto(`${app.origin}/notes`);
  assertEquals(await notes(page), ["kept"]);
  assertNotEquals((await cookie(person, SESSION))!.value, before);
});

test("not remembered where nobody asked for it", async (person) => {
  const { app, page, context } = person;
  await signIn(person);
  await context.clearCookies({ name: SESSION });
  await page.goto(`${app.origin}/notes`);
  assertEquals(await heading(page), "Sign in");
});

test("tokens are renewed after they expired", async (person) => {
  const { app, page } = person;
  await signIn(person, { remember: true });
  await page.goto(`${app.origin}/me`);
  await page.waitForTimeout(2_100);
  await press(page, "Get a token that lasts");
  assertStringIncludes(await page.locator("dl").innerText(), "expires in");
  assert(app.provider.granted("refresh_token") >= 1);
}, { accessTokenLife: 2 });

test("two tabs at once", async (person) => {
  const { app, context, page } = person;
  const other = { ...person, page: await context.newPage() };
  await begin(person);
  await begin(other);
  await press(page, "Ada Lovelace");
  assertEquals(await heading(page), "Your notes");
  await press(other.page, "Ada Lovelace");
  assertEquals(await heading(other.page), "Your notes");
  await page.goto(`${app.origin}/me`);
  assertStringIncludes(await page.locator("dl").innerText(), "test:ada");
});

test("a wrong state, and the callback in another browser", async (person) => {
  const { page } = person;
  const url = await heldCallback(person);
  const wrong = new URL(url);
  wrong.searchParams.set("state", "x".repeat(43));
  await page.goto(wrong.href);
  assertEquals(await page.getByRole("alert").innerText(), "The sign-in failed. Please try again.");

  const strangers = await browser.newContext();
  const stranger = await strangers.newPage();
  await stranger.goto(url);
  assertEquals(await heading(stranger), "Sign in");
  assertEquals(await stranger.getByRole("alert").count(), 1);
  await strangers.close();

  // None of that used the code up, or the login.
  await page.goto(url);
  assertEquals(await heading(page), "Your notes");
});

test("a code that is replayed", async (person) => {
  const { page } = person;
  const url = await heldCallback(person);
  await page.goto(url);
  assertEquals(await heading(page), "Your notes");
  await page.goto(url);
  assertEquals(await page.getByRole("alert").innerText(), "The sign-in failed. Please try again.");
  assertEquals(person.app.provider.granted("authorization_code"), 1);
});

test("cookies that were tampered with or exchanged", async (person) => {
  const { app, page } = person;
  await signIn(person, { remember: true });
  const [session, saved] = await Promise.all([cookie(person, SESSION), cookie(person, SAVED)]);
  const shown = async () => {
    await page.goto(`${app.origin}/notes`);
    return await heading(page);
  };
  const flip = (value = "") => (value[0] === "A" ? "B" : "A") + value.slice(1);
  await plant(person, { [SESSION]: flip(session?.value), [SAVED]: flip(saved?.value) });
  assertEquals(await shown(), "Sign in");
  await plant(person, { [SESSION]: saved!.value, [SAVED]: session!.value });
  assertEquals(await shown(), "Sign in");
  await plant(person, { [SAVED]: saved!.value });
  assertEquals(await shown(), "Your notes");
});

test("a logout beside a slow request", async (person) => {
  const { app, context, page } = person;
  await signIn(person);
  const slow = await context.newPage();
  let go = () => {};
  const gate = new Promise<void>((resolve) => go = resolve);
  let began = () => {};
  const arrived = new Promise<void>((resolve) => began = resolve);
  // The session is loaded when the body is awaited: the slow request holds it by then.
  app.intercept((handler) => async (request) => {
    if (new URL(request.url).pathname !== "/notes" || request.method !== "POST") {
      return await handler(request);
    }
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        began();
        await gate;
        controller.enqueue(new TextEncoder().encode("text=late"));
        controller.close();
      },
    }, { highWaterMark: 0 });
    const { url, method, headers } = request;
    return await handler(new Request(url, { method, headers, body }));
  });
  await slow.goto(`${app.origin}/notes`);
  await slow.getByLabel("A new note").fill("late");
  const answered = slow.waitForResponse((response) => response.request().method() === "POST");
  await slow.getByRole("button", { name: "Keep" }).click({ noWaitAfter: true });
  await arrived;
  await press(page, "Sign out");
  go();
  await answered;
  const after = await context.newPage();
  await after.goto(`${app.origin}/notes`);
  assertEquals(await heading(after), "Sign in");
  assertEquals([...app.store.keys()].filter((name) => name.startsWith("session.")), []);
});

test("signing out on all devices ends what is remembered elsewhere", async (person) => {
  const { app, page } = person;
  await signIn(person, { remember: true });
  const context = await browser.newContext();
  const elsewhere = { ...person, context, page: await context.newPage() };
  await signIn(elsewhere, { remember: true });
  await page.goto(`${app.origin}/me`);
  await press(page, "Sign out on all devices");
  assertEquals(await heading(page), "You are signed out of the app");
  await elsewhere.page.goto(`${app.origin}/notes`);
  assertEquals(await heading(elsewhere.page), "Sign in");
  await context.close();
});

test("the provider is stopped, and started again", async (person) => {
  const { app, page } = person;
  const url = await heldCallback(person);
  await app.provider.stop();
  await page.goto(url);
  assertStringIncludes(await page.getByRole("alert").innerText(), "cannot be reached");
  await app.provider.resume();
  await page.goto(url);
  assertEquals(await heading(page), "Your notes");
});

test("who goes back at the provider is told so", async (person) => {
  await begin(person);
  await press(person.page, "Nobody: go back");
  assertStringIncludes(await person.page.getByRole("alert").innerText(), "You did not sign in");
});

test("the keyboard alone signs in, keeps a note and removes it", async (person) => {
  const { page, app } = person;
  const keys = async (...names: string[]) => {
    for (const name of names) await page.keyboard.press(name);
  };
  await page.goto(`${app.origin}/`);
  await keys("Tab", "Tab", "Space", "Tab", "Enter");
  await page.waitForURL(/people/);
  await keys("Tab", "Enter");
  await page.waitForURL(`${app.origin}/notes`);
  assert((await cookie(person, SAVED))!.expires > 0, "she is not remembered");
  await keys("Tab", "Tab", "Tab", "Tab", "Tab");
  await page.keyboard.type("typed");
  await keys("Tab");
  const outline = () => getComputedStyle(document.activeElement!).outlineStyle;
  assertEquals(await page.evaluate(outline), "solid");
  await keys("Enter");
  await page.locator(".note").waitFor();
  assertEquals(await notes(page), ["typed"]);
  await page.getByRole("button", { name: "Remove" }).press("Enter");
  await page.getByText("There is none").waitFor();
});

test("the page that was asked for comes after the sign-in", async (person) => {
  const { app, page } = person;
  await page.goto(`${app.origin}/me?x=1`);
  await press(page, "Sign in with the test provider");
  await press(page, "Ada Lovelace");
  await page.waitForURL(`${app.origin}/me?x=1`);
});

test("another site can neither sign in, nor sign out, nor write", async (person) => {
  const { app, page, context } = person;
  await signIn(person);
  const evil = await context.newPage();
  await evil.route("http://evil.localhost/**", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<form method="post" action="${app.origin}${new URL(route.request().url()).pathname}">
<input name="text" value="planted"><button>go</button></form>`,
    }));
  for (const path of ["/notes", "/logout", "/logout-everywhere", "/login"]) {
    await evil.goto(`http://evil.localhost${path}`);
    const answer = evil.waitForResponse((response) => response.request().method() === "POST");
    await press(evil, "go");
    assertEquals((await answer).status(), 403, path);
  }
  await page.goto(`${app.origin}/notes`);
  assertEquals(await heading(page), "Your notes");
  assertEquals(await notes(page), []);
});

/** How far the page stands out to the right. */
function overflow(): number {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth - clientWidth;
}

test("the pages fit a telephone and a desk, in light and in dark", async (person) => {
  const { app, page } = person;
  const { complaints } = watch(page);
  const look = async (name: string) => {
    for (const width of [360, 1_440]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height: 720 });
        await page.emulateMedia({ colorScheme });
        assertEquals(await page.evaluate(overflow), 0, `${name} at ${width}`);
        if (shots) await page.screenshot({ path: `${shots}/${name}.${width}.${colorScheme}.png` });
      }
    }
  };
  await page.goto(`${app.origin}/`);
  await look("sign-in");
  await signIn(person);
  await addNote(page, `A long word: ${"x".repeat(200)}`);
  await look("notes");
  await page.goto(`${app.origin}/me`);
  await look("me");
  assertEquals(complaints, []);
});
