/**
 * The package in python/ on a cluster of Spark: an executor is killed, memory is
 * limited, tasks run twice, and a wrong key is an error.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { testWithPackages } from "../support/python_package.ts";
import { run } from "../support/tools.ts";

await testWithPackages("Spark, with an executor killed", { java: true }, async (python) => {
  const args = [
    "--rows",
    "12000",
    "--seconds",
    "480",
    "--speculation",
    "--kill",
    "--memory",
    "512m",
  ];
  const { success, stdout, stderr } = await run(python, ["examples/cluster/spark.py", ...args]);
  assert(success, stdout + stderr);
  assertStringIncludes(stdout, "Killed the executor");
  assertStringIncludes(stdout, "Column: 12000 rows, 2400 nulls");
  assertStringIncludes(stdout, "A wrong key is an error");
  const [, folder] = stdout.match(/^Everything is in (.*)$/m) ?? [];
  assert(folder, stdout);
  // The folder is gone, and no process that was started in it is left.
  assertEquals(await Deno.stat(folder).catch(() => undefined), undefined);
  if (Deno.build.os !== "linux") return;
  for await (const { name } of Deno.readDir("/proc")) {
    const command = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    assert(!command.includes(folder), command);
  }
});
