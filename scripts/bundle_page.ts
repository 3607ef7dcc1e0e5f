/**
 * A page's script, bundled from the sources: for examples and tests.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { createRequire, isBuiltin } from "node:module";
import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { ROOT } from "./source_files.ts";

/** Deno keeps npm packages in its cache, where esbuild would not look for them. */
export const denoPackages: esbuild.Plugin = {
  name: "deno-packages",
  setup(build) {
    build.onResolve({ filter: /^@?[a-z]/ }, ({ path, importer, kind }) => {
      if (kind === "entry-point" || isBuiltin(path)) return undefined;
      const own = ownModule(path);
      if (own) return { path: join(ROOT, own), sideEffects: false };
      // What the project imports, deno.json names; what a package does, its own manifest.
      const from = importer.includes("node_modules") || importer.includes("registry.npmjs")
        ? importer
        : import.meta.url;
      return { path: createRequire(from).resolve(path), sideEffects: false };
    });
  },
};

/** The entry point of this package under that name. */
function ownModule(path: string): string | undefined {
  if (path !== config.name && !path.startsWith(`${config.name}/`)) return undefined;
  const exports: Readonly<Record<string, string>> = config.exports;
  return exports[`.${path.slice(config.name.length)}`];
}

/**
 * Bundles a page's script.
 *
 * @param entry The path of its main module.
 * @returns The script's text.
 */
export async function bundlePage(entry: string, minify = true): Promise<string> {
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [entry],
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      charset: "utf8",
      minify,
      legalComments: "eof",
      write: false,
      logLevel: "warning",
      plugins: [denoPackages],
    });
    return outputFiles[0].text;
  } finally {
    await esbuild.stop();
  }
}
