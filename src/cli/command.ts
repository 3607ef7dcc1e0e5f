/**
 * A subcommand: its table, and what it does.
 *
 * @module
 */

import type { Context } from "./context.ts";
import type { CommandSpec } from "./spec/command.ts";

/** A subcommand. */
export interface Command extends CommandSpec {
  /** Does it. What it needs of the library it imports here, so that `--help` is fast. */
  run(context: Context): Promise<void>;
}
