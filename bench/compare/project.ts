/**
 * A temporary project with our npm package, the peers and Bun, as npm installs
 * them, and the suite, bundled; and the programs to run it in.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { hasProgram, run } from "../../tests/support/tools.ts";
import { PEERS } from "./peers.ts";
import type { Absence, Settings } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const INSTALL = [
  "install",
  "--save-exact",
  "--ignore-scripts",
  "--no-audit",
  "--no-fund",
  "--prefer-offline",
];
const BUN = { name: "bun", version: "1.4.5" } as const;

/** The runtimes, in the order of the report. */
export const RUNTIMES = ["deno", "node", "bun"] as const;

/** A runtime's name. */
export type RuntimeName = typeof RUNTIMES[number];

/** A runtime to run the suite in. */
export interface Runtime {
  /** Its name. */
  readonly name: RuntimeName;
  /** The program and its first arguments. */
  readonly command: readonly string[];
}

/** The temporary project. */
export interface Project {
  /** Its folder. */
  readonly folder: string;
  /** The folder of our package. */
  readonly ours: string;
  /** The packages that npm could not install. */
  readonly absent: readonly Absence[];
}

/**
 * Makes the project in an empty folder.
 *
 * @throws {Error} If our own package cannot be built or installed.
 */
export async function makeProject(folder: string): Promise<Project> {
  const manifest = JSON.stringify({ private: true, type: "module" });
  await Deno.writeTextFile(join(folder, "package.json"), manifest);
  const ours = join(folder, "package");
  const built = await run(Deno.execPath(), [
    "run",
    "-A",
    join(ROOT, "scripts", "build_npm.ts"),
    "--out",
    ours,
  ]);
  if (!built.success) throw new Error(`Cannot build the npm package:\n${built.stderr}`);
  const reason = await install(folder, [ours]);
  if (reason) throw new Error(`Cannot install our own package: ${reason}`);
  const absent: Absence[] = [];
  for (const [name, version] of [...Object.entries(PEERS), [BUN.name, BUN.version]]) {
    const reason = await install(folder, [`${name}@${version}`]);
    if (reason) absent.push({ name, reason });
  }
  await bundleSuite(folder);
  return { folder, ours, absent };
}

/** Installs packages; the reason if that fails. */
async function install(cwd: string, packages: readonly string[]): Promise<string | undefined> {
  try {
    const args = [...INSTALL, "--fetch-retries=0", ...packages];
    const { success, stderr } = await run("npm", args, { cwd });
    if (success) return undefined;
    // The rest of what npm says names its registry, which has no place in a report.
    const [, code] = stderr.match(/^npm error code (\w+)$/m) ?? [];
    return `npm could not install it (${code ?? "it names no code"})`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no npm here";
    throw error;
  }
}

async function bundleSuite(folder: string): Promise<void> {
  await esbuild.build({
    absWorkingDir: ROOT,
    entryPoints: ["suite", "first_token", "first_key"].map((name) => `bench/compare/${name}.ts`),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2023",
    // Ours and the peers' come from the project's node_modules, as for users.
    packages: "external",
    logLevel: "warning",
  });
}

/** The program of a runtime, or why there is none. */
export async function findRuntime(
  name: RuntimeName,
  { folder, absent }: Project,
): Promise<Runtime | Absence> {
  switch (name) {
    case "deno":
      return { name, command: [Deno.execPath(), "run", "-A", "--no-lock"] };
    case "node":
      return await hasProgram("node")
        ? { name, command: ["node"] }
        : { name, reason: "there is no node on the PATH" };
    case "bun": {
      const missing = absent.find((other) => other.name === name);
      if (missing) return missing;
      const program = await findBun(join(folder, "node_modules", "@oven"));
      return program
        ? { name, command: [program] }
        : { name, reason: "it has no package for this platform" };
    }
  }
}

/** Without install scripts only the packages for this platform have a program. */
async function findBun(scope: string): Promise<string | undefined> {
  try {
    for await (const { name } of Deno.readDir(scope)) {
      const program = join(scope, name, "bin", "bun");
      if (await hasProgram(program)) return program;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A Python, at best one with the `cryptography` that the tests pin. */
export async function findPython(): Promise<Settings["python"]> {
  const script = join(ROOT, "bench", "compare", "peer.py");
  const pythons = [join(ROOT, ".venv", "bin", "python"), "python3"];
  const requirements = await Deno.readTextFile(join(ROOT, "tests", "requirements.txt"));
  const [, cryptography = ""] = /^cryptography==(\S+)$/m.exec(requirements) ?? [];
  const wanted = `import cryptography as c; assert c.__version__ == "${cryptography}"`;
  for (const program of [wanted, ""]) {
    for (const command of pythons) {
      if (await hasProgram(command, "-c", program)) return { command, script, cryptography };
    }
  }
  return undefined;
}

/**
 * Runs one of the bundles to its end and returns the last line that it printed.
 *
 * @throws {Error} If it fails.
 */
export async function runBundle(
  { name, command: [program, ...args] }: Runtime,
  { folder }: Project,
  bundle: string,
  argument: string,
): Promise<string> {
  const { success, stdout } = await new Deno.Command(program, {
    args: [...args, `${bundle}.mjs`, argument],
    cwd: folder,
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`The ${bundle} failed in ${name}: see above`);
  return new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? "";
}

/** What is shipped, by name, and its bytes. */
export async function readShipped({ ours }: Project): Promise<Map<string, Uint8Array>> {
  const bundle = async (options: esbuild.BuildOptions) => {
    const { outputFiles } = await esbuild.build({
      entryPoints: [join(ours, "dist", "mod.js")],
      bundle: true,
      format: "esm",
      logLevel: "warning",
      ...options,
      write: false,
    });
    return outputFiles[0].contents;
  };
  return new Map([
    ["kernel.wasm", await Deno.readFile(join(ours, "dist", "workerd", "kernel.wasm"))],
    ["npm package, all that `.` imports of it", await bundle({})],
    ["the same minified", await bundle({ minify: true })],
  ]);
}

/** How many bytes gzip makes of it. */
export async function gzipLength(bytes: Uint8Array): Promise<number> {
  const zipped = new Blob([Buffer.from(bytes)]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return (await new Response(zipped).bytes()).length;
}
