/**
 * Builds the page into static files.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { bundlePage } from "../../scripts/bundle_page.ts";

const PAGE = new URL("page/", import.meta.url);

/** The page's files by name. */
export async function buildVault(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const script = await bundlePage(fileURLToPath(new URL("main.ts", PAGE)));
  return new Map([
    ["index.html", await Deno.readFile(new URL("index.html", PAGE))],
    ["vault.css", await Deno.readFile(new URL("vault.css", PAGE))],
    ["vault.js", new TextEncoder().encode(script)],
  ]);
}
