/// <reference lib="dom" />
/**
 * The browser's stores, in Chromium: tabs, a worker, a full disk, a killed browser.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { bundlePage } from "../../scripts/bundle_page.ts";
import { CHROMIUM_REMEDY, hasChromium, LAUNCH_OPTIONS } from "../support/chromium.ts";
import { makeNeedles } from "../support/needles.ts";
import { checkFiles } from "../support/search.ts";
import { testWithTool } from "../support/tools.ts";
import { CONTRACT } from "./contract.ts";

const HAS_CHROMIUM = await hasChromium();
const TIMES = 100;
/** Browsers that are killed: `deno task kill` kills 50. */
const KILLED = Number(Deno.env.get("IRONFERN_KILLED") ?? 2);

type Act = (...message: unknown[]) => Promise<unknown>;

let script: Promise<string> | undefined;

/** A page with the script, on an origin of its own. */
async function withServer<T>(work: (origin: string) => Promise<T>): Promise<T> {
  const text = await (script ??= bundlePage(fileURLToPath(new URL("page.ts", import.meta.url))));
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const isScript = new URL(request.url).pathname === "/page.js";
    const type = isScript ? "text/javascript" : "text/html";
    const page =
      '<!doctype html><title>Stores</title><script type="module" src="/page.js"></script>';
    return new Response(isScript ? text : page, { headers: { "content-type": type } });
  });
  try {
    return await work(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

/** Chromium with a profile on the disk. */
async function withProfile<T>(
  work: (launch: () => Promise<BrowserContext>, folder: string) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "ironfern-profile-" });
  const contexts: BrowserContext[] = [];
  try {
    return await work(async () => {
      const context = await chromium.launchPersistentContext(folder, LAUNCH_OPTIONS);
      contexts.push(context);
      return context;
    }, folder);
  } finally {
    for (const context of contexts) await context.close().catch(() => {});
    await Deno.remove(folder, { recursive: true });
  }
}

async function openTab(context: BrowserContext, origin: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(origin);
  return page;
}

function act(page: Page, ...message: unknown[]): Promise<unknown> {
  return page.evaluate(
    (message) => (globalThis as unknown as { act: Act }).act(...message),
    message,
  );
}

function actInWorker(page: Page, ...message: unknown[]): Promise<unknown> {
  return page.evaluate(
    (message) => (globalThis as unknown as { actInWorker: Act }).actInWorker(...message),
    message,
  );
}

/** Ends the browser with no chance to write anything. */
async function kill(context: BrowserContext): Promise<void> {
  const session = await context.browser()!.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  for (const { id } of processInfo) {
    try {
      Deno.kill(id, "SIGKILL");
    } catch {
      // It has ended with the first one.
    }
  }
}

function testInChromium(name: string, body: () => Promise<void>): void {
  testWithTool(name, HAS_CHROMIUM, CHROMIUM_REMEDY, body);
}

for (const kind of ["IndexedDB", "localStorage"]) {
  testInChromium(
    `Store ${kind}, in Chromium: the contract`,
    () =>
      withServer((origin) =>
        withProfile(async (launch) => {
          const page = await openTab(await launch(), origin);
          assertEquals(await act(page, "contract", kind), CONTRACT.length);
        })
      ),
  );
}

testInChromium(
  "Two tabs and a worker lose no update in IndexedDB",
  () =>
    withServer((origin) =>
      withProfile(async (launch) => {
        const context = await launch();
        const tabs = [await openTab(context, origin), await openTab(context, origin)];
        const message = ["count", "IndexedDB", Fernet.generateKey()];
        await Promise.all([
          ...tabs.map((tab) => act(tab, ...message, TIMES)),
          actInWorker(tabs[0], ...message, TIMES),
        ]);
        assertEquals(await act(tabs[0], ...message, 0), 3 * TIMES);
      })
    ),
);

testInChromium(
  "Two tabs lose no update in localStorage",
  () =>
    withServer((origin) =>
      withProfile(async (launch) => {
        const context = await launch();
        const tabs = [await openTab(context, origin), await openTab(context, origin)];
        const message = ["count", "localStorage", Fernet.generateKey()];
        await Promise.all(tabs.map((tab) => act(tab, ...message, TIMES)));
        assertEquals(await act(tabs[0], ...message, 0), 2 * TIMES);
      })
    ),
);

testInChromium(
  "A full localStorage keeps the old values, and undoes a batch",
  () =>
    withServer((origin) =>
      withProfile(async (launch) => {
        const page = await openTab(await launch(), origin);
        assertEquals(await act(page, "fill"), [["full", "full"], [["value", "old"]]]);
      })
    ),
);

testInChromium(
  "A database that is deleted while it is open is made anew",
  () =>
    withServer((origin) =>
      withProfile(async (launch) => {
        const page = await openTab(await launch(), origin);
        assertEquals(await act(page, "deleted", Fernet.generateKey()), [undefined, 2]);
      })
    ),
);

testInChromium(
  "IndexedDB has what was written when the browser is killed",
  () =>
    withServer((origin) =>
      withProfile(async (launch) => {
        const key = Fernet.generateKey();
        const context = await launch();
        await act(await openTab(context, origin), "set", "IndexedDB", key, "kept");
        await kill(context);
        const page = await openTab(await launch(), origin);
        assertEquals(await act(page, "get", "IndexedDB", key), "kept");
      })
    ),
);

testInChromium(
  "A killed browser leaves whole batches in IndexedDB",
  () =>
    withServer((origin) =>
      withProfile(async (launch) => {
        const key = Fernet.generateKey();
        for (let turn = 1; turn <= KILLED; turn++) {
          const context = await launch();
          const page = await openTab(context, origin);
          const writing = act(page, "writeOn", "IndexedDB", key, turn * 1_000).catch(() => {});
          await page.waitForFunction(() => Number(document.title) > 0);
          await page.waitForTimeout(Math.random() * 150);
          const acknowledged = Number(await page.title());
          await kill(context);
          await writing;
          const again = await launch();
          const seen = await act(await openTab(again, origin), "rounds", "IndexedDB", key);
          const [counts, unreadable] = seen as [Record<string, number>, number];
          assertEquals([Object.values(counts), unreadable], [[1_000], 0]);
          assert(Number(Object.keys(counts)[0]) >= acknowledged, `${acknowledged} is lost`);
          await again.close();
        }
      })
    ),
);

testInChromium(
  "Nothing readable is in the profile of Chromium",
  () =>
    withServer((origin) =>
      withProfile(async (launch, folder) => {
        const needles = makeNeedles();
        const context = await launch();
        const page = await openTab(context, origin);
        await act(page, "needles", "IndexedDB", needles);
        await act(page, "needles", "localStorage", needles);
        await context.close();
        await checkFiles(folder, needles);
      })
    ),
);
