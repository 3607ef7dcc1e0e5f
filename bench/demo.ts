/**
 * The main job on real data: a passphrase becomes a key, every row of an export
 * is encrypted, decrypted and compared, on each backend; then a value goes from
 * Flet to here and from here to Flet.
 *
 * @module
 */

import {
  availableBackends,
  type BackendName,
  decrypt,
  encrypt,
  Fernet,
  pbkdf2,
} from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";
// @ts-types="@types/cli-progress"
import { SingleBar } from "cli-progress";
import flet from "../tests/vectors/flet/flet_encrypt.json" with { type: "json" };
import { readTable, type Table, TABLES } from "./data.ts";
import { pythonDecrypt } from "./flet.ts";

const PASSPHRASE = "correct horse battery staple";
const ITERATIONS = 600_000;
const CHUNK = 64 * 1_024;

/** Bytes as a stream of chunks, as a file gives them. */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (start < bytes.length) controller.enqueue(bytes.slice(start, start += CHUNK));
      else controller.close();
    },
  });
}

/** Runs a table through a transform, with a progress bar and a line of figures. */
async function measured(
  label: string,
  { rows }: Table,
  input: Uint8Array<ArrayBuffer>,
  transform: (onProgress: (done: number) => void) => TransformStream<Uint8Array, Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage}% {value}/{total} rows, {eta}s left`,
    clearOnComplete: true,
  });
  bar.start(rows, 0);
  const start = performance.now();
  const stream = streamOf(input).pipeThrough(transform((done) => bar.update(done)));
  const output = await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
  const seconds = (performance.now() - start) / 1_000;
  bar.stop();
  const rate = Math.round(rows / seconds).toLocaleString("en").padStart(9);
  const megabytes = (input.length / seconds / 1e6).toFixed(1).padStart(6);
  console.log(`${label}  ${rate} rows/s  ${megabytes} MB/s in  ${seconds.toFixed(2)} s`);
  return output;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

async function roundTrip(key: Uint8Array, backend: BackendName, table: Table): Promise<boolean> {
  const fernet = new Fernet(key, { backend });
  const label = `  ${backend.padEnd(9)}`;
  const tokens = await measured(
    `${label} encryptLines`,
    table,
    table.bytes,
    (onProgress) => encryptLines(fernet, { onProgress }),
  );
  const rows = await measured(
    `${label} decryptLines`,
    table,
    tokens,
    (onProgress) => decryptLines(fernet, { onProgress }),
  );
  const same = equal(rows, table.bytes);
  if (!same) console.error(`${label} FAILED: the rows that came back differ`);
  return same;
}

async function fletBothWays(): Promise<boolean> {
  const { secretKey, plainText, encrypted } = flet.cases[0];
  const theirs = await decrypt(encrypted, secretKey);
  console.log(`  Flet wrote, we read:  ${JSON.stringify(theirs)}`);
  const text = "naïve 🔑";
  const ours = await encrypt(text, PASSPHRASE);
  const python = await pythonDecrypt(ours, PASSPHRASE);
  const back = python ?? await decrypt(ours, PASSPHRASE, { backend: "node" });
  const reader = python === undefined
    ? "node:crypto read (no Python with cryptography here)"
    : "Python read";
  console.log(`  We wrote, ${reader}:  ${JSON.stringify(back)}`);
  return theirs === plainText && back === text;
}

console.log(
  `A key from a passphrase: PBKDF2-HMAC-SHA256, ${ITERATIONS.toLocaleString("en")} iterations`,
);
const start = performance.now();
const salt = crypto.getRandomValues(new Uint8Array(16));
const key = await pbkdf2(PASSPHRASE, salt, { iterations: ITERATIONS });
console.log(`  ${(performance.now() - start).toFixed(0)} ms on the backend that "auto" chose`);

let same = true;
for (const name of TABLES) {
  const table = await readTable(name);
  const megabytes = (table.bytes.length / 1e6).toFixed(1);
  console.log(`${name}: ${table.rows.toLocaleString("en")} rows, ${megabytes} MB of JSON lines`);
  for (const backend of availableBackends()) {
    same = await roundTrip(key, backend, table) && same;
  }
}
console.log("A value of Flet's format");
same = await fletBothWays() && same;
console.log(same ? "Every byte came back." : "FAILED: bytes differ.");
if (!same) Deno.exit(1);
