/**
 * Builds the site into static files: the documents, all public names, and the KDF
 * lab.
 *
 * @module
 */

import { join } from "node:path";
import config from "../deno.json" with { type: "json" };
import { buildLab } from "../lab/build.ts";
import { ROOT } from "../scripts/source_files.ts";
import { GUIDES } from "./guides.ts";
import { render } from "./markdown.ts";
import { page } from "./page.ts";

/** Files by their names from the site's root. */
export type Files = Map<string, Uint8Array<ArrayBuffer>>;

const OWN_FILES = ["site.css", "icon.svg"];

async function addDocuments(files: Files): Promise<void> {
  const encoder = new TextEncoder();
  for (const guide of GUIDES) {
    const rendered = render(await Deno.readTextFile(join(ROOT, guide.source)), guide.source);
    files.set(guide.page, encoder.encode(page(guide, rendered)));
    for (const picture of rendered.pictures) {
      files.set(picture, await Deno.readFile(join(ROOT, picture)));
    }
  }
}

async function addFolder(files: Files, folder: string, prefix: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) await addFolder(files, path, `${prefix}${name}/`);
    else files.set(`${prefix}${name}`, await Deno.readFile(path));
  }
}

/** Without an icon a browser would look for one that is not there. */
function withIcon(name: string, page: Uint8Array): Uint8Array<ArrayBuffer> {
  const root = "../".repeat(name.split("/").length - 1);
  const icon = `<link rel="icon" href="${root}icon.svg">`;
  const html = new TextDecoder().decode(page).replace("</head>", () => `${icon}</head>`);
  return new TextEncoder().encode(html);
}

/** The reference of all public names, as `deno doc` makes it. */
async function addReference(files: Files): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "doc",
        "--html",
        "--name=Ironfern",
        `--output=${folder}`,
        ...Object.values(config.exports),
      ],
      cwd: ROOT,
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`deno doc failed: ${new TextDecoder().decode(stderr)}`);
    await addFolder(files, folder, "api/");
    for (const [name, bytes] of files) {
      if (/^api\/.*\.html$/.test(name)) files.set(name, withIcon(name, bytes));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** All files of the site. */
export async function buildSite(): Promise<Files> {
  const files: Files = new Map();
  for (const name of OWN_FILES) {
    files.set(name, await Deno.readFile(new URL(name, import.meta.url)));
  }
  await addDocuments(files);
  await addReference(files);
  for (const [name, bytes] of await buildLab()) files.set(`lab/${name}`, bytes);
  return files;
}
