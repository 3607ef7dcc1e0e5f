/**
 * The help texts.
 *
 * @module
 */

import type { CommandSpec, OptionSpec } from "./command.ts";
import { HELP } from "./options.ts";

const WIDTH = 80;
const INDENT = 26;
const EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 wrong secret or tampered with.";

/** The text of `ironfern --help`, or of a group as `ironfern lines --help`. */
export function overview(commands: readonly CommandSpec[], group?: string): string {
  const shown = commands.filter(({ name }) => !group || name.startsWith(`${group} `));
  return [
    `Usage: ironfern ${group ? `${group} ` : ""}COMMAND [INPUT] [options]`,
    "",
    ...group ? [] : [
      "Encrypts secrets at rest: files, rows, columns and single values.",
      "",
    ],
    "Commands:",
    ...shown.flatMap(({ name, summary }) => entry(name, summary)),
    "",
    ...group ? [] : [
      "Options:",
      ...entry("-h, --help", "print this text, or that of a command"),
      ...entry("-V, --version", "print the version"),
      "",
    ],
    ...wrap(
      "Secrets come from a variable, a file, or a hidden prompt, never from an argument: " +
        "see ironfern COMMAND --help.",
      0,
    ),
    EXIT_CODES,
    "",
  ].join("\n");
}

/** The text of `ironfern COMMAND --help`. */
export function commandHelp(command: CommandSpec): string {
  const { name, about, operand, options, examples, permissions } = command;
  const input = !operand ? "" : operand.required ? ` ${operand.name}` : ` [${operand.name}]`;
  const required = options.filter((option) => option.required)
    .map((option) => ` --${option.name} ${option.value}`).join("");
  return [
    `Usage: ironfern ${name}${input}${required} [options]`,
    "",
    ...about.flatMap((paragraph) => [...wrap(paragraph, 0), ""]),
    ...operand ? [...entry(operand.name, operand.help), ""] : [],
    "Options:",
    ...[...options, HELP].flatMap((option) => entry(optionNames(option), option.help)),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
    "",
    EXIT_CODES,
    ...wrap(`Deno permissions: ${permissions}`, 0),
    "",
  ].join("\n");
}

function optionNames({ name, short, value }: OptionSpec): string {
  return `${short ? `-${short}, ` : "    "}--${name}${value ? ` ${value}` : ""}`;
}

function entry(term: string, text: string): string[] {
  const lines = wrap(text, INDENT);
  const head = `  ${term}`;
  return head.length < INDENT - 1
    ? [head + lines[0].slice(head.length), ...lines.slice(1)]
    : [head, ...lines];
}

/** A text in lines of 80 columns at most, each of which begins with that many spaces. */
export function wrap(text: string, indent: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line && indent + line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return lines.map((line) => " ".repeat(indent) + line);
}
