/**
 * The shells' completions, made of the table of subcommands.
 *
 * @module
 */

import type { CommandSpec, OptionSpec } from "./command.ts";
import { HELP } from "./options.ts";

type Script = (commands: readonly CommandSpec[]) => string;

/** The script for each shell. */
export const SCRIPTS: Readonly<Record<"bash" | "zsh" | "fish", Script>> = { bash, zsh, fish };

interface Word {
  readonly word: string;
  readonly help: string;
}

const TOP: readonly OptionSpec[] = [
  HELP,
  { name: "version", short: "V", help: "print the version" },
];

function optionsOf({ options }: CommandSpec): readonly OptionSpec[] {
  return [...options, HELP];
}

function names({ name, short }: OptionSpec): string[] {
  return [`--${name}`, ...short ? [`-${short}`] : []];
}

/** The first words of commands, each once. */
function firstWords(commands: readonly CommandSpec[]): Word[] {
  const words = new Map<string, string>();
  for (const { name, summary } of commands) {
    const [group, second] = name.split(" ");
    words.set(group, second ? `encrypt or decrypt ${group}` : summary);
  }
  return [...words].map(([word, help]) => ({ word, help }));
}

/** The groups, with the second words of each. */
function groups(commands: readonly CommandSpec[]): Map<string, Word[]> {
  const found = new Map<string, Word[]>();
  for (const { name, summary } of commands) {
    const [group, second] = name.split(" ");
    if (second) found.set(group, [...found.get(group) ?? [], { word: second, help: summary }]);
  }
  return found;
}

function bash(commands: readonly CommandSpec[]): string {
  const valued = new Map<string, string>();
  for (const option of commands.flatMap(optionsOf)) {
    const { value, complete } = option;
    if (value === undefined) continue;
    const how = complete === "file"
      ? '-f -- "$cur"'
      : complete === "variable"
      ? '-e -- "$cur"'
      : `-W ${quote((complete ?? []).join(" "))} -- "$cur"`;
    for (const name of names(option)) valued.set(name, how);
  }
  const kinds = new Map<string, string[]>();
  for (const [name, how] of valued) kinds.set(how, [...kinds.get(how) ?? [], name]);
  const words = (list: readonly string[]) => quote(list.join(" "));
  return [
    "# bash completion for ironfern",
    "_ironfern() {",
    '  local cur=${COMP_WORDS[COMP_CWORD]} prev="" command="" options="" words="" i',
    "  ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    '    case "$command|${COMP_WORDS[i]}" in',
    `      ${firstWords(commands).map(({ word }) => `"|${word}"`).join(" | ")})`,
    "        command=${COMP_WORDS[i]} ;;",
    ...[...groups(commands)].flatMap(([group, seconds]) => [
      `      ${seconds.map(({ word }) => `"${group}|${word}"`).join(" | ")})`,
      '        command="$command ${COMP_WORDS[i]}" ;;',
    ]),
    "    esac",
    "  done",
    "  COMPREPLY=()",
    '  case "$prev" in',
    ...[...kinds].map(([how, options]) =>
      `    ${options.join(" | ")}) mapfile -t COMPREPLY < <(compgen ${how}); return ;;`
    ),
    "  esac",
    '  case "$command" in',
    `    "") words=${words(firstWords(commands).map(({ word }) => word))} options=${
      words(TOP.flatMap(names))
    } ;;`,
    ...[...groups(commands)].map(([group, seconds]) =>
      `    ${quote(group)}) words=${words(seconds.map(({ word }) => word))} options=${
        words(names(HELP))
      } ;;`
    ),
    ...commands.map((command) =>
      `    ${quote(command.name)}) words=${words(command.operand?.choices ?? [])} options=${
        words(optionsOf(command).flatMap(names))
      } ;;`
    ),
    "  esac",
    '  if [[ $cur == -* ]]; then mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")',
    '  elif [[ -n $words ]]; then mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")',
    '  else mapfile -t COMPREPLY < <(compgen -f -- "$cur")',
    "  fi",
    "}",
    "complete -o filenames -F _ironfern ironfern",
    "",
  ].join("\n");
}

