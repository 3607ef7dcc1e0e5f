/**
 * Builds the kernel and writes its bytes, as base64 text, into a module, and as they
 * are into the Python package:
 *
 *     deno run -A scripts/build_wasm.ts [--check] [--out FILE]
 *
 * `--check` leaves the committed module alone and compares a fresh build with it.
 * `--out` also writes the built WebAssembly to a file.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, SOURCE_FILES } from "./source_files.ts";

const CRATE = new URL("../wasm/", import.meta.url);
const MODULE_NAME = SOURCE_FILES.kernelBytes;
const MODULE = join(ROOT, MODULE_NAME);
const TARGET = "wasm32-unknown-unknown";
const INSTALL = "run `bash scripts/toolchain.sh`";

/** What ends a build or a check with one line. */
class Failure extends Error {}

type Environment = Record<string, string>;

interface Compiler {
  rustc: string;
  /** When it is not the compiler's own. */
  linker?: string;
}

interface Package {
  name: string;
  version: string;
  /** Null for the kernel itself. */
  source: string | null;
  manifest_path: string;
}

interface Build {
  bytes: Uint8Array<ArrayBuffer>;
  /** What the bytes depend on beside the sources. */
  toolchain: string;
}

/** What a command prints, or undefined when it fails or is not installed. */
async function output(
  command: string,
  args: string[],
  env: Environment,
): Promise<string | undefined> {
  const options = { args, env, clearEnv: true, stderr: "null" } as const;
  try {
    const { success, stdout } = await new Deno.Command(command, options).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Runs a step of the build, whose messages are shown. */
async function step(command: string, args: string[], env: Environment): Promise<string> {
  const options = { args, env, clearEnv: true, cwd: CRATE, stderr: "inherit" } as const;
  const { success, stdout } = await new Deno.Command(command, options).output();
  if (!success) throw new Failure(`${command} failed: see its messages above`);
  return new TextDecoder().decode(stdout);
}

/** This process's environment without flags for the compiler, which change the bytes. */
function environment(): Environment {
  const env = Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) =>
      !name.endsWith("RUSTFLAGS") && !name.startsWith("CARGO_PROFILE_")
    ),
  );
  env.PATH = `${env.CARGO_HOME ?? `${env.HOME}/.cargo`}/bin:${env.PATH}`;
  return env;
}

/** Debian's compiler, which the committed bytes are from, else the one on PATH. */
async function findCompiler(env: Environment, folder: string): Promise<Compiler> {
  const compilers: Compiler[] = [
    { rustc: "/usr/bin/rustc", linker: "wasm-ld-22" },
    { rustc: "rustc" },
  ];
  for (const compiler of compilers) {
    const linker = compiler.linker === undefined ? [] : ["-C", `linker=${compiler.linker}`];
    const probe = ["--target", TARGET, "--crate-type", "cdylib", "-o", `${folder}/probe.wasm`, "-"];
    if (await output(compiler.rustc, [...linker, ...probe], env) !== undefined) return compiler;
  }
  throw new Failure(`There is no Rust compiler for ${TARGET}: ${INSTALL}`);
}

function withCompiler({ rustc, linker }: Compiler, env: Environment, folder: string): Environment {
  if (linker === undefined) return env;
  // wasm-pack asks the `rustc` on PATH, whatever RUSTC says.
  Deno.symlinkSync(rustc, `${folder}/rustc`);
  return {
    ...env,
    PATH: `${folder}:${env.PATH}`,
    RUSTC: rustc,
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: linker,
  };
}

