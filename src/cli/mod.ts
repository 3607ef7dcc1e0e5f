/**
 * The command `ironfern`: sealed exports, rows, columns and single values from a
 * terminal.
 *
 * ```sh
 * deno run --allow-read=. --allow-write=. jsr:@ironfern/ironfern/cli seal dump.sql -o dump.sealed
 * ```
 *
 * `ironfern --help` lists its subcommands.
 *
 * @module
 */

import { endProcess } from "./io/end.ts";
import { denoRuntime, nodeProcess } from "./io/process.ts";
import { print } from "./io/print.ts";
import { VERSION } from "./version.ts";

/**
 * Runs the command.
 *
 * It reads the standard input where the arguments say so, writes to the standard
 * output and error, and ends early at SIGINT, SIGTERM, SIGHUP and SIGQUIT. A second
 * signal ends the process. Otherwise the process goes on: the caller exits with the
 * code.
 *
 * @param args The arguments, without the program's name.
 * @returns The exit code: 0 done, 1 failed, 2 wrong usage, 3 a wrong secret or
 * data that was tampered with; 141 if nobody reads the standard output any more,
 * and for a signal 128 and its number.
 *
 * @example Print the version
 * ```ts
 * import { main } from "@ironfern/ironfern/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await main(["--version"]), 0);
 * ```
 */
export async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "--version" || args[0] === "-V") return await print(`${VERSION}\n`);
  const { dispatch } = await import("./dispatch.ts");
  return await dispatch(args);
}

/**
 * Runs the command as this process, and ends it.
 *
 * @example A program of its own
 * ```ts ignore
 * import { runProgram } from "@ironfern/ironfern/cli";
 *
 * await runProgram();
 * ```
 */
export async function runProgram(): Promise<never> {
  const deno = denoRuntime();
  if (deno) return endProcess(await main(deno.args));
  // In Deno this property takes as long to read as all the rest of the start.
  return endProcess(await main(nodeProcess().argv.slice(2)));
}

if (import.meta.main) runProgram();
