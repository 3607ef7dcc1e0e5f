/**
 * A subcommand: its table, and what it does.
 *
 * @module
 */

import type { Context } from "./context.ts";
import type { CommandSpec } from "./spec/command.ts";

/** A subcommand. */
export interface Command extends CommandSpec {
  /** Runs it. It imports the library only here, so that `--help` is fast. */
  run(context: Context): Promise<void>;
}