/** The locked packages of the kernel; fetches them where need be. */
async function lockedPackages(env: Environment): Promise<Package[]> {
  const args = ["metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET];
  const metadata = JSON.parse(await step("cargo", args, env)) as { packages: Package[] };
  return metadata.packages;
}

/**
 * Flags that cut the machine's folders off the paths in panics' locations. They
 * join those in `.cargo/config.toml`, which RUSTFLAGS would replace.
 */
function remapping(packages: Package[]): string {
  const folders = packages
    .filter(({ source }) => source !== null)
    .map(({ manifest_path }) => manifest_path.split("/").slice(0, -2).join("/"));
  const flags = [...new Set(folders)].map((folder) => `--remap-path-prefix=${folder}=`);
  return `target.${TARGET}.rustflags=${JSON.stringify(flags)}`;
}

/** The versions of all that has a hand in the bytes. */
async function describe(compiler: Compiler, bindgen: string, env: Environment): Promise<string> {
  const verbose = await output(compiler.rustc, ["--version", "--verbose"], env) ?? "";
  const [rustc] = verbose.split("\n");
  const [, llvm] = verbose.match(/^LLVM version: (.*)$/m) ?? [];
  const linker = compiler.linker && await output(compiler.linker, ["--version"], env);
  return `${rustc}, LLVM ${llvm}, ${linker ?? "its own LLD"}, ${bindgen}`;
}

async function build(folder: string): Promise<Build> {
  const plain = environment();
  const compiler = await findCompiler(plain, folder);
  const env = withCompiler(compiler, plain, folder);
  for (const command of ["cargo", "wasm-pack"]) {
    if (await output(command, ["--version"], env) === undefined) {
      throw new Failure(`${command} is not installed: ${INSTALL}`);
    }
  }
  const packages = await lockedPackages(env);
  const bindgen = `wasm-bindgen ${packages.find(({ name }) => name === "wasm-bindgen")?.version}`;
  if (await output("wasm-bindgen", ["--version"], env) !== bindgen) {
    throw new Failure(`${bindgen} is not installed: ${INSTALL}`);
  }
  const wasmPack = ["--log-level", "warn", "build", "--target", "web", "--mode", "no-install"];
  const less = ["--no-opt", "--no-typescript", "--no-pack", "--out-dir", folder];
  const cargo = ["--locked", "--config", remapping(packages)];
  await step("wasm-pack", [...wasmPack, ...less, "--", ...cargo], env);
  const bytes = await Deno.readFile(`${folder}/ironfern_kernel_bg.wasm`);
  return { bytes, toolchain: await describe(compiler, bindgen, env) };
}

async function toModule({ bytes, toolchain }: Build): Promise<string> {
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return `\
// @generated by \`deno task wasm\` from wasm/
// deno-lint-ignore-file
// deno-fmt-ignore-file
// toolchain: ${toolchain}
// sha256: ${sha256}

/** The kernel's WebAssembly as base64 text. */
export const KERNEL_BASE64: string = "${bytes.toBase64()}";
`;
}

async function check(built: Build, source: string): Promise<void> {
  const committed = await Deno.readTextFile(MODULE).catch((error: Error) => {
    throw new Failure(`Cannot read ${MODULE_NAME} (${error.name}): run \`deno task wasm\``);
  });
  const [, recorded] = committed.match(/^\/\/ toolchain: (.*)$/m) ?? [];
  if (committed === source) {
    console.log(`Equal to ${MODULE_NAME}`);
  } else if (recorded === built.toolchain) {
    throw new Failure(
      `The kernel built from wasm/ is not the one in ${MODULE_NAME}: run \`deno task wasm\``,
    );
  } else {
    console.log(`Not compared: ${MODULE_NAME} is from another toolchain, ${recorded}`);
  }
}

async function main(): Promise<void> {
  const { values: { check: checks, out } } = parseArgs({
    options: { check: { type: "boolean" }, out: { type: "string" } },
  });
  const folder = await Deno.makeTempDir();
  try {
    const built = await build(folder);
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(built.bytes));
    console.log(`Toolchain: ${built.toolchain}`);
    console.log(`Size: ${built.bytes.length} bytes; imports: ${imports.length}`);
    if (imports.length > 0) {
      const names = imports.map(({ module, name }) => `${module}.${name}`).join(", ");
      throw new Failure(`The kernel must import nothing, but it imports ${names}`);
    }
    if (out !== undefined) await Deno.writeFile(out, built.bytes);
    const source = await toModule(built);
    if (checks) await check(built, source);
    else {
      await Deno.writeTextFile(MODULE, source);
      await Deno.writeFile(join(ROOT, SOURCE_FILES.pythonKernel), built.bytes);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(`error: ${error.message}`);
  Deno.exitCode = 1;
}
