/**
 * `ironfern completion`
 *
 * @module
 */

import type { Command } from "../command.ts";
import type { CommandSpec } from "../spec/command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** Prints a shell's completion of `commands`, of which it is one. */
export const completion = (commands: () => readonly CommandSpec[]): Command => ({
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
    const { SCRIPTS } = await import("../spec/completion_scripts.ts");
    const shell = SHELLS.find((shell) => shell === context.args.operand) ?? "bash";
    await context.print(SCRIPTS[shell](commands()).trimEnd(), {});
  },
});
