/**
 * Ironfern compared with what one would use instead, in Deno, in Node and in Bun:
 *
 *     deno run -A bench/compare.ts [--rows NAME,...] [--runtimes deno,node,bun]
 *       [--rounds N] [--lines-mb N] [--file-mb N] [--no-write]
 *
 * The contestants take turns within one process, and every row is measured three
 * times, in three processes that are minutes apart. The report goes to
 * `bench/RESULTS.md`, and its data to `bench/results.json`.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeCpu, readCpu } from "./machine.ts";
import { median } from "../src/calibration/statistics.ts";
import { PEERS } from "./compare/peers.ts";
import {
  findPython,
  findRuntime,
  gzipLength,
  makeProject,
  type Project,
  readShipped,
  runBundle,
  type Runtime,
  type RuntimeName,
  RUNTIMES,
} from "./compare/project.ts";
import {
  digits,
  report,
  resultsFile,
  type RuntimeResult,
  type SimpleResult,
  type SimpleSection,
  SUITE_ROWS,
} from "./compare/report.ts";
import {
  keyRounds,
  LONGEST_ROUND,
  type RowName,
  type Settings,
  type SuiteResult,
} from "./compare/rows.ts";

const RESULTS = fileURLToPath(new URL("RESULTS.md", import.meta.url));
const RESULTS_JSON = fileURLToPath(new URL("./results.json", import.meta.url));
const MEASUREMENTS = 3;
const STARTS = 11;
const FIRST_KEYS = 15;
const KIB = 1_024;
/** Rows that are measured out here. */
const OUTER_ROWS = ["start", "firstKey", "size"] as const;
const ROW_NAMES = [...SUITE_ROWS, ...OUTER_ROWS];

interface Options {
  readonly rows: readonly typeof ROW_NAMES[number][];
  readonly runtimes: readonly RuntimeName[];
  readonly rounds: number;
  readonly linesMegabytes: number;
  readonly fileMegabytes: number;
  readonly write: boolean;
}

/** What ends the run with one line. */
class UsageError extends Error {}

function parseOptions(): Options {
  const { values } = parseArgs({
    options: {
      "rows": { type: "string", default: ROW_NAMES.join() },
      "runtimes": { type: "string", default: RUNTIMES.join() },
      "rounds": { type: "string", default: "7" },
      "lines-mb": { type: "string", default: "100" },
      "file-mb": { type: "string", default: "256" },
      "no-write": { type: "boolean", default: false },
    },
  });
  return {
    rows: names("rows", values.rows, ROW_NAMES),
    runtimes: names("runtimes", values.runtimes, RUNTIMES),
    rounds: positive("rounds", values.rounds),
    linesMegabytes: positive("lines-mb", values["lines-mb"]),
    fileMegabytes: positive("file-mb", values["file-mb"]),
    write: !values["no-write"],
  };
}

/** Those of the known names that are asked for, in the known order. */
function names<Name extends string>(
  option: string,
  value: string,
  known: readonly Name[],
): Name[] {
  const asked = value.split(",");
  const unknown = asked.filter((name) => !known.some((other) => other === name));
  if (unknown.length) {
    throw new UsageError(
      `Cannot use --${option} ${unknown.join()}: expected some of ${known.join()}`,
    );
  }
  return known.filter((name) => asked.includes(name));
}

function positive(option: string, value: string): number {
  if (/^[1-9]\d{0,5}$/.test(value)) return Number(value);
  throw new UsageError(`Cannot use --${option} ${value}: expected an integer from 1 to 999999`);
}

async function runSuites(
  runtimes: readonly Runtime[],
  project: Project,
  { rows, rounds, linesMegabytes, fileMegabytes }: Options,
): Promise<RuntimeResult[]> {
  const settings: Settings = {
    rows: rows.filter((row): row is RowName => SUITE_ROWS.some((name) => name === row)),
    rounds,
    linesMegabytes,
    fileMegabytes,
    python: await findPython(),
    absent: project.absent,
  };
  const measurements = new Map<RuntimeName, SuiteResult[]>(runtimes.map(({ name }) => [name, []]));
  for (let measurement = 1; measurement <= MEASUREMENTS; measurement++) {
    for (const runtime of runtimes) {
      console.error(`${runtime.name}, ${measurement} of ${MEASUREMENTS}`);
      const printed = await runBundle(runtime, project, "suite", JSON.stringify(settings));
      measurements.get(runtime.name)!.push(JSON.parse(printed));
    }
  }
  return runtimes.map(({ name }) => ({ name, measurements: measurements.get(name)! }));
}

async function measureStarts(
  runtimes: readonly Runtime[],
  project: Project,
): Promise<SimpleSection> {
  console.error("import and first token");
  const peers = (["fernet", "fernet-nodejs"] as const)
    .filter((peer) => !project.absent.some(({ name }) => name === peer));
  const runs = runtimes.flatMap((runtime) =>
    ["@ironfern/ironfern", "node:crypto", ...peers].map((name) => ({
      runtime,
      name,
      times: [] as number[],
    }))
  );
  for (let round = 0; round < STARTS; round++) {
    for (const { runtime, name, times } of runs) {
      times.push(Number(await runBundle(runtime, project, "first_token", name)));
    }
  }
  const results = runs.map(({ runtime, name, times }): SimpleResult => ({
    cells: [
      runtime.name,
      name,
      `${digits(Math.min(...times))} to ${digits(Math.max(...times))} ms`,
    ],
    value: median(times),
    limit: name === "@ironfern/ironfern" ? 10 : undefined,
  }));
  return {
    title: `Import and first token, in a fresh process, median of ${STARTS}`,
    head: ["runtime", "package", "fastest to slowest:", "median:"],
    results,
    unit: "ms",
    text: (value) => `${digits(value)} ms`,
  };
}

