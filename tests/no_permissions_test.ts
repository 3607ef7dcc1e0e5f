/**
 * The package needs no permission of Deno's.
 *
 * @module
 */

import { assert, assertMatch } from "@std/assert";
import { run } from "./support/tools.ts";

Deno.test("everything works with no permission at all", async () => {
  const flags = ["--no-prompt", "--cached-only", "--config", "deno.json"];
  const program = "tests/support/no_permissions.ts";
  const { success, stdout, stderr } = await run(Deno.execPath(), ["run", ...flags, program]);
  assert(success, stderr);
  assertMatch(stdout, /^\d+ exports used on 4 backends with no permission\n$/);
});
