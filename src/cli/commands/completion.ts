/**
 * `ironfern completion`
 *
 * @module
 */

import type { CommandSpec } from "../spec/command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** Prints a shell's completion. */
export const completion: CommandSpec = {
  name: "completion",
  summary: "print the completion for bash, zsh or fish",
  about: ["Prints a script that completes commands, options and files."],
  operand: { name: "SHELL", required: true, choices: SHELLS, help: "bash, zsh or fish" },
  options: [],
  examples: [
    "ironfern completion bash > ~/.local/share/bash-completion/completions/ironfern",
    "ironfern completion zsh > ~/.zfunc/_ironfern   # a folder of fpath",
    "ironfern completion fish > ~/.config/fish/completions/ironfern.fish",
  ],
  permissions: "none.",
  async run(context) {
    // These need the table of all subcommands, of which this one is part.
    const [{ COMMANDS }, { SCRIPTS }] = await Promise.all([
      import("./mod.ts"),
      import("../spec/completion_scripts.ts"),
    ]);
    const shell = SHELLS.find((shell) => shell === context.args.operand) ?? "bash";
    await context.print(SCRIPTS[shell](COMMANDS).trimEnd(), {});
  },
};
