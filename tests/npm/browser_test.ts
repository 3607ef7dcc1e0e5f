/**
 * The installed npm package in Chromium, on a plain page and on those whose
 * Content-Security-Policy forbids WebAssembly, or workers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as esbuild from "esbuild";
import type { Browser } from "playwright-core";
import { CHROMIUM_REMEDY, hasChromium, withChromium } from "../support/chromium.ts";
import { HAS_NPM, installedPackage, NPM_REMEDY } from "../support/npm_package.ts";
import { testWithTool } from "../support/tools.ts";

const REMEDY = `${NPM_REMEDY}, and ${CHROMIUM_REMEDY}`;
const STRICT = "default-src 'none'; script-src 'self'";
/** As docs/runtimes.md has it. */
const ENOUGH = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src blob:";
const NO_WORKERS = "script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'";

/** The page says how it went in its own text: no script has to be sent to it. */
const SCRIPT = `\
import { smoke, smokeFullCost, smokeWorkers } from "./npm_smoke.mjs";
const expected = new URLSearchParams(location.search).get("backends").split(",");
const outcome = smoke(expected).then(async (log) => {
  await smokeFullCost();
  if (expected.includes("wasm")) await smokeWorkers(false);
  return log;
});
const text = await outcome.catch((error) => error.stack);
document.body.append(Object.assign(document.createElement("output"), { textContent: text }));
`;

async function bundlePage(project: string): Promise<string> {
  try {
    const { outputFiles: [script] } = await esbuild.build({
      stdin: { contents: SCRIPT, resolveDir: project },
      absWorkingDir: project,
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      write: false,
    });
    return script.text;
  } finally {
    await esbuild.stop();
  }
}

function servePage(script: string, policy: string | undefined): Deno.HttpServer<Deno.NetAddr> {
  const files: Readonly<Record<string, [type: string, body: string]>> = {
    "/": [
      "text/html; charset=utf-8",
      '<!doctype html><title>Smoke</title><script type="module" src="/page.js"></script>',
    ],
    "/page.js": ["text/javascript; charset=utf-8", script],
    "/favicon.ico": ["image/x-icon", ""],
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  return Deno.serve(options, (request) => {
    const file = files[new URL(request.url).pathname];
    if (!file) return new Response(null, { status: 404 });
    const headers = new Headers({ "content-type": file[0] });
    if (policy) headers.set("content-security-policy", policy);
    return new Response(file[1], { headers });
  });
}

/** What the page said, in its text and in its console, the origins it asked, its workers. */
async function visit(browser: Browser, origin: string, backends: string) {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  await page.goto(`${origin}/?backends=${backends}`);
  const outcome = await page.locator("output").textContent({ timeout: 60_000 });
  return { outcome, complaints, origins: [...origins], workers: page.workers().length };
}

async function testPage(
  policy: string | undefined,
  backends: readonly string[],
  workers: number,
  isExpected: (complaint: string) => boolean = () => false,
): Promise<void> {
  const script = await bundlePage(await installedPackage());
  const server = servePage(script, policy);
  const origin = `http://127.0.0.1:${server.addr.port}`;
  try {
    const { complaints, ...visited } = await withChromium((browser) =>
      visit(browser, origin, backends.join())
    );
    assertEquals(visited, {
      outcome: `ran on ${backends.join(", ")}`,
      origins: [origin],
      workers,
    });
    assertEquals(complaints.filter((complaint) => !isExpected(complaint)), []);
  } finally {
    await server.shutdown();
  }
}

const available = HAS_NPM && await hasChromium();

testWithTool(
  "npm package: Chromium",
  available,
  REMEDY,
  () => testPage(undefined, ["wasm", "webcrypto", "portable"], 2),
);

testWithTool(
  "npm package: Chromium under the Content-Security-Policy of the guide",
  available,
  REMEDY,
  () => testPage(ENOUGH, ["wasm", "webcrypto", "portable"], 2),
);

testWithTool(
  "npm package: Chromium under a strict Content-Security-Policy",
  available,
  REMEDY,
  () => testPage(STRICT, ["webcrypto", "portable"], 0),
);

testWithTool(
  "npm package: Chromium under a Content-Security-Policy without workers",
  available,
  REMEDY,
  async () => {
    let refusals = 0;
    const isRefusal = (complaint: string) => {
      const refused = complaint.includes("worker-src 'none'");
      if (refused) refusals++;
      return refused;
    };
    await testPage(NO_WORKERS, ["wasm", "webcrypto", "portable"], 0, isRefusal);
    // The browser names each of the two workers once: they are not tried again.
    assertEquals(refusals, 2);
  },
);