function zsh(commands: readonly CommandSpec[]): string {
  const described = ({ word, help }: Word) => quote(`${word}:${help.replaceAll(":", "\\:")}`);
  const argument = (option: OptionSpec) => {
    const { name, short, value, complete, multiple, help } = option;
    const text = help.replace(/[[\]\\:]/g, "\\$&");
    const action = complete === "file"
      ? "_files"
      : complete === "variable"
      ? "_parameters -g '*export*'"
      : `(${(complete ?? []).join(" ")})`;
    const end = `[${text}]${value === undefined ? "" : `:${value}:${action}`}`;
    const star = multiple ? "*" : "";
    if (!short) return quote(`${star}--${name}${end}`);
    // The braces are for the shell, so they are not quoted.
    return `${quote(`(-${short} --${name})`)}{-${short},--${name}}${quote(end)}`;
  };
  const operand = ({ operand }: CommandSpec) =>
    !operand ? [] : [
      quote(`:${operand.name}:${operand.choices ? `(${operand.choices.join(" ")})` : "_files"}`),
    ];
  const call = (command: CommandSpec) =>
    ["_arguments -s", ...optionsOf(command).map(argument), ...operand(command)].join(
      " \\\n        ",
    );
  return [
    "#compdef ironfern",
    "_ironfern() {",
    "  local -a commands",
    "  if ((CURRENT == 2)); then",
    "    commands=(",
    ...firstWords(commands).map((word) => `      ${described(word)}`),
    "    )",
    "    _describe command commands",
    `    _arguments ${TOP.map(argument).join(" ")}`,
    "    return",
    "  fi",
    '  case "$words[2]" in',
    `    ${[...groups(commands).keys()].join(" | ")})`,
    "      if ((CURRENT == 3)); then",
    '        case "$words[2]" in',
    ...[...groups(commands)].map(([group, seconds]) =>
      `          ${group}) commands=(${seconds.map(described).join(" ")}) ;;`
    ),
    "        esac",
    "        _describe command commands",
    "        return",
    "      fi",
    '      local command="$words[2] $words[3]"',
    "      shift 2 words; ((CURRENT -= 2)) ;;",
    "    *)",
    '      local command="$words[2]"',
    "      shift words; ((CURRENT -= 1)) ;;",
    "  esac",
    '  case "$command" in',
    ...commands.flatMap((command) => [
      `    ${quote(command.name)})`,
      `      ${call(command)} ;;`,
    ]),
    "  esac",
    "}",
    "compdef _ironfern ironfern 2>/dev/null",
    '[[ $funcstack[1] == _ironfern ]] && _ironfern "$@"',
    "",
  ].join("\n");
}

function fish(commands: readonly CommandSpec[]): string {
  const line = (condition: string, option: OptionSpec) => {
    const { name, short, value, complete, help } = option;
    const values = complete === "file"
      ? " -r -F"
      : complete === "variable"
      ? " -x -a '(set -nx)'"
      : value === undefined
      ? ""
      : ` -x${complete ? ` -a ${quoteFish(complete.join(" "))}` : ""}`;
    return `complete -c ironfern -n ${quoteFish(condition)}${
      short ? ` -s ${short}` : ""
    } -l ${name}${values} -d ${quoteFish(help)}`;
  };
  const word = (condition: string, { word, help }: Word) =>
    `complete -c ironfern -n ${quoteFish(condition)} -f -a ${word} -d ${quoteFish(help)}`;
  const seen = (name: string) => `__ironfern_is ${name}`;
  return [
    "# fish completion for ironfern",
    "function __ironfern_is",
    "    set -l words (commandline -opc)[2..-1]",
    "    set -l wanted (count $argv)",
    `    if test "$words[1]" = ${
      [...groups(commands).keys()].map((group) => group).join('; or test "$words[1]" = ')
    }`,
    "        # A group: its second word is part of the command.",
    "        set words $words[1..2]",
    "    else",
    "        set words $words[1]",
    "    end",
    '    test "$words" = "$argv"',
    "end",
    ...firstWords(commands).map((first) => word("__fish_use_subcommand", first)),
    ...TOP.map((option) => line("__fish_use_subcommand", option)),
    ...[...groups(commands)].flatMap(([group, seconds]) => [
      ...seconds.map((second) => word(seen(group), second)),
      line(seen(group), HELP),
    ]),
    ...commands.flatMap((command) => [
      ...(command.operand?.choices ?? []).map((choice) =>
        word(seen(command.name), { word: choice, help: command.operand?.name ?? "" })
      ),
      ...optionsOf(command).map((option) => line(seen(command.name), option)),
    ]),
    "",
  ].join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** fish knows of two escapes within quotes. */
function quoteFish(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
