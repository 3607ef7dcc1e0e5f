/**
 * Cookies and forms in Chromium: a site as `localhost`, and another one as
 * `127.0.0.1`.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { isCrossSite, Sessions } from "@ironfern/ironfern/session";
import { assertEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { CHROMIUM_REMEDY, hasChromium, withChromium } from "../support/chromium.ts";
import { testWithTool } from "../support/tools.ts";
import { cookiesOf } from "./support.ts";

const HAS_CHROMIUM = await hasChromium();
const HTML = { "content-type": "text/html" };

/** Serves on this machine for as long as the body runs. */
async function withServer(
  handler: (request: Request) => Response | Promise<Response>,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
  try {
    await body(server.addr.port);
  } finally {
    await server.shutdown();
  }
}

async function withPage(body: (page: Page) => Promise<void>): Promise<void> {
  await withChromium(async (browser: Browser) => {
    const page = await (await browser.newContext()).newPage();
    await body(page);
  });
}

const fernet = new Fernet(Fernet.generateKey());

testWithTool(
  "Chromium sends a session of 4,096 bytes back, over HTTP to this machine",
  HAS_CHROMIUM,
  CHROMIUM_REMEDY,
  async () => {
    const sessions = new Sessions<{ text: string }>({ fernet, cookie: { name: "__Host-a" } });
    const text = "x".repeat(2_936);
    const headers = () => {
      const plain = new Headers(HTML);
      // What browsers do with a longer one, which `save` refuses to write.
      plain.append("set-cookie", `b=${"x".repeat(4_096)}; Path=/`);
      return plain;
    };
    let sent = 0;
    const handler = async (request: Request) => {
      const session = await sessions.load(request);
      const got = session.get("text");
      session.set("text", text);
      const set = await session.save();
      sent = cookiesOf(set).length - 1;
      const all = headers();
      for (const cookie of set.getSetCookie()) all.append("set-cookie", cookie);
      const other = /(?:^|; )b=/.test(request.headers.get("cookie") ?? "");
      return new Response(`${got === text} ${other}`, { headers: all });
    };
    await withServer(handler, (port) =>
      withPage(async (page) => {
        for (const host of ["localhost", "127.0.0.1"]) {
          await page.goto(`http://${host}:${port}/`);
          assertEquals(await page.textContent("body"), "false false");
          await page.goto(`http://${host}:${port}/`);
          assertEquals(await page.textContent("body"), "true false");
        }
        assertEquals(sent, 4_096);
      }));
  },
);

testWithTool(
  "Chromium: forms of other sites are refused, links are not",
  HAS_CHROMIUM,
  CHROMIUM_REMEDY,
  async () => {
    const sessions = new Sessions({ fernet, store: new Map() });
    const asked: [string, boolean, string | undefined][] = [];
    const handler = async (request: Request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/favicon.ico") return new Response(null, { status: 404 });
      const session = await sessions.load(request);
      asked.push([`${request.method} ${pathname}`, isCrossSite(request), session.user]);
      if (pathname === "/login") await session.signIn("ada");
      const headers = await session.save();
      headers.set("content-type", "text/html");
      return new Response("<form method=post action=/own><button>go</button></form>", { headers });
    };
    await withServer(handler, (port) =>
      withPage(async (page) => {
        const app = `http://localhost:${port}`;
        const form = (path: string) =>
          `<form method=post action=${app}${path} target=_top><button>go</button></form>`;
        const frame = (path: string) =>
          `<iframe sandbox="allow-forms allow-top-navigation" srcdoc='${form(path)}'></iframe>`;
        const pages: Readonly<Record<string, string>> = {
          "/form": form("/form"),
          "/link": `<a href=${app}/link>go</a>`,
          "/frame": frame("/frame"),
        };
        const other = (request: Request) =>
          new Response(pages[new URL(request.url).pathname], { headers: HTML });
        await withServer(other, async (otherPort) => {
          await page.goto(`${app}/login`);
          await page.click("button");
          await page.waitForURL(`${app}/own`);
          const foreign = `http://127.0.0.1:${otherPort}`;
          // Another port of the host is the same site, and another origin.
          const sibling = `http://localhost:${otherPort}`;
          for (const from of [foreign, sibling]) {
            await page.goto(`${from}/form`);
            await page.click("button");
            await page.waitForURL(`${app}/form`);
          }
          await page.goto(`${foreign}/link`);
          await page.click("a");
          await page.waitForURL(`${app}/link`);
          await page.goto(`${sibling}/frame`);
          await page.frameLocator("iframe").locator("button").click();
          await page.waitForURL(`${app}/frame`);
        });
      }));
    assertEquals(asked, [
      ["GET /login", false, undefined],
      ["POST /own", false, "ada"],
      ["POST /form", true, undefined],
      ["POST /form", true, "ada"],
      ["GET /link", false, "ada"],
      ["POST /frame", true, undefined],
    ]);
  },
);
