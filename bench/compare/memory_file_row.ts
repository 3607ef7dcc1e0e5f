/**
 * The rows of a file in memory, where no disk is in the way and a sync costs nothing:
 * ours against `age` (`apt-get install age`) and `openssl enc`, each a process that
 * works from file to file. Of `openssl enc` nothing is authenticated.
 *
 * @module
 */

import { openFile, sealFile } from "@ironfern/ironfern/export";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Contestant, interleave } from "../measure.ts";
import { writeInput } from "./file_row.ts";
import { type Absence, OURS, type RowResult, type Settings, THEIRS } from "./rows.ts";

const FOLDER = "/dev/shm";
const SMALL = 5 << 20;
const call = promisify(execFile);

/** Encrypts a file into another one, and back. */
interface Tool {
  seal(input: string, output: string): Promise<unknown>;
  open(input: string, output: string): Promise<unknown>;
}

function ours(workers: number): Tool {
  const key = new Uint8Array(32).fill(7);
  return {
    seal: (input, output) => sealFile(input, output, { key, workers }),
    open: (input, output) => openFile(input, output, { key, workers }),
  };
}

async function age(folder: string): Promise<Tool> {
  const identity = join(folder, "identity");
  await call("age-keygen", ["-o", identity]);
  const [recipient] = (await readFile(identity, "utf8")).match(/age1\w+/) ?? [];
  if (!recipient) throw new Error("age-keygen names no recipient");
  return {
    seal: (input, output) => call("age", ["-r", recipient, "-o", output, input]),
    open: (input, output) => call("age", ["-d", "-i", identity, "-o", output, input]),
  };
}

function openssl(): Tool {
  const options = ["enc", "-aes-256-ctr", "-pbkdf2", "-iter", "1", "-pass", "pass:password"];
  const enc = (input: string, output: string, ...more: string[]) =>
    call("openssl", [...options, ...more, "-in", input, "-out", output]);
  return { seal: enc, open: (input, output) => enc(input, output, "-d") };
}

/** The tools that are here, each of which gives back what it was given. */
async function findTools(
  folder: string,
  small: string,
): Promise<{ tools: Map<string, Tool>; absent: Absence[] }> {
  const candidates: Readonly<Record<string, () => Tool | Promise<Tool>>> = {
    [OURS.auto]: () => ours(availableParallelism()),
    [OURS.oneThread]: () => ours(0),
    [THEIRS.age]: () => age(folder),
    [THEIRS.opensslEnc]: openssl,
  };
  const tools = new Map<string, Tool>();
  const absent: Absence[] = [];
  for (const [name, make] of Object.entries(candidates)) {
    try {
      const tool = await make();
      const [sealed, back] = [join(folder, "small.sealed"), join(folder, "small.back")];
      await tool.seal(small, sealed);
      await tool.open(sealed, back);
      if (!(await readFile(back)).equals(await readFile(small))) throw new Error("another file");
      await Promise.all([rm(sealed), rm(back)]);
      tools.set(name, tool);
    } catch (error) {
      absent.push({ name, reason: String(error) });
    }
  }
  return { tools, absent };
}

/** Measures one of the rows once; the times are of a mebibyte. */
export async function measureMemoryFile(
  row: "memoryFile" | "memoryFileOpen",
  settings: Settings,
): Promise<RowResult> {
  const folder = await mkdtemp(join(FOLDER, "ironfern-file-"));
  try {
    const [small, input] = ["small", "input"].map((name) => join(folder, name));
    await writeInput(small, SMALL);
    await writeInput(input, settings.fileMegabytes << 20);
    const { tools, absent } = await findTools(folder, small);
    const contestants: Contestant[] = [];
    for (const [index, [name, { seal, open }]] of [...tools].entries()) {
      const [sealed, output] = [join(folder, `sealed${index}`), join(folder, "output")];
      const [from, work] = row === "memoryFile" ? [input, seal] : [sealed, open];
      if (work === open) await seal(input, sealed);
      const run = async (source: string) => {
        await work(source, output);
        // The next one writes to fresh memory too.
        await rm(output);
      };
      contestants.push({ name, run: () => run(from), warmUp: () => run(from) });
    }
    const timings = await interleave(contestants, Math.ceil(settings.rounds / 2));
    return { row, items: settings.fileMegabytes, timings, absent };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
