/**
 * The Python that has the `cryptography` of requirements.txt.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { hasProgram, ROOT, testWithTool } from "./tools.ts";

const [, pinned] = Deno.readTextFileSync(new URL("tests/requirements.txt", ROOT))
  .match(/^cryptography==(.*)$/m) ?? [];
/** Its path, where there is one. */
export const PYTHON: string | undefined = await findPython();

async function findPython(): Promise<string | undefined> {
  const check = `import cryptography; assert cryptography.__version__ == "${pinned}"`;
  for (const python of [fileURLToPath(new URL(".venv/bin/python", ROOT)), "python3"]) {
    if (await hasProgram(python, "-c", check)) return python;
  }
}

/** Registers a test that needs Python. */
export function testWithPython(
  name: string,
  body: (python: string) => void | Promise<void>,
): void {
  testWithTool(
    `Python: ${name}`,
    PYTHON !== undefined,
    "run `python3 -m venv .venv` and `.venv/bin/pip install -r tests/requirements.txt` in the project's folder",
    () => body(PYTHON!),
  );
}
