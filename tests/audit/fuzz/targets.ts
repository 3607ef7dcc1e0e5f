/**
 * All targets.
 *
 * @module
 */

import type { Target } from "./run.ts";
import { argsTarget } from "./targets/args.ts";
import { kernelTarget } from "./targets/kernel.ts";
import { pycaTarget } from "./targets/pyca.ts";
import { csvTarget, jsonlTarget } from "./targets/rows.ts";
import { sealedTarget } from "./targets/sealed.ts";
import { storageTarget } from "./targets/storage.ts";
import { tokensTarget } from "./targets/tokens.ts";

/** The targets. */
export const TARGETS: readonly Target[] = [
  tokensTarget,
  pycaTarget,
  sealedTarget,
  csvTarget,
  jsonlTarget,
  argsTarget,
  kernelTarget,
  storageTarget,
];
