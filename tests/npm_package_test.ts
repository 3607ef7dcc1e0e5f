/**
 * The npm package where it has to run. One test file, so that the package is
 * built and installed once.
 */

import "./npm/browser.ts";
import "./npm/bundles.ts";
import "./npm/runtimes.ts";
import "./npm/types.ts";
import "./npm/workerd.ts";
