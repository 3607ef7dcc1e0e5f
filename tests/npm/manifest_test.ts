/**
 * What package.json tells of the package, what is packed with it, and how it is
 * found by programs that do not read `exports`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { HAS_NPM, installedPackage, mustRun, NPM_REMEDY } from "../support/npm_package.ts";
import { hasProgram, ROOT, testWithTool } from "../support/tools.ts";

const PACKAGE = "node_modules/@ironfern/ironfern";
const DOCUMENTS = ["README.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"];

/** Prints what a program finds that asks for a folder and reads `main` alone. */
const REQUIRE_FOLDERS = `
const root = require("./${PACKAGE}");
const { sealExport } = require("./${PACKAGE}/export");
const { main } = require("./${PACKAGE}/cli");
console.log(typeof root.encrypt, typeof sealExport, typeof main);
`;

testWithTool("npm package: package.json says whose it is", HAS_NPM, NPM_REMEDY, async () => {
  const manifest = JSON.parse(
    await Deno.readTextFile(`${await installedPackage()}/${PACKAGE}/package.json`),
  );
  const home = "https://github.com/ironfern/ironfern";
  assertEquals(
    [manifest.name, manifest.version, manifest.license],
    [config.name, config.version, config.license],
  );
  assertEquals(
    [manifest.homepage, manifest.repository.url, manifest.bugs.url],
    [`${home}#readme`, `git+${home}.git`, `${home}/issues`],
  );
  assert(manifest.description.length > 0);
  assert(manifest.keywords.includes("fernet"));
});

testWithTool("npm package: it holds the documents", HAS_NPM, NPM_REMEDY, async () => {
  const folder = `${await installedPackage()}/${PACKAGE}`;
  const guides = Array.from(Deno.readDirSync(new URL("docs/", ROOT)), ({ name }) => `docs/${name}`);
  assert(guides.length > 0);
  for (const name of [...DOCUMENTS, ...guides]) {
    assertEquals(
      await Deno.readTextFile(`${folder}/${name}`),
      await Deno.readTextFile(new URL(name, ROOT)),
    );
  }
});

Deno.test("JSR package: it holds the documents", () => {
  const { include } = config.publish;
  assertEquals([...DOCUMENTS, "docs/"].filter((name) => !include.includes(name)), []);
});

testWithTool(
  "npm package: found without `exports`",
  HAS_NPM && await hasProgram("node"),
  `${NPM_REMEDY}, and Node`,
  async () => {
    const printed = await mustRun("node", ["-e", REQUIRE_FOLDERS], await installedPackage());
    assertEquals(printed.trim(), "function function function");
  },
);
