/**
 * The installed npm package in Vercel's edge runtime, as Next.js sets it up: a
 * `process` whose functions throw when they are called, and no WebAssembly
 * compiled from bytes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as esbuild from "esbuild";
import {
  HAS_NPM,
  installedPackage,
  mustRun,
  NPM_REMEDY,
  programFile,
} from "../support/npm_package.ts";
import { hasProgram, testWithTool } from "../support/tools.ts";

const SCRIPT = `\
import { smoke } from "./npm_smoke.mjs";
globalThis.ran = smoke(BACKENDS);
`;

/** What a runtime's `process` does when \`getBuiltinModule\` is touched. */
const PROCESSES: Readonly<Record<string, string>> = {
  "no process": "undefined",
  "a process whose functions throw": `{
    env: {},
    getBuiltinModule() {
      throw new Error("A Node.js API is used which is not supported in the Edge Runtime");
    },
  }`,
  "a process whose properties throw": `new Proxy({ env: {} }, {
    get(target, name) {
      if (name in target) return target[name];
      throw new Error("A Node.js API is used which is not supported in the Edge Runtime");
    },
  })`,
};

/** Runs a bundle in the edge runtime, and prints what it says. */
function hostScript(process: string, wasm: boolean): string {
  return `\
import { readFileSync } from "node:fs";
import edge from ${JSON.stringify(programFile("edge-runtime/dist/index.js"))};

const runtime = new edge.EdgeRuntime({
  codeGeneration: { strings: false, wasm: ${wasm} },
  extend: (context) => Object.assign(context, { process: ${process} }),
});
runtime.evaluate(readFileSync("bundle.js", "utf8"));
console.log(await runtime.evaluate("ran"));
`;
}

async function bundle(project: string, backends: readonly string[]): Promise<string> {
  try {
    const { outputFiles: [script] } = await esbuild.build({
      stdin: { contents: SCRIPT, resolveDir: project },
      absWorkingDir: project,
      bundle: true,
      format: "iife",
      platform: "neutral",
      conditions: ["edge-light", "browser"],
      define: { BACKENDS: JSON.stringify(backends) },
      write: false,
    });
    return script.text;
  } finally {
    await esbuild.stop();
  }
}

const hasNode = HAS_NPM && await hasProgram("node");

for (const [what, process] of Object.entries(PROCESSES)) {
  for (const wasm of [false, true]) {
    const name = `npm package: edge-runtime, ${what}, ${wasm ? "with" : "without"} WebAssembly`;
    testWithTool(name, hasNode, `${NPM_REMEDY}, and Node`, async () => {
      const project = await installedPackage();
      const backends = [...wasm ? ["wasm"] : [], "webcrypto", "portable"];
      const folder = await Deno.makeTempDir({ dir: project });
      await Deno.writeTextFile(`${folder}/bundle.js`, await bundle(project, backends));
      await Deno.writeTextFile(`${folder}/host.mjs`, hostScript(process, wasm));
      assertEquals(await mustRun("node", ["host.mjs"], folder), `ran on ${backends.join(", ")}\n`);
    });
  }
}
