/**
 * The KDF lab: a page that measures what a key costs in a browser.
 *
 *     deno run -A lab/mod.ts [--port N] [--build FOLDER]
 *
 * It is built and served on this machine; with `--build`, written to a folder as
 * static files instead, which any server can serve.
 *
 * @module
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildLab } from "./build.ts";
import { serveLab } from "./serve.ts";

const { values: { port, build } } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    build: { type: "string" },
  },
});
/** Ends with a line that says why. */
function fail(why: string): never {
  console.error(`error: ${why}`);
  Deno.exit(1);
}

function serve(files: Awaited<ReturnType<typeof buildLab>>): void {
  try {
    const { addr } = serveLab(files, { port: Number(port) });
    console.log(`The KDF lab is at http://localhost:${addr.port}/ until Ctrl+C`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    fail(`Cannot serve the lab on port ${port}: it is in use, so name another one with --port`);
  }
}

if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
  fail(`Cannot use --port ${port}: expected an integer from 0 to 65535`);
}
const files = await buildLab();
if (build === undefined) {
  serve(files);
} else {
  await Deno.mkdir(build, { recursive: true });
  for (const [name, bytes] of files) {
    await Deno.writeFile(join(build, name), bytes);
    console.log(`${join(build, name)}  ${(bytes.length / 1_024).toFixed(1)} KiB`);
  }
}
