/**
 * Exports of any size in memory of one size: rows through `encryptLines` and back,
 * a file through `sealFile` and `openFile`, at several sizes, in Deno and in Node.
 *
 *     deno run -A bench/memory.ts [--mb 1024,4096] [--rows-mb 1000] [--tables generated,flights]
 *       [--runtimes deno,node] [--workers N] [--package FOLDER] [--json]
 *
 * What comes back is compared. The memory is the most that was resident (Linux:
 * VmHWM), in a process of its own for each job. `--package` takes an npm package
 * that is built, and `--json` prints an object a line instead of the table.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "../tests/support/tools.ts";
import { readTable, TABLES } from "../examples/demo/data.ts";
import { describeMachine } from "./machine.ts";
import type { Job } from "./memory/job.ts";
import { GENERATED, rowChunks } from "./memory/rows.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MEBIBYTE = 1 << 20;
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  deno: [Deno.execPath(), "run", "-A", "--no-lock"],
  node: ["node"],
};

interface Outcome {
  readonly seconds: number;
  readonly bytes: number;
  readonly hash?: string;
  readonly peak: number;
}

/** Builds the npm package in this folder. */
async function buildPackage(built: string): Promise<string> {
  const args = ["run", "-A", join(ROOT, "scripts", "build_npm.ts"), "--out", built];
  const { success, stderr } = await run(Deno.execPath(), args);
  if (!success) throw new Error(`Cannot build the npm package:\n${stderr}`);
  return built;
}

/** Bundles the job with our npm package, for every runtime. */
async function bundleJob(outfile: string, built: string): Promise<string> {
  await esbuild.build({
    entryPoints: [join(ROOT, "bench", "memory", "job.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2023",
    alias: {
      "@ironfern/ironfern": join(built, "dist", "mod.js"),
      "@ironfern/ironfern/export": join(built, "dist", "export.js"),
    },
    logLevel: "warning",
  });
  return outfile;
}

async function runJob(runtime: string, bundle: string, job: Job): Promise<Outcome> {
  const [program, ...args] = PROGRAMS[runtime];
  const { success, stdout, stderr } = await run(program, [...args, bundle, JSON.stringify(job)]);
  if (!success) throw new Error(`${runtime} failed: ${stderr}`);
  return JSON.parse(stdout);
}

function print(runtime: string, what: string, { seconds, bytes, peak }: Outcome): void {
  if (values.json) return console.log(JSON.stringify({ runtime, what, seconds, bytes, peak }));
  const megabytes = (bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 0 });
  const rate = (bytes / seconds / 1e6).toFixed(0);
  console.log(
    `${runtime.padEnd(5)} ${what.padEnd(32)} ${megabytes.padStart(6)} MB` +
      `${seconds.toFixed(1).padStart(8)} s${rate.padStart(6)} MB/s` +
      `${(peak / 1e6).toFixed(0).padStart(6)} MB resident at most`,
  );
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  const file = await Deno.open(path);
  for await (const chunk of file.readable) hash.update(chunk);
  return hash.digest("hex");
}

async function writeRows(path: string, lines: readonly string[], length: number): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  for (const chunk of rowChunks({ lines, length })) await writer.write(chunk);
  await writer.close();
}

/** The lines of a table; its name is the one that the option has. */
async function linesOf(table: string): Promise<readonly string[]> {
  if (table === "generated") return GENERATED;
  if (table !== "flights") throw new Error(`There is no table ${JSON.stringify(table)}`);
  const { bytes } = await readTable(TABLES[0]);
  return new TextDecoder().decode(bytes).trimEnd().split("\n").slice(0, 1_000);
}

async function measureRows(size: number, table: string, place: Place): Promise<void> {
  const { bundle, input, sealed } = place;
  await writeRows(input, await linesOf(table), size);
  const expected = await hashOf(input);
  for (const runtime of runtimes) {
    const encrypting: Job = { workers, type: "encryptLines", input, output: sealed };
    print(runtime, `encryptLines, ${table}`, await runJob(runtime, bundle, encrypting));
    const decrypting: Job = { workers, type: "decryptLines", input: sealed };
    const decrypted = await runJob(runtime, bundle, decrypting);
    print(runtime, `decryptLines, ${table}`, decrypted);
    if (decrypted.hash !== expected) throw new Error("The rows that came back differ");
  }
}

async function measureFile(size: number, { bundle, input, sealed, back }: Place): Promise<void> {
  await writeRows(input, await linesOf("flights"), size);
  const expected = await hashOf(input);
  for (const runtime of runtimes) {
    const sealing: Job = { workers, type: "seal", input, output: sealed };
    print(runtime, "sealFile", await runJob(runtime, bundle, sealing));
    const opening: Job = { workers, type: "open", input: sealed, output: back };
    print(runtime, "openFile", await runJob(runtime, bundle, opening));
    if (await hashOf(back) !== expected) throw new Error("What came back differs");
  }
}

/** The job's program, and the files that it reads and writes. */
interface Place {
  readonly bundle: string;
  readonly input: string;
  readonly sealed: string;
  readonly back: string;
}

const { values } = parseArgs({
  options: {
    "mb": { type: "string", default: "1024,4096" },
    "rows-mb": { type: "string", default: "1000" },
    "tables": { type: "string", default: "generated,flights" },
    "runtimes": { type: "string", default: "deno,node" },
    "workers": { type: "string", default: String(navigator.hardwareConcurrency) },
    "package": { type: "string" },
    "json": { type: "boolean", default: false },
  },
});
const runtimes = values.runtimes.split(",");
const workers = Number(values.workers);
const sizesOf = (list: string, unit: number) => list.split(",").map((size) => Number(size) * unit);

const folder = await Deno.makeTempDir({ prefix: "ironfern-memory-" });
try {
  if (!values.json) console.log(await describeMachine());
  const built = values.package ?? await buildPackage(join(folder, "package"));
  const place: Place = {
    bundle: await bundleJob(join(folder, "job.mjs"), built),
    input: join(folder, "rows"),
    sealed: join(folder, "rows.sealed"),
    back: join(folder, "back"),
  };
  for (const table of values.tables.split(",")) {
    for (const size of sizesOf(values["rows-mb"], 1e6)) await measureRows(size, table, place);
  }
  for (const size of sizesOf(values.mb, MEBIBYTE)) await measureFile(size, place);
  if (!values.json) console.log("All of it came back as it was.");
} finally {
  await esbuild.stop();
  await Deno.remove(folder, { recursive: true });
}
