/**
 * The command `ironfern`. One test file, so that the npm package is built and
 * installed once.
 */

import "./cli/bad_use.ts";
import "./cli/commands.ts";
import "./cli/completion.ts";
import "./cli/help.ts";
import "./cli/kdf.ts";
import "./cli/outputs.ts";
import "./cli/permissions.ts";
import "./cli/signals.ts";
import "./cli/terminal.ts";
