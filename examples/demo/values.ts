/**
 * Values under a passphrase, in Flet's format: both ways with Flet, and many of
 * them upgraded at once.
 *
 * @module
 */

import { decrypt, decryptMany, encrypt, encryptMany, upgradeMany } from "@ironfern/ironfern";
import flet from "../../vectors/make/given/flet_encrypt.json" with { type: "json" };
import { pythonDecrypt } from "./flet.ts";
import { measured, THREADS } from "./measured.ts";

const PASSPHRASE = "correct horse battery staple";
const OLD_ITERATIONS = 100_000;
const VALUES = 16;

/** A value of Flet's, and one for it. */
export async function fletBothWays(): Promise<boolean> {
  console.log("A value of Flet's format");
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

/** Old values become new ones: a derivation of 100,000 and one of 600,000 each. */
export async function upgraded(): Promise<boolean> {
  console.log(`${VALUES} values of an old Flet's, upgraded from 100,000 to 600,000 iterations`);
  const texts = Array.from({ length: VALUES }, (_, index) => `secret ${index}`);
  const old = await encryptMany(texts, PASSPHRASE, { iterations: OLD_ITERATIONS });
  let same = true;
  for (const [cores, workers] of Object.entries(THREADS)) {
    for (const backend of ["wasm", "auto"] as const) {
      const results = await measured(
        `  ${cores.padEnd(9)} ${backend.padEnd(9)} upgradeMany`,
        { count: VALUES, unit: "values" },
        (onProgress) => upgradeMany(old, PASSPHRASE, { workers, backend, onProgress }),
      );
      const values = results.map(({ value }) => value);
      const back = await decryptMany(values, PASSPHRASE, { iterations: 600_000 });
      same = results.every(({ upgraded }) => upgraded) && back.join() === texts.join() && same;
    }
  }
  if (!same) console.error("  FAILED: a value was not upgraded, or differs");
  return same;
}
