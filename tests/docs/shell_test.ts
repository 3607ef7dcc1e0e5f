/**
 * The lines for a terminal in README.md and docs/command-line.md, as they stand
 * there but for the alias: `ironfern` is the command in the sources.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { PROGRAM } from "../support/cli.ts";
import { PYTHON } from "../support/python.ts";
import { ROOT, run, testWithTool } from "../support/tools.ts";

const PASSPHRASE = "correct horse battery staple";
const IRONFERN = `set -e
ironfern() { '${Deno.execPath()}' run -A --quiet --no-check '${PROGRAM}' "$@"; }
`;

/** The blocks of a document that use the command. */
async function blocks(document: string): Promise<string[]> {
  const text = await Deno.readTextFile(new URL(document, ROOT));
  return Array.from(
    text.matchAll(/^```sh\n(.*?)^```/gms),
    ([, lines]) => lines.replaceAll(/^alias .*$/gm, ""),
  ).filter((lines) => /^ironfern /m.test(lines));
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("docs: the examples of the command run", async () => {
  const examples = await blocks("docs/command-line.md");
  assert(examples.length >= 4);
  for (const example of examples) {
    await inFolder(async (cwd) => {
      const { success, stderr } = await run("bash", ["-c", IRONFERN + example], { cwd });
      assert(success, `${example}\n${stderr}`);
    });
  }
});

testWithTool("docs: the terminal of README.md", PYTHON !== undefined, "needs Python", async () => {
  const [example] = await blocks("README.md");
  await inFolder(async (cwd) => {
    const types = [": ", "again: ", ": ", ": "]
      .map((expect) => ({ expect, send: `${PASSPHRASE}\r` }));
    const job = { args: ["bash", "-c", IRONFERN + example], cwd, steps: types };
    await Deno.writeTextFile(`${cwd}/job.json`, JSON.stringify(job));
    const { stdout } = await run(PYTHON!, ["tests/support/on_terminal.py", `${cwd}/job.json`]);
    const { code, output } = JSON.parse(stdout);
    assertEquals(code, 0, output);
    assertEquals(
      await Deno.readTextFile(`${cwd}/copy.sql`),
      await Deno.readTextFile(`${cwd}/dump.sql`),
    );
  });
});
