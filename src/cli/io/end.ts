/**
 * Ending the process.
 *
 * @module
 */

import { denoRuntime, nodeProcess } from "./process.ts";

const ENDING_SIGNALS: Readonly<Record<number, string>> = {
  129: "SIGHUP",
  130: "SIGINT",
  131: "SIGQUIT",
  143: "SIGTERM",
};

/** Ends the process with an exit code, or by the signal that the code stands for. */
export function endProcess(code: number): never {
  const deno = denoRuntime();
  // Deno would ask for a permission to send a signal.
  if (deno) return deno.exit(code);
  const process = nodeProcess();
  const signal = ENDING_SIGNALS[code];
  // If a thread of Node waits for a pipe, an exit would wait for that thread.
  if (signal && process.platform !== "win32") process.kill(process.pid, signal);
  return process.exit(code);
}
