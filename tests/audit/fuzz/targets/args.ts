/**
 * Arguments of the command. What is secret in them must not come back in a message.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { COMMANDS } from "../../../../src/cli/commands/mod.ts";
import { UsageError } from "../../../../src/cli/failures.ts";
import { type Args, parseArguments } from "../../../../src/cli/spec/args.ts";
import { target } from "../run.ts";

const SECRET = "Hunter2";
const OPTIONS = [...new Set(COMMANDS.flatMap(({ options }) => options.map(({ name }) => name)))];
const names = fc.constantFrom(...OPTIONS, "passphrase", "key", "help", "no-json", "__proto__");
const values = fc.oneof(
  fc.constantFrom("", "-", "--", "1", "100000", "-1", "1e5", "0x10", "9".repeat(20), " 1", "csv"),
  fc.constantFrom(SECRET, `-${SECRET}`, `--${SECRET}`, `${SECRET}=1`, `\n${SECRET}`),
  fc.string({ maxLength: 4 }),
);
const argument = fc.oneof(
  names.map((name) => `--${name}`),
  fc.tuple(names, values).map(([name, value]) => `--${name}=${value}`),
  fc.tuple(fc.constantFrom(..."oqhxfk-"), values).map(([name, value]) => `-${name}${value}`),
  values,
);

interface Line {
  readonly command: number;
  readonly args: readonly string[];
}

function checkArgs({ command, args }: Line, parsed: Args): void {
  const spec = COMMANDS[command];
  for (const { name, value, range, complete, multiple } of spec.options) {
    const list = parsed.list(name);
    if (!list) continue;
    if (value === undefined) continue;
    assert(multiple || list.length === 1, `--${name} was given twice`);
    for (const text of list) {
      assert(text !== "" && args.some((arg) => arg.includes(text)), `--${name} was made up`);
      if (range) assert(Number(text) >= range[0] && Number(text) <= range[1], `--${name} ${text}`);
      if (Array.isArray(complete)) assert(complete.includes(text));
    }
  }
  assert(parsed.operand === "-" || args.includes(parsed.operand));
}

/** Arguments. */
export const argsTarget = target<Line>({
  name: "args",
  input: fc.record({
    command: fc.nat(COMMANDS.length - 1),
    args: fc.array(argument, { maxLength: 6 }),
  }),
  batch: 200,
  check(lines) {
    for (const line of lines) {
      try {
        checkArgs(line, parseArguments(COMMANDS[line.command], line.args));
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        // The name of an option that is not there is told, whatever it is; a value is not.
        const hidden = line.args.every((arg) => !/^-[^=]*Hunter2/.test(arg));
        assertEquals(hidden && error.message.includes(SECRET), false, error.message);
      }
    }
  },
});
