/**
 * The example `login` without a browser: what is sent to it that its own pages would
 * not send, or not so.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Handler, makeApp } from "../../../examples/login/app.ts";
import { APP, Browser } from "../../support/browser.ts";
import { providerOf, withProvider } from "../../support/oidc_provider.ts";

/** Somebody at the app. */
class Visitor {
  readonly browser = new Browser();

  constructor(readonly handler: Handler) {}

  async send(path: string, form?: Record<string, string>): Promise<Response> {
    const init = form && { method: "POST", body: new URLSearchParams(form) };
    const answer = await this.handler(this.browser.request(path, init));
    this.browser.take(answer.headers);
    return answer;
  }

  /** Where the app leads to after the sign-in. */
  async signIn(person: string, form: Record<string, string> = {}): Promise<string> {
    const begun = await this.send("/login", { provider: "test", ...form });
    const url = await this.browser.visit(begun.headers.get("location")!, person);
    return (await this.send(url)).headers.get("location")!;
  }

  async notes(): Promise<string[]> {
    const html = await (await this.send("/notes")).text();
    return Array.from(html.matchAll(/class="note"[^>]*>([^<]*)/g), ([, text]) => text);
  }
}

function test(name: string, work: (visit: () => Visitor) => Promise<void>): void {
  Deno.test(`login example: ${name}`, () =>
    withProvider(async (provider) => {
      const fernet = new Fernet(Fernet.generateKey());
      const providers = [providerOf(provider)];
      const handler = makeApp({ origin: APP, fernet, store: new Map(), providers });
      await work(() => new Visitor(handler));
    }));
}

test("after the sign-in it leads to no other site", async (visit) => {
  for (const returnTo of ["//evil.example", "/\\evil.example", "javascript:alert(1)"]) {
    assertEquals(await visit().signIn("ada", { returnTo }), "/", returnTo);
  }
  assertEquals(await visit().signIn("ada", { returnTo: "/%2f%2fevil" }), "/%2f%2fevil");
});

test("a note that is refused is not lost, and a line's end is one character", async (visit) => {
  const ada = visit();
  await ada.signIn("ada");
  assertEquals((await ada.send("/notes", { text: "a\r\n".repeat(499) + "bb" })).status, 303);
  const refused = await ada.send("/notes", { text: `${"x".repeat(1_000)}<b>` });
  assertEquals(refused.status, 400);
  const html = await refused.text();
  assertMatch(html, /role="alert">A note has 1 to 1000/);
  assertStringIncludes(html, "xxx&#60;b&#62;</textarea>");
  assertEquals((await ada.notes()).map((note) => note.length), [1_000]);
});

test("notes that are kept at the same time are all kept", async (visit) => {
  const ada = visit();
  await ada.signIn("ada");
  const texts = Array.from({ length: 30 }, (_, index) => `${index}`);
  await Promise.all(texts.map((text) => ada.send("/notes", { text })));
  assertEquals((await ada.notes()).sort(), texts.sort());
});

test("the second user of a browser sees nothing of the first one", async (visit) => {
  const browser = visit();
  await browser.signIn("ada", { remember: "yes" });
  await browser.send("/notes", { text: "of Ada" });
  const before = new Map(browser.browser.cookies);
  const zoe = visit();
  await zoe.signIn("zoe");
  for (const [name, value] of zoe.browser.cookies) browser.browser.cookies.set(name, value);
  assertEquals(await browser.notes(), []);
  // Ada's cookies are as good as before, until she signs out.
  for (const [name, value] of before) browser.browser.cookies.set(name, value);
  assertEquals(await browser.notes(), ["of Ada"]);
  await browser.send("/logout", {});
  for (const [name, value] of before) browser.browser.cookies.set(name, value);
  assertEquals(await browser.notes(), []);
});

test("odd methods, hosts and forms change nothing and show nothing", async (visit) => {
  const ada = visit();
  await ada.signIn("ada");
  await ada.send("/notes", { text: "kept" });
  for (const method of ["HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND"]) {
    for (const path of ["/logout", "/notes/remove", "/logout-everywhere"]) {
      const { status } = await ada.handler(ada.browser.request(path, { method }));
      assertEquals(status, 404, `${method} ${path}`);
    }
  }
  assertEquals((await ada.send("/notes", { text: "x".repeat(20_000) })).status, 400);
  assertEquals((await ada.handler(ada.browser.post("/notes"))).status, 400);
  const odd = new Proxy(ada.browser.request("/"), {
    get: (request, name) => name === "url" ? "http://a b/" : Reflect.get(request, name, request),
  });
  assertEquals((await ada.handler(odd)).status, 400);
  const strange = await visit().send(`//evil.example/"><script>?<b>`);
  const page = await strange.text();
  assert(!page.includes("<script>") && !page.includes("<b>"));
  assertEquals(await ada.notes(), ["kept"]);
});
