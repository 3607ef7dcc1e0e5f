/**
 * The stores of Node and Bun, with the installed npm package.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as esbuild from "esbuild";
import {
  findBinary,
  HAS_NPM,
  installedPackage,
  mustRun,
  NPM_REMEDY,
} from "../support/npm_package.ts";
import { inFolder } from "../support/storage_child.ts";
import { hasProgram, testWithTool } from "../support/tools.ts";
import { CONTRACT } from "./contract.ts";

const SCRIPT = `\
import { folder, sqlite } from "@ironfern/ironfern/storage";
import { runContract } from "./storage_contract.mjs";

const place = process.argv[2];
const stores = { Map: new Map(), folder: folder(place + "/folder") };
if (process.versions.bun) {
  const { Database } = await import("bun:sqlite");
  stores["bun:sqlite"] = sqlite(new Database(place + "/secrets.db"));
}
for (const [name, store] of Object.entries(stores)) console.log(name, await runContract(store));
process.exit();
`;

async function runStores(program: string, stores: readonly string[]): Promise<void> {
  const project = await installedPackage();
  const source = await Deno.readTextFile(new URL("contract.ts", import.meta.url));
  try {
    const { code } = await esbuild.transform(source, { loader: "ts", format: "esm" });
    await Deno.writeTextFile(`${project}/storage_contract.mjs`, code);
    await Deno.writeTextFile(`${project}/storage.mjs`, SCRIPT);
  } finally {
    await esbuild.stop();
  }
  await inFolder(async (path) => {
    const printed = await mustRun(program, ["storage.mjs", path], project);
    assertEquals(printed, stores.map((name) => `${name} ${CONTRACT.length}\n`).join(""));
  });
}

const hasNode = HAS_NPM && await hasProgram("node");
const bun = await findBinary("@oven", "bun");

testWithTool(
  "Stores in Node: the contract",
  hasNode,
  `${NPM_REMEDY}, and Node`,
  () => runStores("node", ["Map", "folder"]),
);

testWithTool(
  "Stores in Bun: the contract",
  bun !== undefined,
  NPM_REMEDY,
  () => runStores(bun ?? "", ["Map", "folder", "bun:sqlite"]),
);