/** How long a process's first key takes, over the time of the naive program. */
async function measureFirstKeys(
  runtimes: readonly Runtime[],
  project: Project,
): Promise<SimpleSection> {
  console.error("first key");
  const results: SimpleResult[] = [];
  for (const runtime of runtimes) {
    const times = { "@ironfern/ironfern": [] as number[], WebCrypto: [] as number[] };
    for (let round = 0; round < FIRST_KEYS; round++) {
      for (const [name, all] of Object.entries(times)) {
        all.push(Number(await runBundle(runtime, project, "first_key", name)));
      }
    }
    const [ours, theirs] = Object.values(times).map((all) => median(all));
    results.push({
      cells: [runtime.name, `${digits(ours)} ms`, `${digits(theirs)} ms`],
      value: ours / theirs,
      limit: 1.05,
    });
  }
  return {
    title: `The first key of 600,000 iterations in a fresh process, medians of ${FIRST_KEYS}`,
    head: ["runtime", "ours:", "WebCrypto:", "ours to theirs:"],
    results,
    unit: "ratio",
    text: digits,
  };
}

async function measureSizes(project: Project): Promise<SimpleSection> {
  const kibibytes = (bytes: number) => `${digits(bytes / KIB)} KiB`;
  const results: SimpleResult[] = [];
  for (const [name, bytes] of await readShipped(project)) {
    results.push({
      cells: [name, kibibytes(await gzipLength(bytes))],
      value: bytes.length,
      limit: name === "kernel.wasm" ? 96 * KIB : undefined,
    });
  }
  return {
    title: "Size",
    head: ["what", "gzip:", "bytes:"],
    results,
    unit: "bytes",
    text: kibibytes,
  };
}

/** How it was measured, and on what. */
async function about(
  { rounds, linesMegabytes, fileMegabytes }: Options,
  load: number,
  versions: readonly string[],
): Promise<string[]> {
  const cpu = await readCpu();
  return [
    "`deno task compare` wrote this.",
    `${describeCpu(cpu)}; ${Deno.build.os}; load average at the start: ` +
    `${load.toFixed(1)}. Against: ${versions.join(", ")}.`,
    `Every row was measured ${MEASUREMENTS} times, each time in a new process. There every ` +
    "contestant first opened the others' tokens, or derived the same keys as they did; then " +
    `they took turns. Rounds: ${rounds}, of keys ${keyRounds(rounds)}, of lines ` +
    `(${linesMegabytes.toLocaleString("en")} MB of rows) 1, of files ` +
    `(${fileMegabytes.toLocaleString("en")} MiB) ${Math.ceil(rounds / 3)}; whoever took over ` +
    `${LONGEST_ROUND / 1_000} s had 1. A figure is the median of the ` +
    `${MEASUREMENTS} medians; a ratio is theirs to ours within a process, the median of the ` +
    `${MEASUREMENTS}, so that above 1 we are faster.`,
    "The targets were set for a CPU without SHA extensions. " +
    (cpu.sha === "yes"
      ? "This one has them: native PBKDF2 and HMAC use them, WebAssembly cannot."
      : "Native PBKDF2 and HMAC are far faster where a CPU has them; WebAssembly cannot use them."),
  ];
}

async function compare(options: Options, folder: string): Promise<void> {
  const [load] = Deno.loadavg();
  console.error("building and installing");
  const project = await makeProject(folder);
  const found = await Promise.all(options.runtimes.map((name) => findRuntime(name, project)));
  const runtimes = found.filter((each) => "command" in each);
  const missing = [...found.filter((each) => "reason" in each), ...project.absent]
    .map(({ name, reason }) => `${name}: ${reason}`);
  const results = options.rows.some((row) => SUITE_ROWS.some((name) => name === row))
    ? await runSuites(runtimes, project, options)
    : [];
  const peers = Object.entries(PEERS)
    .filter(([peer]) => !project.absent.some(({ name }) => name === peer))
    .map(([name, version]) => `npm ${name} ${version}`);
  const python = results[0]?.measurements[0].python ?? [];
  const sections: SimpleSection[] = [];
  if (options.rows.includes("start")) sections.push(await measureStarts(runtimes, project));
  if (options.rows.includes("firstKey")) {
    sections.push(await measureFirstKeys(runtimes, project));
  }
  if (options.rows.includes("size")) sections.push(await measureSizes(project));
  const lines = await about(options, load, peers.concat(python));
  const told = [lines, results, sections, [...new Set(missing)]] as const;
  const text = report(...told);
  console.log(text);
  if (!options.write) return;
  await Deno.writeTextFile(RESULTS, text);
  await Deno.writeTextFile(RESULTS_JSON, JSON.stringify(resultsFile(...told)));
  const args = ["fmt", "--quiet", RESULTS, RESULTS_JSON];
  await new Deno.Command(Deno.execPath(), { args }).output();
}

const folder = await Deno.makeTempDir({ prefix: "ironfern-compare-" });
try {
  await compare(parseOptions(), folder);
} catch (error) {
  const usage = error instanceof UsageError ||
    error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE");
  if (!usage) throw error;
  console.error(`error: ${error.message}`);
  Deno.exitCode = 2;
} finally {
  await esbuild.stop();
  await Deno.remove(folder, { recursive: true });
}
