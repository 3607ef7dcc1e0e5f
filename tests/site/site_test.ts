/// <reference lib="dom" />
/**
 * The site: every link leads somewhere, and Chromium shows every page, on a
 * telephone and on a desk, in light and in dark, without a complaint. Screenshots
 * go to the folder in `SITE_SHOTS`, where it is set.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { buildSite, type Files } from "../../site/build.ts";
import { GUIDES } from "../../site/guides.ts";
import { serveFiles } from "../../scripts/serve_files.ts";
import { CHROMIUM_REMEDY, hasChromium, watch, withChromium } from "../support/chromium.ts";
import { ROOT, testWithTool } from "../support/tools.ts";

const REPOSITORY = "https://github.com/ironfern/ironfern/blob/main/";
/** Where the documents' pages may lead to outside of the site and the repository. */
const OUTSIDE = /^https:\/\/[a-z0-9.-]+\.[a-z]+(\/|$)/;
const VIEWS = [360, 1_440].flatMap((width) =>
  (["light", "dark"] as const).map((scheme) => ({ width, scheme }))
);

const available = await hasChromium();
const shots = Deno.env.get("SITE_SHOTS");
let building: Promise<Files> | undefined;
const site = () => building ??= buildSite();

function text(files: Files, name: string): string {
  return new TextDecoder().decode(files.get(name));
}

/** What a page links to or shows. */
function links(html: string): string[] {
  return Array.from(html.matchAll(/\s(?:href|src|srcset)="([^"]*)"/g), ([, link]) => link);
}

Deno.test("site: every document is a page, and the menu has them all", async () => {
  const documents = Array.from(Deno.readDirSync(new URL("docs/", ROOT)), ({ name }) => name);
  const sources = GUIDES.map(({ source }) => source);
  assertEquals(documents.filter((name) => !sources.includes(`docs/${name}`)), []);
  const files = await site();
  for (const { page } of GUIDES) {
    const found = links(text(files, page));
    assertEquals(GUIDES.filter((guide) => !found.includes(guide.page)), []);
  }
});

Deno.test("site: every link of the documents leads somewhere", async () => {
  const files = await site();
  for (const { page } of GUIDES) {
    for (const link of links(text(files, page))) {
      if (link.startsWith(REPOSITORY)) {
        const path = link.slice(REPOSITORY.length).split("#")[0];
        assert(Deno.statSync(new URL(path, ROOT)), `${page} links to ${link}`);
      } else if (!OUTSIDE.test(link)) {
        const [name, anchor] = link.split("#");
        const target = name || page;
        assert(files.has(target), `${page} links to ${link}`);
        if (anchor) {
          const id = decodeURIComponent(anchor);
          assert(text(files, target).includes(` id="${id}"`), `${page} links to ${link}`);
        }
      }
    }
  }
});

/** Elements that stand out to the right of the page. */
function tooWide(): string[] {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return Array.from(document.querySelectorAll("body *"))
    .filter((element) => element.getBoundingClientRect().right > width)
    .map((element) => element.outerHTML.slice(0, 80));
}

/** Opens a page, which must ask nobody else. Resolves to what it complains of. */
async function open(page: Page, url: string): Promise<readonly string[]> {
  page.removeAllListeners();
  const { complaints, origins } = watch(page);
  const response = await page.goto(url);
  assertEquals(response?.status(), 200, url);
  assertEquals([...origins], [new URL(url).origin], url);
  return complaints;
}

testWithTool(
  "site: Chromium shows every page, wide and narrow, light and dark",
  available,
  CHROMIUM_REMEDY,
  async () => {
    const server = serveFiles(await site(), {
      headers: {
        "content-security-policy": "default-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; " +
          "img-src 'self' data:",
      },
    });
    const origin = `http://localhost:${server.addr.port}`;
    try {
      await withChromium(async (browser) => {
        const page = await browser.newPage();
        for (const { page: name } of GUIDES) {
          const complaints = await open(page, `${origin}/${name}`);
          for (const { width, scheme } of VIEWS) {
            await page.setViewportSize({ width, height: 800 });
            await page.emulateMedia({ colorScheme: scheme });
            assertEquals(await page.evaluate(tooWide), [], `${name} at ${width}`);
            if (shots) await page.screenshot({ path: `${shots}/${name}.${width}.${scheme}.png` });
          }
          assertEquals(complaints, []);
        }
        for (const name of ["api/index.html", "api/~/Fernet.html", "lab/?target=3&rounds=3"]) {
          assertEquals(await open(page, `${origin}/${name}`), []);
        }
      });
    } finally {
      await server.shutdown();
    }
  },
);

testWithTool(
  "site: on a telephone the menu opens by the keyboard, and leads to a page",
  available,
  CHROMIUM_REMEDY,
  async () => {
    const server = serveFiles(await site());
    try {
      await withChromium(async (browser) => {
        const page = await browser.newPage({ viewport: { width: 360, height: 800 } });
        await page.goto(`http://localhost:${server.addr.port}/`);
        await page.locator("summary").focus();
        await page.keyboard.press("Enter");
        await page.getByRole("link", { name: "Sealed exports" }).first().click();
        assertEquals(await page.locator("h1").innerText(), "Sealed exports");
        const current = page.locator('header [aria-current="page"]');
        assertEquals(await current.textContent(), "Sealed exports");
      });
    } finally {
      await server.shutdown();
    }
  },
);
