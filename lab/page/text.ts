/**
 * Numbers as the page shows them, each with its unit, and the code that it offers.
 *
 * @module
 */

import type { BackendName, Calibration, Hash } from "../../mod.ts";

/** What each backend is called on the page. */
export const WAYS: Readonly<Record<BackendName, string>> = {
  wasm: "WebAssembly",
  webcrypto: "WebCrypto",
  node: "node:crypto",
  portable: "pure TypeScript",
};

/** An integer with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}

/** Milliseconds in three digits or so: "248 ms", "1.27 s". */
export function duration(milliseconds: number): string {
  const [value, unit] = milliseconds < 1_000 ? [milliseconds, "ms"] : [milliseconds / 1_000, "s"];
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })
  } ${unit}`;
}

/** Milliseconds as they were asked for: "2.5 ms", "60 s". */
export function shortDuration(milliseconds: number): string {
  const [value, unit] = milliseconds < 1_000 ? [milliseconds, "ms"] : [milliseconds / 1_000, "s"];
  return `${value.toLocaleString("en", { maximumSignificantDigits: 3 })} ${unit}`;
}

/** Iterations a second, in millions. */
export function speed(iterationsPerSecond: number): string {
  return `${(iterationsPerSecond / 1e6).toFixed(2)} M/s`;
}

/** A share in percent. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** A number as TypeScript writes it, with its thousands apart. */
function literal(value: number): string {
  return count(value).replaceAll(",", "_");
}

/** Code that uses the count, and finds it again. */
export function snippet({ recommended, hash }: Calibration): string {
  return hash === "SHA-256"
    ? fernetCode(literal(recommended))
    : keyCode(literal(recommended), hash);
}

function fernetCode(iterations: string): string {
  return `import { Fernet } from "jsr:@ironfern/ironfern";

const passphrase = "the passphrase";

// Once: store the salt and the iterations beside the tokens.
const salt = crypto.getRandomValues(new Uint8Array(16));
const iterations = ${iterations};
const fernet = await Fernet.fromPassphrase(passphrase, { salt, iterations });
const token = fernet.encrypt("4111 1111 1111 1111");
const stored = JSON.stringify({ salt: [...salt], iterations, token });

// Later, whatever the count is by then:
const found = JSON.parse(stored);
const again = await Fernet.fromPassphrase(passphrase, {
  salt: Uint8Array.from(found.salt),
  iterations: found.iterations,
});
console.log(again.decryptText(found.token));
`;
}

/** `Fernet.fromPassphrase` has SHA-256 only. */
function keyCode(iterations: string, hash: Hash): string {
  return `import { Fernet, pbkdf2 } from "jsr:@ironfern/ironfern";

const passphrase = "the passphrase";
const hash = "${hash}";

// Once: store the salt and the iterations beside the tokens.
const salt = crypto.getRandomValues(new Uint8Array(16));
const iterations = ${iterations};
const key = await pbkdf2(passphrase, salt, { iterations, hash });
const token = new Fernet(key).encrypt("4111 1111 1111 1111");
const stored = JSON.stringify({ salt: [...salt], iterations, token });

// Later, whatever the count is by then:
const found = JSON.parse(stored);
const again = await pbkdf2(passphrase, Uint8Array.from(found.salt), {
  iterations: found.iterations,
  hash,
});
console.log(new Fernet(again).decryptText(found.token));
`;
}
