/**
 * The two ways of docs/runtimes.md to use the package in Jest.
 *
 * @module
 */

import { HAS_NPM, INSTALL, installedPackage, mustRun, NPM_REMEDY } from "../support/npm_package.ts";
import { hasProgram, testWithTool } from "../support/tools.ts";

const JEST = "jest@30.5.2";
/** It makes CommonJS of ES modules, as every preset for Jest does. */
const TO_COMMONJS = "@babel/plugin-transform-modules-commonjs@7.28.6";

const TEST = `\
import { Fernet } from "@ironfern/ironfern";
import { encryptLines } from "@ironfern/ironfern/export";

test("a token", () => {
  const fernet = new Fernet(Fernet.generateKey());
  expect(fernet.decryptText(fernet.encrypt("text"))).toBe("text");
  expect(encryptLines(fernet)).toHaveProperty("readable");
});
`;

/** The files of a project, by name. */
type Files = Readonly<Record<string, string>>;

const AS_MODULES: Files = {
  "package.json": JSON.stringify({ type: "module" }),
  "jest.config.js": "export default { transform: {} };",
};
const TO_COMPILE: Files = {
  "package.json": "{}",
  "babel.config.js": 'module.exports = { plugins: ["@babel/plugin-transform-modules-commonjs"] };',
  "jest.config.js":
    'module.exports = { transformIgnorePatterns: ["/node_modules/(?!@ironfern/)"] };',
};

let installed: Promise<unknown> | undefined;

function testInJest(name: string, files: Files, ...flags: string[]): void {
  testWithTool(name, HAS_NODE, `${NPM_REMEDY}, and Node`, async () => {
    const project = await installedPackage();
    await (installed ??= mustRun("npm", [...INSTALL, JEST, TO_COMMONJS], project));
    const folder = await Deno.makeTempDir({ dir: project });
    for (const [path, text] of Object.entries({ ...files, "token.test.js": TEST })) {
      await Deno.writeTextFile(`${folder}/${path}`, text);
    }
    await mustRun("node", [...flags, `${project}/node_modules/jest/bin/jest.js`], folder);
  });
}

const HAS_NODE = HAS_NPM && await hasProgram("node");

testInJest("npm package: Jest, tests as ES modules", AS_MODULES, "--experimental-vm-modules");
testInJest("npm package: Jest, tests compiled to CommonJS", TO_COMPILE);
