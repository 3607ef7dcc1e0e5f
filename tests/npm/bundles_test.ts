/**
 * What the published bundles must not hold: a build script that no longer finds a
 * file it replaces would put it there without a word.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { KERNEL_BASE64 } from "../../src/kernel/kernel_bytes.generated.ts";
import { HAS_NPM, installedPackage, NPM_REMEDY } from "../support/npm_package.ts";
import { testWithTool } from "../support/tools.ts";

/** A function of @noble's AES. */
const NOBLE = "function expandKeyLE";
/** @noble's code as the build defers it: in a function that is called when it is wanted. */
const DEFERRED = /^var load\d* = \(\) => \{.*?^\};/gms;

async function scripts(folder: string): Promise<Map<string, string>> {
  const path = `${await installedPackage()}/node_modules/@ironfern/ironfern/${folder}`;
  const texts = new Map<string, string>();
  for await (const { name } of Deno.readDir(path)) {
    if (name.endsWith(".js")) texts.set(name, await Deno.readTextFile(`${path}/${name}`));
  }
  return texts;
}

function names(texts: Map<string, string>, part: string): string[] {
  return [...texts].filter(([, text]) => text.includes(part)).map(([name]) => name);
}

testWithTool(
  "npm package: the kernel's text is in no bundle for workerd",
  HAS_NPM,
  NPM_REMEDY,
  async () => {
    const kernel = KERNEL_BASE64.slice(0, 1_000);
    assertEquals(names(await scripts("dist/workerd"), kernel), []);
    assertEquals(names(await scripts("dist"), kernel).length, 1);
  },
);

testWithTool(
  "npm package: no bundle evaluates @noble when it is imported",
  HAS_NPM,
  NPM_REMEDY,
  async () => {
    for (const folder of ["dist", "dist/workerd"]) {
      const texts = await scripts(folder);
      const evaluated = new Map(
        [...texts].map(([name, text]) => [name, text.replace(DEFERRED, "")]),
      );
      assert(names(texts, NOBLE).length > 0);
      assertEquals(names(evaluated, NOBLE), []);
    }
  },
);
