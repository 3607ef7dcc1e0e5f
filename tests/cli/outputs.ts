/**
 * The file of `-o`, where something happens to its name or to the standard output
 * meanwhile.
 *
 * @module
 */

import { verifyExport } from "@ironfern/ironfern/export";
import { assertEquals } from "@std/assert";
import { KEYS, testCli } from "../support/cli.ts";

const env = { KEY: KEYS[0] };
const SECRET = { key: KEYS[0] };

testCli("nobody reads the result of a file that was written", async (cli) => {
  await cli.write("data", "some data");
  for (const more of ["", "--json"]) {
    const { code, stderr } = await cli.shell(
      `exec 3> >(:); wait $!; ironfern seal data -o out --force --key-env KEY ${more} >&3`,
      env,
    );
    assertEquals([code, stderr], [141, ""]);
    assertEquals((await verifyExport(cli.path("out"), SECRET)).bytes, 9);
  }
});
