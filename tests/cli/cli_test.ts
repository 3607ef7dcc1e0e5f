/**
 * The command `ironfern`. One test file, so that the npm package is built and
 * installed once.
 */

import "./bad_use.ts";
import "./commands.ts";
import "./completion.ts";
import "./help.ts";
import "./kdf.ts";
import "./outputs.ts";
import "./permissions.ts";
import "./signals.ts";
import "./terminal.ts";
