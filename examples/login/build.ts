/**
 * The app as one file for Node.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { denoPackages } from "../../scripts/bundle_page.ts";

/** Modules for Deno's program alone. */
const EXTERNAL = ["./build.ts", "./test_settings.ts"];

/**
 * Builds the file.
 *
 * @param path Where it is written.
 */
export async function buildForNode(path: string): Promise<void> {
  try {
    await esbuild.build({
      entryPoints: [fileURLToPath(new URL("mod.ts", import.meta.url))],
      outfile: path,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      charset: "utf8",
      legalComments: "eof",
      external: EXTERNAL,
      plugins: [denoPackages],
      logLevel: "warning",
    });
  } finally {
    await esbuild.stop();
  }
}
