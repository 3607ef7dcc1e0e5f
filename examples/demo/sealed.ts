/**
 * A table, repeated, as a sealed file: on one core and on all, opened again, and
 * refused when a line of it is missing.
 *
 * @module
 */

import { SealedExportError } from "@ironfern/ironfern";
import { openFile, sealFile, verifyExport } from "@ironfern/ironfern/export";
import { join } from "node:path";
import type { Table } from "./data.ts";
import { came, measured, THREADS } from "./measured.ts";

const PASSPHRASE = "correct horse battery staple";
const LENGTH = 64e6;

/** Seals, opens, compares and tampers. */
export async function sealed({ name, bytes }: Table): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "ironfern-demo-" });
  try {
    const [input, output, back] = ["rows", "rows.sealed", "rows.back"]
      .map((file) => join(folder, file));
    const copies = Math.ceil(LENGTH / bytes.length);
    const data = new Uint8Array(copies * bytes.length);
    for (let copy = 0; copy < copies; copy++) data.set(bytes, copy * bytes.length);
    await Deno.writeFile(input, data);
    console.log(
      `${name}, ${copies} times over, as a sealed file: ${(data.length / 1e6).toFixed(0)} MB`,
    );
    const amount = { count: data.length, unit: "bytes" } as const;
    let same = true;
    for (const [cores, workers] of Object.entries(THREADS)) {
      const label = `  ${cores.padEnd(9)}`;
      const { id } = await measured(
        `${label} sealFile           `,
        amount,
        (onProgress) => sealFile(input, output, { passphrase: PASSPHRASE, workers, onProgress }),
      );
      await measured(
        `${label} openFile           `,
        amount,
        () => openFile(output, back, { passphrase: PASSPHRASE, workers, expect: { id } }),
      );
      same = came(label, await Deno.readFile(back), data) && same;
    }
    return await refusesCut(output) && same;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Without one of its lines the file is refused. */
async function refusesCut(path: string): Promise<boolean> {
  const lines = (await Deno.readTextFile(path)).split("\n");
  const cut = new Blob([lines.toSpliced(5, 1).join("\n")]);
  try {
    await verifyExport(cut, { passphrase: PASSPHRASE });
  } catch (error) {
    if (!(error instanceof SealedExportError)) throw error;
    console.log(`  without line 6: ${error.message} (${error.code})`);
    return true;
  }
  console.error("  FAILED: a file without line 6 was accepted");
  return false;
}
