/**
 * Seals or opens a file over and over, until it is killed:
 *
 *     deno run -A seal_again.ts {seal | open} INPUT OUTPUT
 *
 * It prints a line when it begins, and after each time.
 *
 * @module
 */

import { openFile, sealFile } from "@ironfern/ironfern/export";
import { KEY, open, seal } from "./sealed.ts";

const [what, input, output] = Deno.args;
const call = what === "seal" ? sealFile : openFile;
await open(await seal(new Uint8Array(1))); // loads everything
console.log("begins");
for (;;) {
  await call(input, output, { key: KEY });
  console.log("again");
}
