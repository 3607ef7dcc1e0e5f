/**
 * Builds the npm package:
 *
 *     deno run -A scripts/build_npm.ts [--out FOLDER]
 *
 * esbuild makes the code, twice: for every runtime, and for workerd. `deno pack`
 * makes the type declarations: those of `deno bundle --declaration` (Deno 2.9.6)
 * import files that are not there.
 */

import { findPackageJSON } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import * as esbuild from "esbuild";
import config from "../deno.json" with { type: "json" };
import { checkLeftOut, fileFilter, ROOT, SOURCE_FILES } from "./source_files.ts";

const BUNDLED = ["@noble/ciphers", "@noble/hashes"];
const EXPORTS = [".", "./export", "./storage", "./session", "./login", "./cli"] as const;
/** For programs on Node, Deno and Bun alone. */
const CLI = "./cli";
/** They load when a command shows its progress, and find files of their own. */
const EXTERNAL = ["cli-progress", "oauth4webapi"];
/**
 * They have `process.getBuiltinModule` from here on. `require()` works from 20.19
 * and 22.12 on; before that, `import()` does.
 */
const NODE = "^20.16.0 || >=22.3.0";

const PROGRAM = "dist/ironfern.js";

/** What the npm registry shows of the package. */
const ABOUT = {
  description: "Encrypts secrets at rest: Fernet tokens, values under a passphrase as Flet's, " +
    "fields of CSV and JSON lines, and sealed files. Rust in WebAssembly for Deno, Node, Bun, " +
    "browsers and workerd.",
  keywords: [
    "aes",
    "csv",
    "encryption",
    "encryption-at-rest",
    "fernet",
    "flet",
    "jsonl",
    "key-rotation",
    "passphrase",
    "pbkdf2",
    "secrets",
    "wasm",
    "webassembly",
  ],
  homepage: "https://github.com/ironfern/ironfern#readme",
  repository: { type: "git", url: "git+https://github.com/ironfern/ironfern.git" },
  bugs: { url: "https://github.com/ironfern/ironfern/issues" },
};

/** Files and a folder that go into the package as they are. */
const DOCUMENTS = ["README.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"];
const GUIDES = "docs";

/** What ends a build with one line. */
class Failure extends Error {}

