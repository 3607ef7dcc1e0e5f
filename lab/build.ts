/**
 * Builds the KDF lab into static files.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const PAGE = new URL("page/", import.meta.url);

/** Deno keeps npm packages in its cache, where esbuild would not look for them. */
const denoPackages: esbuild.Plugin = {
  name: "deno-packages",
  setup(build) {
    build.onResolve({ filter: /^@?[a-z]/ }, ({ path, importer, kind }) => {
      if (kind === "entry-point") return undefined;
      // What the project imports, deno.json names; what a package does, its own manifest.
      const from = importer.includes("node_modules") || importer.includes("registry.npmjs")
        ? importer
        : import.meta.url;
      return { path: createRequire(from).resolve(path), sideEffects: false };
    });
  },
};

/** The page's files by name. */
export async function buildLab(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [fileURLToPath(new URL("main.ts", PAGE))],
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      charset: "utf8",
      minify: true,
      legalComments: "eof",
      write: false,
      logLevel: "warning",
      plugins: [denoPackages],
    });
    return new Map([
      ["index.html", await Deno.readFile(new URL("index.html", PAGE))],
      ["lab.css", await Deno.readFile(new URL("lab.css", PAGE))],
      ["lab.js", Uint8Array.from(outputFiles[0].contents)],
    ]);
  } finally {
    await esbuild.stop();
  }
}
