/**
 * The installed npm package in workerd, with Cloudflare's limits.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { findBinary, installedPackage, mustRun, NPM_REMEDY } from "../support/npm_package.ts";
import { testWithTool } from "../support/tools.ts";

/**
 * A deployed Worker's clock stands still while its code runs, and its PBKDF2
 * ends at 100,000 iterations. workerd has neither limit, so they are made here.
 */
const SCRIPT = `\
import { smoke, smokeFullCost, smokeWorkers } from "./npm_smoke.mjs";

const capped = (derive, iterationsOf) => (...call) => {
  if (iterationsOf(...call) > 100_000) throw new DOMException("capped", "NotSupportedError");
  return derive(...call);
};
const { subtle } = crypto;
subtle.deriveBits = capped(subtle.deriveBits.bind(subtle), ({ iterations }) => iterations);
const node = globalThis.process?.getBuiltinModule?.("node:crypto");
for (const name of node ? ["pbkdf2", "pbkdf2Sync"] : []) {
  node[name] = capped(node[name], (password, salt, iterations) => iterations);
}

export default {
  async test(controller, { BACKENDS }) {
    const now = performance.now();
    performance.now = () => now;
    await smoke(BACKENDS);
    await smokeFullCost();
    if (!BACKENDS.includes("wasm")) return;
    const started = await smokeWorkers(false);
    if (started > 0) throw new Error("there are workers on Cloudflare: " + started);
  },
};
`;

/** How a Worker was built, and since when it has not been looked after. */
interface Worker {
  readonly conditions: string[];
  readonly compatibilityDate: string;
  readonly backends: readonly string[];
}

const WORKERS: Readonly<Record<string, Worker>> = {
  "the workerd build": {
    conditions: ["workerd"],
    compatibilityDate: "2026-11-01",
    backends: ["wasm", "webcrypto", "node", "portable"],
  },
  "the workerd build, with neither node:crypto nor MessageChannel": {
    conditions: ["workerd"],
    compatibilityDate: "2024-01-01",
    backends: ["wasm", "webcrypto", "portable"],
  },
  // As from JSR, whose packages have no conditions.
  "the build for all runtimes": {
    conditions: [],
    compatibilityDate: "2026-11-01",
    backends: ["wasm", "webcrypto", "node", "portable"],
  },
  "the build for all runtimes, where WebAssembly is never compiled": {
    conditions: [],
    compatibilityDate: "2024-01-01",
    backends: ["webcrypto", "portable"],
  },
};

const kernelFile: esbuild.Plugin = {
  name: "kernel-file",
  setup(build) {
    build.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, external: true }));
  },
};

async function bundleWorker(project: string, conditions: string[]): Promise<string> {
  try {
    const { outputFiles: [script] } = await esbuild.build({
      stdin: { contents: SCRIPT, resolveDir: project },
      absWorkingDir: project,
      bundle: true,
      format: "esm",
      platform: "neutral",
      conditions,
      plugins: [kernelFile],
      write: false,
    });
    return script.text;
  } finally {
    await esbuild.stop();
  }
}

function configuration({ compatibilityDate, backends }: Worker): string {
  return `\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .worker)]);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "kernel.wasm", wasm = embed "kernel.wasm")
  ],
  bindings = [(name = "BACKENDS", json = ${JSON.stringify(JSON.stringify(backends))})],
  compatibilityDate = "${compatibilityDate}"
);
`;
}

const workerd = await findBinary("@cloudflare", "workerd");

for (const [name, worker] of Object.entries(WORKERS)) {
  testWithTool(`npm package: workerd, ${name}`, workerd !== undefined, NPM_REMEDY, async () => {
    const project = await installedPackage();
    const folder = await Deno.makeTempDir({ dir: project });
    await Deno.writeTextFile(
      `${folder}/worker.js`,
      await bundleWorker(project, worker.conditions),
    );
    await Deno.copyFile(
      `${project}/node_modules/@ironfern/ironfern/dist/workerd/kernel.wasm`,
      `${folder}/kernel.wasm`,
    );
    await Deno.writeTextFile(`${folder}/config.capnp`, configuration(worker));
    await mustRun(workerd ?? "", ["test", "config.capnp"], folder);
  });
}
