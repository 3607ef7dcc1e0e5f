/**
 * The npm package as its users get it: built, packed and installed by npm; and
 * the programs from npm that try it. All of it is made once for a run of tests.
 *
 * @module
 */

import { FOLDER, makeOnce } from "./once.ts";
import { hasProgram, ROOT, run } from "./tools.ts";

const OS = { linux: "linux", darwin: "darwin", windows: "win" };
const ARCH = { x86_64: "x64", aarch64: "arm64" };
/** The package of the lowest Node that `engines` allows, for this platform. */
const LOWEST_NODE = `node-${OS[Deno.build.os as keyof typeof OS]}-${ARCH[Deno.build.arch]}`;

const PROGRAMS = [
  "bun@1.4.5",
  "edge-runtime@4.0.1",
  `${LOWEST_NODE}@20.16.0`,
  "typescript5@npm:typescript@5.6.3",
  "typescript6@npm:typescript@6.0.3",
  "workerd@1.20261117.1",
];
/** The arguments of npm that packages follow. */
export const INSTALL = [
  "install",
  "--ignore-scripts",
  "--no-audit",
  "--no-fund",
  "--prefer-offline",
];

/** What to do where a program from npm is missing. */
export const NPM_REMEDY = "needs npm, and a package registry that npm can reach";

/** The folder with the programs from npm, where npm can get them. */
const programs = await makeOnce("programs", installPrograms);
/** Whether npm can install packages here. */
export const HAS_NPM: boolean = programs !== null;

/** Long enough for a busy machine: it ends a program that hangs. */
const LONGEST_MS = 900_000;

/** Runs a program and returns what it printed, or throws that; it has a quarter of an hour. */
export async function mustRun(
  program: string,
  args: readonly string[],
  cwd: string | URL = ROOT,
): Promise<string> {
  const signal = AbortSignal.timeout(LONGEST_MS);
  const command = new Deno.Command(program, { args: [...args], cwd, signal });
  const { success, stdout, stderr } = await command.output();
  const [printed, complaints] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (success) return printed;
  const end = signal.aborted ? "took more than a quarter of an hour" : "failed";
  throw new Error(`${program} ${args.join(" ")} ${end}:\n${printed}${complaints}`);
}

async function newProject(name: string): Promise<string> {
  const project = `${FOLDER}/${name}`;
  await Deno.mkdir(project, { recursive: true });
  const manifest = { private: true, type: "module" };
  await Deno.writeTextFile(`${project}/package.json`, JSON.stringify(manifest));
  return project;
}

async function installPrograms(): Promise<string | null> {
  if (!await hasProgram("npm")) return null;
  const cwd = await newProject("programs");
  const { success } = await run("npm", [...INSTALL, "--fetch-retries=0", ...PROGRAMS], { cwd });
  return success ? cwd : null;
}

/** A file of one of the packages of programs. */
export function programFile(path: string): string {
  return `${programs}/node_modules/${path}`;
}

/**
 * A program out of the package for this platform: without install scripts, the
 * package that goes by the program's name holds no program.
 */
export async function findBinary(scope: string, name: string): Promise<string | undefined> {
  if (!programs) return undefined;
  for await (const { name: platform } of Deno.readDir(programFile(scope))) {
    const binary = programFile(`${scope}/${platform}/bin/${name}`);
    if (await hasProgram(binary)) return binary;
  }
}

/** The lowest Node that `engines` allows, where npm has it. */
export async function findLowestNode(): Promise<string | undefined> {
  if (!programs) return undefined;
  const binary = programFile(`${LOWEST_NODE}/bin/node`);
  return await hasProgram(binary) ? binary : undefined;
}

async function installPackage(): Promise<Installed> {
  const built = `${FOLDER}/built`;
  await mustRun(Deno.execPath(), ["run", "-A", "scripts/build_npm.ts", "--out", built]);
  const packed = await mustRun("npm", ["pack", "--silent", "--pack-destination", FOLDER], built);
  const project = await newProject("project");
  await mustRun("npm", [...INSTALL, `${FOLDER}/${packed.trim()}`], project);
  await Deno.copyFile(
    new URL("tests/support/npm_smoke.mjs", ROOT),
    `${project}/npm_smoke.mjs`,
  );
  return { built, project };
}

interface Installed {
  readonly built: string;
  readonly project: string;
}

let installed: Promise<Installed> | undefined;

function install(): Promise<Installed> {
  return installed ??= makeOnce("package", installPackage);
}

/** The folder with the package as it was built. */
export async function builtPackage(): Promise<string> {
  return (await install()).built;
}

/** A project's folder that has the package installed, and `npm_smoke.mjs`. */
export async function installedPackage(): Promise<string> {
  return (await install()).project;
}
