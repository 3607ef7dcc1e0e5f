/**
 * One job in a process of its own, which prints how long it took, how many bytes
 * it had, and the most memory that was resident. Its one argument is JSON.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { decryptLines, encryptLines, openFile, sealFile } from "@ironfern/ironfern/export";
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import process from "node:process";
import { Readable } from "node:stream";

/** What is done, and by how many workers. */
export type Job = { readonly workers: number } & Work;

type Work =
  | {
    readonly type: "seal" | "open" | "encryptLines";
    readonly input: string;
    readonly output: string;
  }
  | { readonly type: "decryptLines"; readonly input: string };

/** The key of all jobs, so that one opens what another has sealed. */
const KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

/** A file, as it is read by programs. */
function read(path: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
}

/** A file of rows into a file of tokens. */
async function encryptRows(input: string, output: string, workers: number): Promise<Outcome> {
  const file = await open(output, "w");
  const tokens = read(input).pipeThrough(encryptLines(new Fernet(KEY), { workers }));
  for await (const chunk of tokens) await file.write(chunk);
  await file.close();
  return { bytes: (await stat(input)).size };
}

/** A file of tokens into rows, of which there is a hash. */
async function decryptRows(input: string, workers: number): Promise<Outcome> {
  const hash = createHash("sha256");
  let bytes = 0;
  const rows = read(input).pipeThrough(decryptLines(new Fernet(KEY), { workers }));
  for await (const chunk of rows) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  return { bytes, hash: hash.digest("hex") };
}

interface Outcome {
  readonly bytes: number;
  readonly hash?: string;
}

function run(job: Job): Promise<Outcome> {
  const { workers } = job;
  switch (job.type) {
    case "seal":
      return sealFile(job.input, job.output, { key: KEY, workers });
    case "open":
      return openFile(job.input, job.output, { key: KEY, workers });
    case "encryptLines":
      return encryptRows(job.input, job.output, workers);
    case "decryptLines":
      return decryptRows(job.input, workers);
  }
}

const start = performance.now();
const { bytes, hash } = await run(JSON.parse(process.argv[2]));
const seconds = (performance.now() - start) / 1_000;
const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
console.log(JSON.stringify({ seconds, bytes, hash, peak: Number(peak) * 1_024 }));
