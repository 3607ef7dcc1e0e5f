/**
 * Exports of any size in memory of one size: rows through `encryptLines` and back,
 * a file through `sealFile` and `openFile`, at several sizes, in Deno and in Node.
 *
 *     deno run -A bench/memory.ts [--mb 1024,4096] [--rows-mb 1000] [--runtimes deno,node]
 *       [--workers N]
 *
 * What comes back is compared. The memory is the most that was resident (Linux:
 * VmHWM), in a process of its own for each job.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "../tests/support/tools.ts";
import { readTable, TABLES } from "./data.ts";
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

/** Bundles the job with our npm package, for every runtime. */
async function bundleJob(folder: string): Promise<string> {
  const built = join(folder, "package");
  const { success, stderr } = await run(Deno.execPath(), [
    "run",
    "-A",
    join(ROOT, "scripts", "build_npm.ts"),
    "--out",
    built,
  ]);
  if (!success) throw new Error(`Cannot build the npm package:\n${stderr}`);
  const outfile = join(folder, "job.mjs");
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

const { values } = parseArgs({
  options: {
    "mb": { type: "string", default: "1024,4096" },
    "rows-mb": { type: "string", default: "1000" },
    "runtimes": { type: "string", default: "deno,node" },
    "workers": { type: "string", default: String(navigator.hardwareConcurrency) },
  },
});
const sizes = values.mb.split(",").map((size) => Number(size) * MEBIBYTE);
const rowsLength = Number(values["rows-mb"]) * 1e6;
const runtimes = values.runtimes.split(",");
const workers = Number(values.workers);

const folder = await Deno.makeTempDir({ prefix: "ironfern-memory-" });
try {
  console.log(await describeMachine());
  const bundle = await bundleJob(folder);
  const flights = await readTable(TABLES[0]);
  const real = new TextDecoder().decode(flights.bytes).trimEnd().split("\n").slice(0, 1_000);
  const [input, sealed, back] = ["rows", "rows.sealed", "back"].map((name) => join(folder, name));
  for (const [name, lines] of [["generated rows", GENERATED], [TABLES[0], real]] as const) {
    await writeRows(input, lines, rowsLength);
    const expected = await hashOf(input);
    for (const runtime of runtimes) {
      const encrypting: Job = { workers, type: "encryptLines", input, output: sealed };
      print(runtime, `encryptLines, ${name}`, await runJob(runtime, bundle, encrypting));
      const decrypting: Job = { workers, type: "decryptLines", input: sealed };
      const decrypted = await runJob(runtime, bundle, decrypting);
      print(runtime, `decryptLines, ${name}`, decrypted);
      if (decrypted.hash !== expected) throw new Error("The rows that came back differ");
    }
  }
  for (const size of sizes) {
    await writeRows(input, real, size);
    const expected = await hashOf(input);
    for (const runtime of runtimes) {
      print(
        runtime,
        "sealFile",
        await runJob(runtime, bundle, { workers, type: "seal", input, output: sealed }),
      );
      const opening: Job = { workers, type: "open", input: sealed, output: back };
      print(runtime, "openFile", await runJob(runtime, bundle, opening));
      if (await hashOf(back) !== expected) throw new Error("What came back differs");
    }
  }
  console.log("All of it came back as it was.");
} finally {
  await esbuild.stop();
  await Deno.remove(folder, { recursive: true });
}
