/**
 * Debian's Chromium, driven by playwright-core.
 *
 * @module
 */

import { type Browser, chromium, type Page } from "playwright-core";
import { hasProgram } from "./tools.ts";

const CHROMIUM = "/usr/bin/chromium";
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How playwright-core starts it. */
export const LAUNCH_OPTIONS = { executablePath: CHROMIUM, args: ARGUMENTS };

/** What to do where Chromium is missing. */
export const CHROMIUM_REMEDY = `needs Chromium as ${CHROMIUM}`;

/** Whether it is there. */
export function hasChromium(): Promise<boolean> {
  return hasProgram(CHROMIUM);
}

/** Starts it, to be closed by the caller. */
export function startChromium(): Promise<Browser> {
  return chromium.launch(LAUNCH_OPTIONS);
}

/** Starts it for as long as the body runs. */
export async function withChromium<T>(body: (browser: Browser) => Promise<T>): Promise<T> {
  const browser = await startChromium();
  try {
    return await body(browser);
  } finally {
    await browser.close();
  }
}

/** What a page complained of, and the origins that it asked. */
export interface Watched {
  /** Its errors and warnings, thrown or printed. */
  readonly complaints: string[];
  /** The origins of its requests. */
  readonly origins: Set<string>;
}

/** Listens to a page from now on. */
export function watch(page: Page): Watched {
  const watched: Watched = { complaints: [], origins: new Set() };
  page.on("pageerror", (error) => watched.complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) watched.complaints.push(message.text());
  });
  page.on("request", (request) => {
    // What the page makes itself, as the file to download, is no request.
    const { origin, protocol } = new URL(request.url());
    if (!["blob:", "data:"].includes(protocol)) watched.origins.add(origin);
  });
  return watched;
}
