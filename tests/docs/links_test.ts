/**
 * The guides as a whole: what they link to is there, and README.md is short.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ROOT } from "../support/tools.ts";

const LONGEST_README = 180;
const GUIDES = Array.from(Deno.readDirSync(new URL("docs/", ROOT)), ({ name }) => `docs/${name}`);
const DOCUMENTS = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", ...GUIDES];

const read = (path: URL) => Deno.readTextFileSync(path);

/** The name that GitHub gives a heading's anchor. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function anchors(path: URL): string[] {
  return Array.from(read(path).matchAll(/^#+ (.*)$/gm), ([, heading]) => anchor(heading));
}

/** Links and pictures that are files of the repository. */
function* links(path: URL): Generator<URL> {
  const text = read(path).replaceAll(/`[^`\n]*`/g, "");
  const found = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/src(?:set)?="([^"]+)"/g)];
  for (const [, target] of found) {
    if (!target.includes("://")) yield new URL(target, path);
  }
}

Deno.test("docs: what is linked is there", () => {
  const linked = new Set<string>();
  for (const document of DOCUMENTS) {
    for (const url of links(new URL(document, ROOT))) {
      const path = new URL(url.pathname, url);
      assert(Deno.statSync(path).isFile, `${document} links to ${path}`);
      const name = decodeURIComponent(url.hash.slice(1));
      if (name) assert(anchors(path).includes(name), `${document} links to ${url}`);
      linked.add(path.href);
    }
  }
  const alone = GUIDES.filter((guide) => !linked.has(new URL(guide, ROOT).href));
  assertEquals(alone, []);
});

Deno.test("docs: README.md is short, and has its two commands", () => {
  const text = read(new URL("README.md", ROOT));
  assert(text.split("\n").length <= LONGEST_README);
  for (const task of ["demo", "test"]) {
    assertStringIncludes(text, `\nnpx -y deno@2.9.6 task ${task} `);
  }
});
