/**
 * Arguments, as they are read before anything is done.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { COMMANDS } from "../../src/cli/commands/mod.ts";
import { UsageError } from "../../src/cli/failures.ts";
import { parseArguments } from "../../src/cli/spec/args.ts";

const seal = COMMANDS.find(({ name }) => name === "seal")!;

Deno.test("A dash among short options does not end the options", () => {
  for (const bad of ["-q-", "-q-1", "-f--", "-q--out"]) {
    const parse = () => parseArguments(seal, [bad, "-o", "out"]);
    assertThrows(parse, UsageError, "a dash among short options");
  }
  const parsed = parseArguments(seal, ["-q", "-o", "out", "--", "-q-1"]);
  assertEquals([parsed.operand, parsed.has("quiet")], ["-q-1", true]);
});
