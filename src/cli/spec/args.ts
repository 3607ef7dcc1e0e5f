/**
 * The arguments of a subcommand.
 *
 * @module
 */

import { meantName } from "../../checks.ts";
import { UsageError } from "../failures.ts";
import type { CommandSpec, OptionSpec } from "./command.ts";
import { nodeProcess } from "../io/process.ts";
import { HELP } from "./options.ts";

interface Token {
  readonly kind: "option" | "positional" | "option-terminator";
  readonly index: number;
  readonly name?: string;
  readonly rawName?: string;
  readonly value?: string;
  readonly inlineValue?: boolean;
}

interface NodeUtil {
  parseArgs(config: {
    args: string[];
    options: Record<string, { type: "string" | "boolean"; short?: string }>;
    strict: false;
    tokens: true;
  }): { tokens: readonly Token[] };
}

/** The arguments, after they were checked. */
export class Args {
  /** The file that was named, `-` if none was; or a word. */
  readonly operand: string;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  /** The values of each option that was given; those of a flag are empty. */
  constructor(operand: string, values: ReadonlyMap<string, readonly string[]>) {
    this.operand = operand;
    this.#values = values;
  }

  /** Whether an option was given. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** All values of an option, if it was given. */
  list(name: string): readonly string[] | undefined {
    return this.#values.get(name);
  }

  /** The value of an option, if it was given. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** The numbers of an option, if it was given; they were checked. */
  integers(name: string): number[] | undefined {
    return this.#values.get(name)?.map(Number);
  }

  /** The number of an option, if it was given. */
  integer(name: string): number | undefined {
    return this.integers(name)?.[0];
  }
}

/**
 * Reads the arguments of a subcommand.
 *
 * @throws {UsageError} If they do not fit its table. No message holds a value: it
 * may be a secret that was given in the wrong place.
 */
export function parseArguments(command: CommandSpec, args: readonly string[]): Args {
  const { parseArgs } = nodeProcess().getBuiltinModule("node:util") as NodeUtil;
  const options = [...command.options, HELP];
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(options.map(({ name, short, value }) => [name, {
      type: value === undefined ? "boolean" : "string",
      ...short === undefined ? {} : { short },
    }])),
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value ?? "");
    // `parseArgs` takes the dash of "-q-" for the "--" that ends the options.
    if (token.kind === "option-terminator" && args[token.index] !== "--") {
      throw new UsageError("Cannot use a dash among short options: give each option by itself");
    }
    if (token.kind !== "option") continue;
    const option = options.find(({ name }) => name === token.name);
    if (!option) throw unknownOption(command, token);
    const value = optionValue(option, token);
    const before = values.get(option.name);
    if (before && !option.multiple && option.value !== undefined) {
      throw new UsageError(`Cannot use --${option.name} twice: give it once`);
    }
    values.set(option.name, [...before ?? [], value]);
  }
  const missing = options.find(({ name, required }) => required && !values.has(name));
  if (missing) {
    throw new UsageError(
      `Cannot do without --${missing.name}: add --${missing.name} ${missing.value}`,
    );
  }
  return new Args(checkOperands(command, operands), values);
}

function unknownOption({ name, options }: CommandSpec, { rawName = "" }: Token): UsageError {
  const help = `see ironfern ${name} --help`;
  if (/^--?(passphrase|password|key|secret)$/.test(rawName)) {
    return new UsageError(
      `Cannot use ${rawName}: everybody could read a secret in the list of processes, ` +
        `so give it in a variable or a file, ${help}`,
    );
  }
  const given = rawName.replace(/^--?/, "");
  const names = [...options, HELP].map((option) => option.name);
  // Half of a name is more letters away than a misspelt one.
  const meant = given.length < 2
    ? undefined
    : names.find((known) => known.startsWith(given)) ?? meantName(given, names);
  const hint = meant === undefined ? "" : ` (did you mean --${meant}?)`;
  return new UsageError(`Cannot use ${rawName}: ${name} has no such option${hint}, ${help}`);
}

function optionValue(option: OptionSpec, { value, inlineValue }: Token): string {
  const { name, value: kind, range, form, complete } = option;
  if (kind === undefined) {
    if (value === undefined) return "";
    throw new UsageError(`Cannot use --${name} with a value: it takes none`);
  }
  const fits = form?.pattern.test(value ?? "");
  if (!value || !inlineValue && !fits && value.length > 1 && value.startsWith("-")) {
    throw new UsageError(`Cannot use --${name}: it lacks its ${kind}`);
  }
  if (fits === false) throw new UsageError(`Cannot use --${name}: expected ${form?.expected}`);
  if (range && !(/^\d+$/.test(value) && Number(value) >= range[0] && Number(value) <= range[1])) {
    throw new UsageError(
      `Cannot use --${name}: expected an integer from ${range[0]} to ${range[1]}`,
    );
  }
  if (Array.isArray(complete) && !complete.includes(value)) {
    throw new UsageError(`Cannot use --${name}: expected ${complete.join(" or ")}`);
  }
  return value;
}

function checkOperands({ name, operand }: CommandSpec, operands: readonly string[]): string {
  const most = operand ? 1 : 0;
  if (operands.length > most) {
    throw new UsageError(
      `Cannot use ${operands.length} arguments: ${name} takes ${most || "none"}` +
        `${most ? ", the output is given by -o" : ""}, see ironfern ${name} --help`,
    );
  }
  const [given = operand?.required ? undefined : "-"] = operands;
  if (!given) {
    const what = operand?.choices?.join(", ") ?? "a file, or - for the standard input";
    throw new UsageError(`Cannot do without ${operand?.name}: name ${what}`);
  }
  if (operand?.choices?.includes(given) === false) {
    throw new UsageError(`Cannot use this ${operand.name}: expected ${operand.choices.join(", ")}`);
  }
  return given;
}
