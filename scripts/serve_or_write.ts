/**
 * The command line of what is built into static files: served on this machine, or
 * written to a folder.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { serveFiles, type ServeFilesOptions } from "./serve_files.ts";

type Files = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Ends with a line that says why. */
function fail(why: string): never {
  console.error(`error: ${why}`);
  Deno.exit(1);
}

async function write(files: Files, folder: string): Promise<void> {
  let bytes = 0;
  for (const [name, content] of files) {
    const path = join(folder, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeFile(path, content);
    bytes += content.length;
  }
  console.log(`${files.size} files in ${folder}, ${(bytes / 1_024).toFixed(1)} KiB`);
}

/**
 * Serves or writes files, as the arguments `--port N` and `--build FOLDER` say.
 *
 * @param what What they are, as within a sentence: "the KDF lab".
 * @param options The port without `--port`, and headers beside the server's own.
 */
export async function serveOrWrite(
  what: string,
  build: () => Promise<Files>,
  { port: usualPort, headers }: ServeFilesOptions,
): Promise<void> {
  const { values: { port, build: folder } } = parseArgs({
    options: {
      port: { type: "string", default: String(usualPort) },
      build: { type: "string" },
    },
  });
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    fail(`Cannot use --port ${port}: expected an integer from 0 to 65535`);
  }
  const files = await build();
  if (folder !== undefined) return await write(files, folder);
  try {
    const { addr } = serveFiles(files, { port: Number(port), headers });
    // A passkey is for a name, and not for an address.
    console.log(
      `${what[0].toUpperCase()}${what.slice(1)} is at http://localhost:${addr.port}/ until Ctrl+C`,
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    fail(`Cannot serve ${what} on port ${port}: it is in use, so name another one with --port`);
  }
}
