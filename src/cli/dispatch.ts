/**
 * Finds the subcommand or the help text that the arguments name.
 *
 * @module
 */

import { COMMANDS } from "./commands/mod.ts";
import { commandHelp, overview } from "./spec/help.ts";
import { print } from "./io/print.ts";

/**
 * Runs what the arguments name.
 *
 * @param args The arguments, without the program's name.
 * @returns The exit code.
 */
export async function dispatch(args: readonly string[]): Promise<number> {
  const [first = "", ...rest] = args[0] === "help" ? [...args.slice(1), "--help"] : args;
  if (isHelp(first)) return await print(overview(COMMANDS));
  const isGroup = COMMANDS.some(({ name }) => name.startsWith(`${first} `));
  if (isGroup && isHelp(rest[0])) return await print(overview(COMMANDS, first));
  const [name, operands] = isGroup && rest.length
    ? [`${first} ${rest[0]}`, rest.slice(1)]
    : [first, rest];
  const command = COMMANDS.find((command) => command.name === name);
  const options = operands.slice(0, [...operands, "--"].indexOf("--"));
  if (command && options.some(isHelp)) return await print(commandHelp(command));
  const { complain, run } = await import("./run.ts");
  if (command) return await run(command, operands);
  const group = isGroup ? `${first} ` : "";
  const isNamed = first && !first.startsWith("-") && !(isGroup && !rest.length);
  const why = isNamed ? `there is no such command${await hint(name)}` : "no command is named";
  return await complain(`Cannot begin: ${why}, see ironfern ${group}--help`, args);
}

/** What a misspelt name may have been meant to be. */
async function hint(name: string): Promise<string> {
  const { meantName } = await import("../checks.ts");
  const meant = meantName(name, COMMANDS.flatMap(({ name }) => [name, name.split(" ")[0]]));
  return meant === undefined ? "" : ` (did you mean ironfern ${meant}?)`;
}

function isHelp(arg: string | undefined): boolean {
  return arg === "--help" || arg === "-h";
}
