/**
 * The main job on real data: a passphrase becomes a key, every row of an export
 * is encrypted, decrypted and compared, on each backend, on one core and on all;
 * so are some of its columns, and the whole as a sealed file; values go from Flet
 * to here and from here to Flet.
 *
 * @module
 */

import { pbkdf2 } from "@ironfern/ironfern";
import { readTable, TABLES } from "./data.ts";
import { fields } from "./fields.ts";
import { rows } from "./rows.ts";
import { sealed } from "./sealed.ts";
import { fletBothWays, upgraded } from "./values.ts";

const PASSPHRASE = "correct horse battery staple";
const ITERATIONS = 600_000;

console.log(
  `A key from a passphrase: PBKDF2-HMAC-SHA256, ${ITERATIONS.toLocaleString("en")} iterations`,
);
const start = performance.now();
const salt = crypto.getRandomValues(new Uint8Array(16));
const key = await pbkdf2(PASSPHRASE, salt, { iterations: ITERATIONS });
console.log(`  ${(performance.now() - start).toFixed(0)} ms on the backend that "auto" chose`);

const [flights, birdstrikes] = await Promise.all(TABLES.map(readTable));
const results = [
  await rows(key, flights),
  await rows(key, birdstrikes),
  await fields(key, birdstrikes),
  await sealed(flights),
  await fletBothWays(),
  await upgraded(),
];
const same = results.every(Boolean);
console.log(same ? "Every byte came back." : "FAILED: bytes differ.");
if (!same) Deno.exit(1);
