/**
 * One of everything that the installed npm package does, in plain JavaScript and
 * with nothing but the package, so that every runtime runs the same. The texts
 * are from RFC 7914 (section 11), the Fernet specification and Flet.
 *
 * @module
 */

import {
  availableBackends,
  BackendUnavailableError,
  decrypt,
  decryptSync,
  encrypt,
  Fernet,
  InvalidTokenError,
  pbkdf2,
  pbkdf2Many,
} from "@ironfern/ironfern";
import { decryptLines, encryptLines } from "@ironfern/ironfern/export";

const NAMES = ["wasm", "webcrypto", "node", "portable"];
const ROWS = '{"id":1}\n{"id":2}\n';

function assertEqual(actual, expected, what) {
  if (actual !== expected) {
    throw new Error(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
  }
}

async function assertFails(run, expected, what) {
  try {
    await run();
  } catch (error) {
    if (error instanceof expected) return error;
    throw error;
  }
  throw new Error(`${what}: expected ${expected.name}, nothing was thrown`);
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function smokePbkdf2(backend) {
  const key = await pbkdf2("passwd", "salt", { iterations: 1, length: 16, backend });
  assertEqual(toHex(key), "55ac046e56e3089fec1691c22544b605", `pbkdf2 on ${backend}`);
}

async function smokePassphrase(backend) {
  const options = { iterations: 1_000, backend };
  const stored = await encrypt("grüße 🔑", "correct horse", options);
  assertEqual(await decrypt(stored, "correct horse", options), "grüße 🔑", `decrypt on ${backend}`);
  await assertFails(
    () => decrypt(stored, "another horse", options),
    InvalidTokenError,
    `decrypt with a wrong passphrase on ${backend}`,
  );
  if (backend === "webcrypto") return;
  assertEqual(
    decryptSync(stored, "correct horse", options),
    "grüße 🔑",
    `decryptSync on ${backend}`,
  );
}

async function smokeFernet(backend) {
  const fernet = new Fernet("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", { backend });
  const token =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
  const read = new TextDecoder();
  assertEqual(
    read.decode(await fernet.decryptAsync(token)),
    "hello",
    `Fernet.decryptAsync on ${backend}`,
  );
  const another = await fernet.encryptAsync("hello");
  assertEqual(
    read.decode(await fernet.decryptAsync(another)),
    "hello",
    `Fernet.encryptAsync on ${backend}`,
  );
  if (backend === "webcrypto") return;
  assertEqual(fernet.decryptText(token), "hello", `Fernet.decryptText on ${backend}`);
  assertEqual(
    fernet.decryptText(fernet.encrypt("hello")),
    "hello",
    `Fernet.encrypt on ${backend}`,
  );
}

async function smokeLines(backend) {
  const fernet = new Fernet(Fernet.generateKey(), { backend });
  const tokens = await throughStream(ROWS, encryptLines(fernet));
  assertEqual(tokens.split("\n").length, 3, `encryptLines on ${backend}`);
  assertEqual(
    await throughStream(tokens, decryptLines(fernet)),
    ROWS,
    `decryptLines on ${backend}`,
  );
}

function throughStream(text, transform) {
  return new Response(new Blob([text]).stream().pipeThrough(transform)).text();
}

/**
 * Runs on each of the backends and on "auto".
 *
 * @param {readonly string[]} expected The backends that have to be here; the
 * others have to be refused by name.
 * @returns {Promise<string>} What was run, for a log.
 */
export async function smoke(expected) {
  assertEqual(availableBackends().join(), expected.join(), "availableBackends()");
  for (const backend of [...expected, "auto"]) {
    await smokePbkdf2(backend);
    await smokePassphrase(backend);
    await smokeFernet(backend);
    await smokeLines(backend);
  }
  for (const backend of NAMES.filter((name) => !expected.includes(name))) {
    const error = await assertFails(
      () => pbkdf2("passwd", "salt", { iterations: 1, backend }),
      BackendUnavailableError,
      `pbkdf2 on ${backend}`,
    );
    assertEqual(error.backend, backend, "BackendUnavailableError.backend");
  }
  return `ran on ${expected.join(", ")}`;
}

/** The workers that are started from now on, of whichever kind. */
function watchWorkers() {
  const workers = [];
  const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  const owner = threads ?? globalThis;
  if (typeof owner.Worker !== "function") return workers;
  owner.Worker = class extends owner.Worker {
    constructor(...given) {
      super(...given);
      workers.push(this);
    }
  };
  return workers;
}

/**
 * Derives keys on workers and in the calling thread.
 *
 * @param {boolean} mortal Whether a worker that is ended says so, as those of Node do.
 * @returns {Promise<number>} How many workers were started.
 */
export async function smokeWorkers(mortal) {
  const inputs = Array.from({ length: 16 }, (_, index) => ({ password: "p", salt: `${index}` }));
  const options = { iterations: 60_000, backend: "wasm" };
  const derive = async (workers, onProgress) => {
    const keys = await pbkdf2Many(inputs, { ...options, workers, onProgress });
    return keys.map(toHex).join();
  };
  const expected = await derive(0);
  const workers = watchWorkers();
  assertEqual(await derive(2), expected, "pbkdf2Many on workers");
  assertEqual(await derive(2), expected, "pbkdf2Many on warm workers");
  const started = workers.length;
  if (mortal) {
    const end = (done) => done === 1 && workers.forEach((worker) => worker.terminate());
    assertEqual(await derive(2, end), expected, "pbkdf2Many on workers that are ended");
  }
  return started;
}

/** Seals and opens a file on workers, which read and write it themselves. */
export async function smokeFiles() {
  const { openFile, sealFile } = await import("@ironfern/ironfern/export");
  const { mkdtemp, readFile, rm, writeFile } = process.getBuiltinModule("node:fs/promises");
  const folder = await mkdtemp("smoke-");
  try {
    const data = new Uint8Array(4_500_000).map((_, index) => index % 251);
    await writeFile(`${folder}/data`, data);
    for (const workers of [0, 2]) {
      const options = { key: new Uint8Array(32).fill(7), workers };
      const { slices } = await sealFile(`${folder}/data`, `${folder}/sealed`, options);
      assertEqual(slices, 69, "the slices of sealFile");
      await openFile(`${folder}/sealed`, `${folder}/copy`, options);
      const copy = await readFile(`${folder}/copy`);
      assertEqual(copy.equals(data), true, `openFile, workers: ${workers}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs "auto" at both of Flet's costs, more than some runtimes' WebCrypto does. */
export async function smokeFullCost() {
  const stored =
    "iY63KpOTiuMBN7XqdfDNOWdBQUFBQUJyQWdwTlE1OFJzTGpwSXBVdkwtbzlKUDhKd2U0T3VZV0RQbTN1NzFqYzUzNkoz" +
    "QjRseThQNWlrMGN2eFFla2RQblVhZ05fdFhoa1FlUmtGT0RSMHZaTXdVd18yNTIwOUxzaGUxanJ5akVwajZxSjhvPQ==";
  assertEqual(await decrypt(stored, "S3CreT!"), "This is a secret message!", "decrypt of Flet's");
  const own = await encrypt("an API token", "correct horse");
  assertEqual(await decrypt(own, "correct horse"), "an API token", "decrypt at full cost");
  const key = await pbkdf2("passwd", "salt", { iterations: 100_000 });
  assertEqual(
    toHex(key),
    "15361a12e9cdf546262d468fe84b03a9bdc1e711b99d0429db9f8d9167e52366",
    "pbkdf2 of 100,000 iterations",
  );
}
