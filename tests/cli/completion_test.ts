/**
 * The shells' completions.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands/mod.ts";
import { HELP } from "../../src/cli/spec/options.ts";
import { SCRIPTS } from "../../src/cli/spec/completion_scripts.ts";
import { testCli } from "../support/cli.ts";
import { hasProgram, run, testWithTool } from "../support/tools.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

async function withScript(
  shell: typeof SHELLS[number],
  body: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, SCRIPTS[shell](COMMANDS));
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

/** What a shell offers after these words, the last one begun. */
const OFFERS: readonly [string, readonly string[]][] = [
  ["ironfern se", ["seal"]],
  ["ironfern lines ", ["decrypt", "encrypt"]],
  ["ironfern fields decrypt --fo", ["--force", "--format"]],
  ["ironfern fields encrypt --format ", ["csv", "jsonl"]],
  ["ironfern completion ", ["bash", "fish", "zsh"]],
  ["ironfern seal --passphrase-env IRONFERN_COMPL", ["IRONFERN_COMPLETED"]],
  ["ironfern seal data --key", ["--key-env", "--key-file"]],
];
const env = { IRONFERN_COMPLETED: "1" };

testCli("completion prints the scripts", async (cli) => {
  for (const shell of SHELLS) {
    assertEquals(await cli.mustRun(["completion", shell]), SCRIPTS[shell](COMMANDS));
  }
});

Deno.test("every command and option is in every completion", () => {
  for (const shell of SHELLS) {
    const script = SCRIPTS[shell](COMMANDS);
    for (const { name, options } of COMMANDS) {
      // Of bash and zsh a command's options stand on its own lines.
      const lines = shell === "fish"
        ? script.split("\n").filter((line) => line.includes(`'__ironfern_is ${name}'`)).join("\n")
        : script.slice(script.lastIndexOf(`\n    '${name}')`)).split(" ;;")[0];
      for (const option of [...options, HELP]) {
        const word = shell === "fish" ? `-l ${option.name} ` : `--${option.name}`;
        assert(lines.includes(word), `${shell}: ${name} --${option.name}`);
        if (option.short) {
          assert(lines.includes(`${shell === "fish" ? "-s " : "-"}${option.short}`));
        }
      }
    }
  }
});

for (const shell of SHELLS) {
  const available = await hasProgram(shell);
  testWithTool(`the completion's syntax, ${shell}`, available, `needs ${shell}`, async () => {
    await withScript(shell, async (path) => {
      const { success, stderr } = await run(shell, ["-n", path]);
      assertEquals([success, stderr], [true, ""]);
    });
  });
}

testWithTool("what bash offers", await hasProgram("bash"), "needs bash", async () => {
  await withScript("bash", async (path) => {
    for (const [line, offered] of OFFERS) {
      const words = line.split(" ");
      const script = `source ${path}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ironfern
        printf '%s\\n' "\${COMPREPLY[@]}" | sort`;
      const { stdout, stderr } = await run("bash", ["-c", script, "bash", ...words], { env });
      assertEquals([stdout.trim().split("\n"), stderr], [[...offered], ""], line);
    }
  });
});

testWithTool("what fish offers", await hasProgram("fish"), "needs fish", async () => {
  await withScript("fish", async (path) => {
    for (const [line, offered] of OFFERS) {
      const script = `source ${path}; complete -C '${line}'`;
      const { stdout, stderr } = await run("fish", ["--no-config", "-c", script], { env });
      const words = stdout.trim().split("\n").map((word) => word.split("\t")[0]);
      assertEquals([words.sort(), stderr], [[...offered], ""], line);
    }
  });
});
