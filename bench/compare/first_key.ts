/**
 * Prints the milliseconds that one PBKDF2 key of 600,000 iterations takes, import
 * included, in the fresh process that this is: of the package that the one argument
 * names, or of the program that one writes with WebCrypto.
 *
 * @module
 */

import process from "node:process";

const ITERATIONS = 600_000;
const SALT = new Uint8Array(16);

const FIRST_KEY: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  async "@ironfern/ironfern"() {
    const { pbkdf2 } = await import("@ironfern/ironfern");
    return await pbkdf2("password", SALT, { iterations: ITERATIONS });
  },
  async WebCrypto() {
    const { subtle } = crypto;
    const password = new TextEncoder().encode("password");
    const key = await subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const parameters = { name: "PBKDF2", hash: "SHA-256", salt: SALT, iterations: ITERATIONS };
    return new Uint8Array(await subtle.deriveBits(parameters, key, 256));
  },
};

const start = performance.now();
const key = await FIRST_KEY[process.argv[2]]();
const elapsed = performance.now() - start;
if (key.length !== 32) throw new Error("No key was made");
console.log(elapsed);
