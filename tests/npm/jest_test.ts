/**
 * The two ways of docs/runtimes.md to use the package in Jest.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { builtPackage, HAS_NPM, INSTALL, mustRun, NPM_REMEDY } from "../support/npm_package.ts";
import { hasProgram, ROOT, testWithTool } from "../support/tools.ts";

const JEST = "jest@30.5.2";
/** It makes CommonJS of ES modules, as every preset for Jest does. */
const TO_COMMONJS = "@babel/plugin-transform-modules-commonjs@7.28.6";
const BABEL = {
  "babel.config.json": '{ "plugins": ["@babel/plugin-transform-modules-commonjs"] }',
};

const TEST = `\
import { Fernet } from "@ironfern/ironfern";
import { encryptLines } from "@ironfern/ironfern/export";

test("a token", () => {
  const fernet = new Fernet(Fernet.generateKey());
  expect(fernet.decryptText(fernet.encrypt("text"))).toBe("text");
  expect(encryptLines(fernet)).toHaveProperty("readable");
});
`;

const guide = await Deno.readTextFile(new URL("docs/runtimes.md", ROOT));
/** What the guide puts into package.json. */
const manifests = Array.from(
  guide.matchAll(/^```json\n(.*?)^```/gms),
  ([, text]) => text,
).filter((text) => text.includes('"jest"'));
const HAS_NODE = HAS_NPM && await hasProgram("node");

/** Installs Jest and the package into a project, which no other test uses. */
async function install(folder: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/package.json`, "{}");
  const packages = [JEST, TO_COMMONJS, await builtPackage()];
  await mustRun("npm", [...INSTALL, "--install-links", ...packages], folder);
}

async function runJest(
  project: string,
  files: Readonly<Record<string, string>>,
  ...flags: string[]
): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: project });
  for (const [path, text] of Object.entries({ ...files, "token.test.js": TEST })) {
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
  await mustRun("node", [...flags, `${project}/node_modules/jest/bin/jest.js`], folder);
}

testWithTool(
  "npm package: Jest, as the guide has it",
  HAS_NODE,
  `${NPM_REMEDY}, and Node`,
  async () => {
    assertEquals(manifests.length, 2);
    const [asModules, compiled] = manifests;
    const project = await Deno.makeTempDir();
    try {
      await install(project);
      await runJest(project, { "package.json": asModules }, "--experimental-vm-modules");
      await runJest(project, { "package.json": compiled, ...BABEL });
    } finally {
      await Deno.remove(project, { recursive: true });
    }
  },
);
