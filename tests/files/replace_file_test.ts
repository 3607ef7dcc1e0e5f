/**
 * Replacing a file: which names it can have, what happens where a rename is
 * refused, and that the content is on the disk before it has its name.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type FileHandle, type NodeFiles, nodeFiles } from "../../src/files/node_files.ts";
import { replaceFile, type ReplaceOptions } from "../../src/files/replace_file.ts";
import { names, temporaryStart, testInFolder } from "../support/files.ts";
import { mustRun } from "../support/npm_package.ts";
import { testWithTool } from "../support/tools.ts";

const OLD = "the old content";
const NEW = "the new content";

type Fs = NodeFiles["fs"];

/** The modules for files, with other functions in the place of some. */
function filesWith(change: (fs: Fs) => Partial<Fs>): NodeFiles {
  const files = nodeFiles();
  return { ...files, fs: { ...files.fs, ...change(files.fs) } };
}

async function writeNew(
  target: string,
  files = nodeFiles(),
  options: ReplaceOptions = {},
): Promise<void> {
  await replaceFile(files, target, (write) => write(new TextEncoder().encode(NEW)), options);
}

testInFolder("a file's name may be as long as the system allows", async (folder) => {
  // Temporary names that held the whole name failed from 226 bytes on.
  for (const name of ["x", "x".repeat(225), "x".repeat(226), "x".repeat(255), "ü".repeat(127)]) {
    const leftover = `${folder}/${await temporaryStart(name)}0123456789abcdef.tmp`;
    await Deno.writeTextFile(leftover, "half of a run that was killed");
    await writeNew(`${folder}/${name}`, nodeFiles(), { overwrite: false });
    await writeNew(`${folder}/${name}`);
    assertEquals(await Deno.readTextFile(`${folder}/${name}`), NEW);
    assertEquals(names(folder), [name]);
    await Deno.remove(`${folder}/${name}`);
  }
});

interface Kept extends Error {
  readonly doing: string;
  readonly path: string;
  readonly code: string;
  readonly kept: string;
}

async function assertKept(call: Promise<void>, target: string, code: string): Promise<void> {
  const error = await assertRejects(() => call, Error) as Kept;
  assertEquals([error.doing, error.path, error.code], ["write", target, code]);
  assertEquals(
    error.message,
    `Cannot write ${target}: it is mounted by itself, as single files of a container are, so it ` +
      `stays as it was. The new content is in ${error.kept}: copy it from there, or mount the ` +
      "folder of the file",
  );
  assertEquals(await Deno.readTextFile(target), OLD);
  assertEquals(await Deno.readTextFile(error.kept), NEW);
}

testInFolder("a target that cannot be renamed over: no content is lost", async (folder) => {
  const target = `${folder}/out`;
  await Deno.writeTextFile(target, OLD);
  for (const code of ["EBUSY", "EXDEV"]) {
    const files = filesWith(({ rename }) => ({
      rename(from, to) {
        if (to !== target) return rename(from, to);
        return Promise.reject(Object.assign(new Error(`${code}: refused`), { code }));
      },
    }));
    await assertKept(writeNew(target, files), target, code);
  }
  // The next run leaves both of them alone.
  await writeNew(target);
  assertEquals(names(folder).filter((name) => name.endsWith(".new")).length, 2);
  assertEquals(names(folder).length, 3);
});

const canMount = Deno.build.os === "linux" && Deno.uid() === 0;
testWithTool("a target that is mounted by itself", canMount, "needs Linux and root", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const target = `${folder}/out`;
  for (const name of ["out", "of-the-host"]) await Deno.writeTextFile(`${folder}/${name}`, OLD);
  await mustRun("mount", ["--bind", `${folder}/of-the-host`, target]);
  try {
    await assertKept(writeNew(target), target, "EBUSY");
  } finally {
    await mustRun("umount", [target]);
    await Deno.remove(folder, { recursive: true });
  }
});

testInFolder("a temporary file is never one that is there already", async (folder) => {
  const victim = `${folder}/victim`;
  await Deno.writeTextFile(victim, OLD);
  const files = filesWith(({ open }) => ({
    async open(path, flags, mode) {
      // Another program is faster, with a link to a file that is not its own.
      if (path.endsWith(".tmp")) await Deno.symlink(victim, path);
      return await open(path, flags, mode);
    },
  }));
  const error = await assertRejects(() => writeNew(`${folder}/out`, files), Error);
  assertEquals((error as Kept).code, "EEXIST");
  assertEquals(await Deno.readTextFile(victim), OLD);
  assertEquals(names(folder).filter((name) => name === "out"), []);
});

/** Records, in order, what is done to files. */
function recording(calls: string[]): NodeFiles {
  const record = (what: string, handle: FileHandle): FileHandle => ({
    read: (...args) => handle.read(...args),
    stat: (options) => handle.stat(options),
    async write(...args) {
      calls.push(`write ${what}`);
      return await handle.write(...args);
    },
    async sync() {
      await handle.sync();
      calls.push(`sync ${what}`);
    },
    close: () => handle.close(),
  });
  return filesWith(({ open, rename, link }) => ({
    async open(path, flags, mode) {
      const handle = await open(path, flags, mode);
      return record(path.endsWith(".tmp") ? "content" : "folder", handle);
    },
    async rename(from, to) {
      await rename(from, to);
      calls.push("rename");
    },
    async link(from, to) {
      await link(from, to);
      calls.push("link");
    },
  }));
}

testInFolder("the content is on the disk before its name, and then the name", async (folder) => {
  for (const [overwrite, publish] of [[true, "rename"], [false, "link"]] as const) {
    const calls: string[] = [];
    await writeNew(`${folder}/${publish}`, recording(calls), { overwrite });
    assertEquals(calls, ["write content", "sync content", publish, "sync folder"]);
  }
  assert(names(folder).every((name) => ["rename", "link"].includes(name)));
});
