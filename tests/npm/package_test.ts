/**
 * The npm package where it has to run. One test file, so that the package is
 * built and installed once.
 */

import "./browser.ts";
import "./bundles.ts";
import "./runtimes.ts";
import "./types.ts";
import "./workerd.ts";
