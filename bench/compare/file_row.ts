/**
 * The row of a sealed file: ours, and the same format with node:crypto and with
 * pyca, each from a file to a file that is synced.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { openFile, sealFile } from "@ironfern/ironfern/export";
import { Buffer } from "node:buffer";
import nodeCrypto from "node:crypto";
import { mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type Contestant, interleave } from "../measure.ts";
import { byteMessages } from "./messages.ts";
import { nodeTokens } from "./platform.ts";
import type { Python } from "./python.ts";
import { OURS, type RowResult, type Settings, THEIRS } from "./rows.ts";

const SLICE = 65_510;
const SMALL = 200_000;

/** A contestant seals one file into another under a key. */
type Seal = (input: string, output: string) => Promise<unknown>;

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** A file's header and the key that it yields. */
function newFile(key: string): { header: string; fileKey: string } {
  const id = nodeCrypto.randomBytes(16).toString("base64url");
  const header = JSON.stringify({
    format: "ironfern-export",
    version: 1,
    id,
    kdf: { name: "key" },
  });
  const info = Buffer.concat([
    Buffer.from("ironfern-export/1"),
    nodeCrypto.createHash("sha256").update(header).digest(),
  ]);
  const root = Buffer.from(key, "base64url");
  const derived = nodeCrypto.hkdfSync("sha256", root, Buffer.alloc(0), info, 32);
  return { header, fileKey: Buffer.from(derived).toString("base64url") };
}

/** The same with node:crypto, a slice at a time. */
function nodeSeal(key: string): Seal {
  return async (input, output) => {
    const { header, fileKey } = newFile(key);
    const { seal } = nodeTokens(fileKey);
    const [source, target] = [await open(input, "r"), await open(output, "w")];
    try {
      await target.write(`${header}\n`);
      const buffer = Buffer.alloc(SLICE);
      let slices = 0;
      let bytes = 0;
      for (;;) {
        const { bytesRead } = await source.read(buffer, 0, SLICE, null);
        if (!bytesRead) break;
        const record = [u64(slices++), Buffer.of(0), buffer.subarray(0, bytesRead)];
        bytes += bytesRead;
        await target.write(`${seal(Buffer.concat(record))}\n`);
      }
      const final = Buffer.concat([u64(slices), Buffer.of(1), u64(slices), u64(bytes)]);
      await target.write(`${seal(final)}\n`);
      await target.sync();
    } finally {
      await source.close();
      await target.close();
    }
  };
}

/** Writes a file of random bytes. */
export async function writeInput(path: string, length: number): Promise<void> {
  const [block] = byteMessages(1, 1 << 20);
  const file = await open(path, "w");
  for (let left = length; left > 0; left -= block.length) {
    await file.write(block.subarray(0, Math.min(left, block.length)));
  }
  await file.sync();
  await file.close();
}

async function crossCheck(key: string, folder: string, seals: Readonly<Record<string, Seal>>) {
  const [input, sealed, back] = ["small", "sealed", "back"].map((name) => join(folder, name));
  await writeInput(input, SMALL);
  for (const [name, seal] of Object.entries(seals)) {
    await seal(input, sealed);
    await openFile(sealed, back, { key });
    const [a, b] = await Promise.all([input, back].map((path) => readFile(path)));
    if (!a.equals(b)) throw new Error(`${name} seals another file`);
  }
}

/** Measures the row once; the times are of a mebibyte. */
export async function measureFile(python: Python, settings: Settings): Promise<RowResult> {
  const key = Fernet.generateKey();
  const folder = await mkdtemp(join(tmpdir(), "ironfern-file-"));
  try {
    const pyca = python.sealFile(key);
    const seals: Record<string, Seal> = {
      [OURS.auto]: (input, output) =>
        sealFile(input, output, { key, workers: availableParallelism() }),
      [OURS.oneThread]: (input, output) => sealFile(input, output, { key, workers: 0 }),
      [THEIRS.nodeFile]: nodeSeal(key),
      ...pyca && { [THEIRS.pyca]: pyca },
    };
    await crossCheck(key, folder, seals);
    const [input, output] = ["input", "output"].map((name) => join(folder, name));
    await writeInput(input, settings.fileMegabytes << 20);
    const contestants = Object.entries(seals).map(([name, seal]): Contestant => ({
      name,
      run: async () => {
        await seal(input, output);
        const { size } = await stat(output);
        if (size < settings.fileMegabytes << 20) throw new Error(`${name} wrote too little`);
      },
      warmUp: () => seal(join(folder, "small"), output),
    }));
    const timings = await interleave(contestants, Math.ceil(settings.rounds / 3));
    const absent = pyca
      ? []
      : [{ name: THEIRS.pyca, reason: "no Python with the `cryptography` pinned" }];
    return { row: "file", items: settings.fileMegabytes, timings, absent };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
