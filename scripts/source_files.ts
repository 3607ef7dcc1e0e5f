/**
 * The files of `src/` that the build scripts know by name, in one place: moving
 * one of them is a change here, and nowhere else.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** The repository's folder. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Paths from the repository's folder. */
export const SOURCE_FILES = {
  /** The kernel's bytes as text, which `build_wasm.ts` writes. */
  kernelBytes: "src/kernel/kernel_bytes.generated.ts",
  /** The same bytes for the Python package, which `build_wasm.ts` writes too. */
  pythonKernel: "python/src/ironfern_spark/kernel.wasm",
  /** Compiles the kernel from that text; other builds put something else in its place. */
  kernelLoader: "src/kernel/load.ts",
  /** Stands in for the loader in a worker, which is sent the compiled module. */
  receivedModule: "src/workers/received_module.ts",
  /** The only file that imports @noble. */
  noble: "src/backends/noble.ts",
  /** A worker's main program. */
  workerBody: "src/workers/body.ts",
  /** The same as text, which `build_workers.ts` writes. */
  workerText: "src/workers/body.generated.ts",
} as const;

/** A filter for esbuild's plugins that matches this file alone. */
export function fileFilter(path: string): RegExp {
  return new RegExp(`[/\\\\]${path.split("/").map(RegExp.escape).join("[/\\\\]")}$`);
}

/**
 * Checks that a bundle was made without some file, which a plugin should have
 * replaced.
 *
 * @param inputs The `inputs` of esbuild's metafile: its keys are paths.
 * @param part A part of the path of what must not be there.
 * @throws {Error} If it is there.
 */
export function checkLeftOut(inputs: Readonly<Record<string, unknown>>, part: string): void {
  const found = Object.keys(inputs).find((path) => path.includes(part));
  if (found !== undefined) {
    throw new Error(
      `Cannot use this bundle: it holds ${found}, so look at scripts/source_files.ts`,
    );
  }
}
