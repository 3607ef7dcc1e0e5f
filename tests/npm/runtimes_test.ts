/**
 * The installed npm package in Node and in Bun.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  findBinary,
  HAS_NPM,
  installedPackage,
  mustRun,
  NPM_REMEDY,
} from "../support/npm_package.ts";
import { hasProgram, testWithTool } from "../support/tools.ts";

const SCRIPT = `\
import { smoke, smokeFullCost, smokeWorkers } from "./npm_smoke.mjs";
console.log(await smoke(["wasm", "webcrypto", "node", "portable"]));
console.log("workers started:", await smokeWorkers(true));
await smokeFullCost();
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

testWithTool("npm package: Bun", bun !== undefined, NPM_REMEDY, () => runSmoke(bun ?? ""));
