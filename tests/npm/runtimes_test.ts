/**
 * The installed npm package in Node and in Bun.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  findBinary,
  findLowestNode,
  HAS_NPM,
  installedPackage,
  mustRun,
  NPM_REMEDY,
} from "../support/npm_package.ts";
import { hasProgram, testWithTool } from "../support/tools.ts";

const SCRIPT = `\
import { smoke, smokeFiles, smokeFullCost, smokeWorkers } from "./npm_smoke.mjs";
console.log(await smoke(["wasm", "webcrypto", "node", "portable"]));
console.log("workers started:", await smokeWorkers(true));
await smokeFullCost();
await smokeFiles();
`;

async function runSmoke(program: string): Promise<void> {
  const project = await installedPackage();
  await Deno.writeTextFile(`${project}/smoke.mjs`, SCRIPT);
  const printed = await mustRun(program, ["smoke.mjs"], project);
  assertEquals(printed, "ran on wasm, webcrypto, node, portable\nworkers started: 2\n");
}

const hasNode = HAS_NPM && await hasProgram("node");
const bun = await findBinary("@oven", "bun");

testWithTool("npm package: Node", hasNode, `${NPM_REMEDY}, and Node`, () => runSmoke("node"));

testWithTool("npm package: require() in Node", hasNode, `${NPM_REMEDY}, and Node`, async () => {
  const code = 'console.log(typeof require("@ironfern/ironfern").encrypt)';
  assertEquals((await mustRun("node", ["-e", code], await installedPackage())).trim(), "function");
});

const lowestNode = await findLowestNode();

testWithTool(
  "npm package: the lowest Node that engines allows imports it",
  lowestNode !== undefined,
  NPM_REMEDY,
  async () => {
    const node = lowestNode ?? "";
    const project = await installedPackage();
    const manifest = `${project}/node_modules/@ironfern/ironfern/package.json`;
    const { engines } = JSON.parse(await Deno.readTextFile(manifest));
    const version = (await mustRun(node, ["--version"])).trim().slice(1);
    // It has `process.getBuiltinModule` from here on, in either line.
    assertEquals(engines.node, `^${version} || >=22.3.0`);
    await runSmoke(node);
    // Programs in CommonJS have no `require()` for it before 20.19, but this.
    const code = `import("@ironfern/ironfern").then(({ Fernet }) => console.log(typeof Fernet))`;
    assertEquals((await mustRun(node, ["-e", code], project)).trim(), "function");
  },
);

testWithTool("npm package: Bun", bun !== undefined, NPM_REMEDY, () => runSmoke(bun ?? ""));
