/**
 * The Python that has what python/requirements.txt names, and a Java for Spark.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { hasProgram, ROOT, testWithTool } from "./tools.ts";

/** The package's folder. */
export const PACKAGE: URL = new URL("python/", ROOT);

const pins = Object.fromEntries(
  Deno.readTextFileSync(new URL("requirements.txt", PACKAGE)).matchAll(/^(\w+)==(.*)$/gm)
    .map(([, name, version]) => [name, version]),
);
const CHECK = `
from importlib.metadata import version
import cryptography
assert (version("wasmtime"), version("pyspark")) == ("${pins.wasmtime}", "${pins.pyspark}")`;

const python = await findPython();

async function findPython(): Promise<string | undefined> {
  for (const python of [fileURLToPath(new URL(".venv/bin/python", ROOT)), "python3"]) {
    if (await hasProgram(python, "-c", CHECK)) return python;
  }
}

/** Registers a test that needs the packages, and Java if it runs Spark. */
export async function testWithPackages(
  name: string,
  { java = false }: { java?: boolean },
  body: (python: string) => Promise<void>,
): Promise<void> {
  const packages = "python3 -m venv .venv && .venv/bin/pip install" +
    " -r tests/requirements.txt -r python/requirements.txt";
  testWithTool(
    `Python package: ${name}`,
    python !== undefined && (!java || await hasProgram("java", "-version")),
    `run \`${packages}\` in the project's folder${java ? ", and install a Java 17" : ""}`,
    () => body(python!),
  );
}