/** A file of code, and what it imports from outside of the package. */
interface Output {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

type Versions = Record<string, string>;

/** The name of an entry point's file, without its extension. */
function entryName(name: typeof EXPORTS[number]): string {
  return basename(name) === "." ? "mod" : basename(name);
}

/**
 * workerd compiles no WebAssembly from bytes while it handles a request: there
 * the module comes from a file beside the code, not from the text within it.
 */
const kernelFile: esbuild.Plugin = {
  name: "kernel-file",
  setup(build) {
    build.onLoad({ filter: fileFilter(SOURCE_FILES.kernelLoader) }, () => ({
      contents: 'import module from "./kernel.wasm"; export const kernelModule = () => module;',
    }));
    build.onResolve({ filter: /\/kernel\.wasm$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** Where an npm package that deno.json names is on this machine. */
function packageFolder(name: string): string {
  const manifest = findPackageJSON(name, import.meta.url);
  if (manifest === undefined) throw new Failure(`There is no ${name}: run \`deno install\``);
  return dirname(manifest);
}

/** @noble is bundled too: it has then no file to find, and unused code is left out. */
const nobleFiles: esbuild.Plugin = {
  name: "noble-files",
  setup(build) {
    build.onResolve({ filter: /^@noble\// }, ({ path }) => {
      const [scope, name, ...rest] = path.split("/");
      return { path: join(packageFolder(`${scope}/${name}`), ...rest) };
    });
  },
};

/** What @noble does when it is evaluated waits in a function until it is wanted. */
const deferredNoble: esbuild.Plugin = {
  name: "deferred-noble",
  setup(build) {
    build.onLoad({ filter: fileFilter(SOURCE_FILES.noble) }, async ({ path }) => {
      const { outputFiles: [{ text }] } = await esbuild.build({
        ...COMMON,
        entryPoints: [path],
        format: "iife",
        globalName: "module",
        plugins: [nobleFiles],
      });
      return {
        contents: `const load = () => { ${text}; return module; };
let loaded; export const noble = () => (loaded ??= load()).noble();`,
      };
    });
  },
};

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: "neutral",
  target: "es2022",
  charset: "utf8",
  supported: { "top-level-await": false },
  write: false,
  logLevel: "warning",
} as const satisfies esbuild.BuildOptions;

async function bundle(
  folder: string,
  names: readonly (typeof EXPORTS[number])[],
  plugins: esbuild.Plugin[],
  leftOut: readonly string[],
): Promise<Output[]> {
  const { metafile, outputFiles } = await esbuild.build({
    ...COMMON,
    entryPoints: Object.fromEntries(names.map((name) => [entryName(name), config.exports[name]])),
    external: EXTERNAL,
    // The program is a file of its own: see `programText`.
    define: { "import.meta.main": "false" },
    outdir: folder,
    splitting: true,
    format: "esm",
    plugins: [...plugins, deferredNoble],
    metafile: true,
  });
  for (const part of leftOut) checkLeftOut(metafile.inputs, part);
  const imports = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [
      join(ROOT, path),
      output.imports.filter(({ external }) => external).map(({ path }) => path),
    ]),
  );
  return outputFiles.map(({ path, text }) => ({
    path,
    // Of a chunk imported for nothing bundlers warn where the package is linked.
    text: text.replace(/^import "\.\/[^"]+";\n/gm, ""),
    imports: imports.get(path) ?? [],
  }));
}

/** Refuses what some runtime or bundler would stumble over. */
async function checkPortable({ path, text, imports }: Output): Promise<void> {
  // Comments are left out: they may speak of anything.
  const { code } = await esbuild.transform(text, { format: "esm", minifyWhitespace: true });
  const found = [
    ...imports.filter((name) => name.startsWith("node:")),
    ...code.match(/\bimport\.meta\b|\bDeno(?=\.|\?\.|\[)/g) ?? [],
  ];
  if (found.length) {
    throw new Failure(
      `Cannot publish ${basename(path)}: it uses ${found.join(", ")}, which not every runtime has`,
    );
  }
}

/** The packages that the code imports, in the versions that deno.json pins. */
function dependencies(outputs: readonly Output[]): Versions {
  const pinned: Readonly<Versions> = config.imports;
  const names = outputs.flatMap(({ imports }) => imports)
    .filter((path) => !path.startsWith("."))
    .map((path) => path.split("/").slice(0, path.startsWith("@") ? 2 : 1).join("/"));
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => {
      const [, version] = pinned[name]?.match(/^npm:.+@(\d+\.\d+\.\d+)$/) ?? [];
      if (!version) throw new Failure(`Cannot depend on ${name}: deno.json pins no version of it`);
      return [name, version];
    }),
  );
}

async function run(command: string, ...args: string[]): Promise<string> {
  const options = { args, cwd: ROOT } as const;
  const { success, stdout, stderr } = await new Deno.Command(command, options).output();
  const decoder = new TextDecoder();
  if (!success) throw new Failure(`${command} ${args[0]} failed:\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/** Writes the declarations of the public modules, one file each as in the sources. */
async function writeTypes(folder: string): Promise<void> {
  const unpacked = await Deno.makeTempDir();
  try {
    const archive = join(unpacked, "package.tgz");
    await run(Deno.execPath(), "pack", "--quiet", "--allow-dirty", "--output", archive);
    await run("tar", "-xzf", archive, "-C", unpacked);
    const files = (await run("tar", "-tzf", archive)).split("\n");
    for (const file of files.filter((file) => file.endsWith(".d.ts"))) {
      const text = await Deno.readTextFile(join(unpacked, file));
      // `Symbol.dispose` is in none of the libraries that TypeScript loads unasked.
      const library = text.includes("Symbol.dispose")
        ? '/// <reference lib="esnext.disposable" />\n'
        : "";
      await write(join(folder, ...file.split("/").slice(1)), library + text);
    }
  } finally {
    await Deno.remove(unpacked, { recursive: true });
  }
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  if (typeof content === "string") await Deno.writeTextFile(path, content);
  else await Deno.writeFile(path, content);
}

function codePath(name: typeof EXPORTS[number]): string {
  return `./dist/${entryName(name)}.js`;
}

function typesPath(name: typeof EXPORTS[number]): string {
  return `./dist/types/${config.exports[name].slice(2).replace(/\.ts$/, ".d.ts")}`;
}

/** The program, which npm starts through a link; esbuild leaves `import.meta.main` false. */
function programText(): string {
  return `#!/usr/bin/env node
import { runProgram } from "./${entryName(CLI)}.js";
runProgram();
`;
}

/** The entry points with a name: `@ironfern/ironfern/NAME`. */
const NAMED = EXPORTS.filter((name) => name !== ".");

function packageJson(dependencies: Versions): string {
  const { name, version, license } = config;
  const exports = EXPORTS.map((name) => [name, {
    types: typesPath(name),
    ...name === CLI ? {} : { workerd: `./dist/workerd/${entryName(name)}.js` },
    default: codePath(name),
  }]);
  const manifest = {
    name,
    version,
    ...ABOUT,
    license,
    type: "module",
    sideEffects: false,
    engines: { node: NODE },
    bin: { ironfern: `./${PROGRAM}` },
    exports: Object.fromEntries([...exports, ["./package.json", "./package.json"]]),
    // For what does not read `exports`: TypeScript's `node10` and older bundlers.
    main: codePath("."),
    types: typesPath("."),
    files: [
      "dist/",
      ...NAMED.map((name) => `${entryName(name)}/`),
      `${GUIDES}/`,
      ...DOCUMENTS,
    ],
    dependencies,
  };
  return toText(manifest);
}

function toText(manifest: object): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** What does not read `exports` looks for a folder of the entry point's name. */
async function writeFolders(out: string): Promise<void> {
  for (const name of NAMED) {
    const manifest = {
      type: "module",
      sideEffects: false,
      main: `.${codePath(name)}`,
      types: `.${typesPath(name)}`,
    };
    await write(join(out, entryName(name), "package.json"), toText(manifest));
  }
}

async function copyDocuments(out: string): Promise<void> {
  for (const name of DOCUMENTS) await Deno.copyFile(join(ROOT, name), join(out, name));
  await removeFolder(join(out, GUIDES));
  await Deno.mkdir(join(out, GUIDES));
  for await (const { name } of Deno.readDir(join(ROOT, GUIDES))) {
    await Deno.copyFile(join(ROOT, GUIDES, name), join(out, GUIDES, name));
  }
}

async function removeFolder(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error: Error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** The licence of what is bundled goes with it. */
async function writeLicences(dist: string): Promise<void> {
  const texts = BUNDLED.map(async (name) => {
    const text = await Deno.readTextFile(join(packageFolder(name), "LICENSE"));
    return `${name}\n\n${text.trim()}\n`;
  });
  await write(join(dist, "THIRD_PARTY_LICENSES.txt"), (await Promise.all(texts)).join("\n"));
}

async function printSize(label: string, content: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const zipped = new Blob([content]).stream().pipeThrough(new CompressionStream("gzip"));
  const [raw, gzip] = [new Blob([content]).size, (await new Response(zipped).bytes()).length]
    .map((size) => `${(size / 1024).toFixed(1)} KiB`.padStart(10));
  console.log(`${label.padEnd(32)}${raw}${gzip} gzip`);
}

async function kernelBytes(): Promise<Uint8Array<ArrayBuffer>> {
  const { KERNEL_BASE64 } = await import(`../${SOURCE_FILES.kernelBytes}`);
  return Uint8Array.fromBase64(KERNEL_BASE64);
}

async function build(out: string): Promise<void> {
  const dist = join(out, "dist");
  await removeFolder(dist);
  const outputs = [
    ...await bundle(dist, EXPORTS, [], ["@noble/"]),
    ...await bundle(
      join(dist, "workerd"),
      EXPORTS.filter((name) => name !== CLI),
      [kernelFile],
      ["@noble/", SOURCE_FILES.kernelBytes],
    ),
  ];
  for (const output of outputs) await checkPortable(output);
  const manifest = packageJson(dependencies(outputs));
  const kernel = await kernelBytes();
  for (const { path, text } of outputs) await write(path, text);
  await write(join(out, PROGRAM), programText());
  await Deno.chmod(join(out, PROGRAM), 0o755);
  await write(join(dist, "workerd", "kernel.wasm"), kernel);
  await writeLicences(dist);
  await writeTypes(join(dist, "types"));
  for (const name of EXPORTS) {
    await Deno.stat(join(out, typesPath(name))).catch(() => {
      throw new Failure(
        `There are no types of "${name}": see what \`deno pack\` says of its types`,
      );
    });
  }
  await write(join(out, "package.json"), manifest);
  await writeFolders(out);
  await copyDocuments(out);
  for (const { path, text } of outputs) await printSize(path.slice(out.length + 1), text);
  await printSize("dist/workerd/kernel.wasm", kernel);
}

const { values: { out } } = parseArgs({ options: { out: { type: "string" } } });
try {
  await build(out === undefined ? join(ROOT, "npm") : resolve(out));
} catch (error) {
  // esbuild has printed its own errors.
  if (!(error instanceof Failure || error instanceof Error && "errors" in error)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exitCode = 1;
} finally {
  await esbuild.stop();
}
