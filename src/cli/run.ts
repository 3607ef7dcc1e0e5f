/**
 * Running a subcommand.
 *
 * @module
 */

import { removeTemporaries } from "../files/replace_file.ts";
import { parseArguments } from "./spec/args.ts";
import type { Command } from "./command.ts";
import { Context } from "./context.ts";
import { describe } from "./describe.ts";
import { endProcess } from "./io/end.ts";
import {
  ClosedOutput,
  EXIT,
  Interrupted,
  type SignalName,
  SIGNALS,
  UsageError,
} from "./failures.ts";
import { stdoutFailed } from "./io/output.ts";
import { type NodeProcess, nodeProcess } from "./io/process.ts";
import { Report } from "./io/report.ts";

/**
 * Runs a subcommand to its end.
 *
 * @param command The subcommand.
 * @param args What follows its name.
 * @returns The exit code.
 */
export async function run(command: Command, args: readonly string[]): Promise<number> {
  const process = listeningProcess();
  const stop = new AbortController();
  const listeners = SIGNALS
    // Windows has no SIGQUIT.
    .filter((name) => name !== "SIGQUIT" || process.platform !== "win32")
    .map((name) => [name, () => interrupt(name)] as const);
  const unlisten = () => {
    for (const listener of listeners) process.off(...listener);
  };
  const interrupt = (signal: SignalName) => {
    const interrupted = new Interrupted(signal);
    if (stop.signal.aborted) {
      // Whoever sends a second one does not want to wait.
      unlisten();
      removeTemporaries();
      endProcess(interrupted.exit);
    }
    stop.abort(interrupted);
  };
  for (const listener of listeners) process.on(...listener);
  try {
    return await runUntil(stop.signal, command, args);
  } finally {
    unlisten();
  }
}

async function runUntil(
  signal: AbortSignal,
  command: Command,
  args: readonly string[],
): Promise<number> {
  const process = nodeProcess();
  let report = new Report(process, { json: args.includes("--json"), quiet: false });
  let context: Context | undefined;
  try {
    const parsed = parseArguments(command, args);
    report = new Report(process, { json: parsed.has("json"), quiet: parsed.has("quiet") });
    context = new Context(process, parsed, report, signal);
    await command.run(context);
    return EXIT.done;
  } catch (error) {
    // After an abort, other errors are only its consequences.
    return await fail(signal.aborted ? signal.reason : error, report);
  } finally {
    context?.wipe();
  }
}

/** The process. Its streams do not throw: each write reports its own failure. */
function listeningProcess(): NodeProcess {
  const process = nodeProcess();
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  return process;
}

async function fail(error: unknown, report: Report): Promise<number> {
  if (error instanceof Interrupted) return error.exit;
  if (error instanceof ClosedOutput) return EXIT.closedOutput;
  const { text, exit, details } = describe(error);
  await report.error(text, details);
  return exit;
}

/**
 * Says that there is no such subcommand.
 *
 * @returns The exit code.
 */
export async function complain(text: string, args: readonly string[]): Promise<number> {
  return await fail(new UsageError(text), bareReport(args));
}

/**
 * Says that a text could not be printed.
 *
 * @returns The exit code.
 */
export async function complainOfStdout(cause: Error): Promise<number> {
  try {
    stdoutFailed(cause);
  } catch (error) {
    return await fail(error, bareReport([]));
  }
}

function bareReport(args: readonly string[]): Report {
  return new Report(listeningProcess(), { json: args.includes("--json"), quiet: false });
}
