/**
 * sealFile and openFile: a target is replaced as a whole or not at all.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { inspectExport, openFile, sealFile, verifyExport } from "@ironfern/ironfern/export";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { nodeFiles } from "../../../src/files/node_files.ts";
import { replaceFile } from "../../../src/files/replace_file.ts";
import { temporaryStart } from "../../support/files.ts";
import { KEY, outcome, pause, seal, SLICE, someBytes } from "../../support/sealed.ts";
import { run, testWithTool } from "../../support/tools.ts";

const SECRET = { key: KEY };
const OLD = "the old content";

/** Runs a test in a folder of its own. */
function testInFolder(name: string, body: (folder: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await body(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

function codeOf(error: Error): unknown {
  return (error as Error & { code?: unknown }).code;
}

testInFolder("Files of any size come back, by path and by URL", async (folder) => {
  for (const size of [0, 1, SLICE, SLICE + 1, 3 * 2 ** 20 + 1]) {
    const data = someBytes(size);
    await Deno.writeFile(`${folder}/data`, data);
    const sealed = new URL(`file://${folder}/sealed%20export`);
    const seen: [number, number | undefined][] = [];
    const info = await sealFile(`${folder}/data`, sealed, {
      ...SECRET,
      onProgress: (done, total) => void seen.push([done, total]),
    });
    assertEquals(seen.at(-1), [size, size]);
    assertEquals(info, { id: info.id, slices: Math.ceil(size / SLICE), bytes: size });
    assertEquals(await verifyExport(sealed, SECRET), info);
    assertEquals((await inspectExport(sealed)).id, info.id);
    assertEquals(await openFile(sealed, `${folder}/copy`, SECRET), info);
    assertEquals(Buffer.compare(await Deno.readFile(`${folder}/copy`), data), 0);
    assertEquals(names(folder), ["copy", "data", "sealed export"]);
  }
});

testInFolder("The output is its owner's alone, and replaces an old one", async (folder) => {
  await Deno.writeTextFile(`${folder}/data`, "rows");
  await Deno.writeTextFile(`${folder}/sealed`, OLD, { mode: 0o644 });
  await sealFile(`${folder}/data`, `${folder}/sealed`, SECRET);
  await openFile(`${folder}/sealed`, `${folder}/copy`, SECRET);
  for (const name of ["sealed", "copy"]) {
    assertEquals((Deno.statSync(`${folder}/${name}`).mode ?? 0) & 0o777, 0o600);
  }
  assertEquals(await Deno.readTextFile(`${folder}/copy`), "rows");
});

testInFolder(
  "An export that is bad, or a call that is stopped, leaves the old file",
  async (folder) => {
    const sealed = await seal(someBytes(5_000_000));
    sealed[6_000_000] ^= 1;
    await Deno.writeFile(`${folder}/sealed`, sealed);
    const reason = new Error("enough");
    for (const old of [false, true]) {
      if (old) await Deno.writeTextFile(`${folder}/copy`, OLD);
      const expected = old ? ["copy", "sealed"] : ["sealed"];
      const open = (options: Partial<Parameters<typeof openFile>[2]>) =>
        openFile(`${folder}/sealed`, `${folder}/copy`, { ...SECRET, ...options } as typeof SECRET);
      assertEquals(await outcome(open({})), "bad-token at 70");
      assertEquals(names(folder), expected);
      assertEquals(
        await outcome(open({ key: Fernet.generateKey() })),
        "wrong-secret-or-header at 2",
      );
      assertEquals(names(folder), expected);
      for (const after of [0, 1_000_000, 4_000_000]) {
        const controller = new AbortController();
        const onProgress = (done: number) => {
          if (done > after) controller.abort(reason);
        };
        if (!after) controller.abort(reason);
        const stopped = open({ signal: controller.signal, onProgress });
        assertEquals(await stopped.catch((error) => error), reason);
        assertEquals(names(folder), expected);
      }
      if (old) assertEquals(await Deno.readTextFile(`${folder}/copy`), OLD);
    }
  },
);

testInFolder("Input and output that are one file are refused", async (folder) => {
  const data = `${folder}/data`;
  await Deno.writeTextFile(data, OLD);
  await Deno.link(data, `${folder}/hard`);
  await Deno.symlink(data, `${folder}/soft`);
  await Deno.mkdir(`${folder}/deep`);
  for (const call of [sealFile, openFile]) {
    for (const other of [data, `${folder}/deep/../data`, `${folder}/hard`, `${folder}/soft`]) {
      for (const [input, output] of [[data, other], [other, data]]) {
        await assertRejects(() => call(input, output, SECRET), Error, "same file");
      }
    }
  }
  assertEquals(await Deno.readTextFile(data), OLD);
  assertEquals(names(folder), ["data", "deep", "hard", "soft"]);
});

testInFolder("Without overwrite a file that is there stays", async (folder) => {
  await Deno.writeFile(`${folder}/data`, someBytes(3_000_000));
  await Deno.writeFile(`${folder}/sealed`, await seal(someBytes(3_000_000)));
  for (const [call, input] of [[sealFile, "data"], [openFile, "sealed"]] as const) {
    const refused = async (onProgress?: () => void) => {
      const options = { ...SECRET, overwrite: false, onProgress };
      const error = await assertRejects(
        () => call(`${folder}/${input}`, `${folder}/out`, options),
      );
      assertEquals(
        error.message,
        `Cannot write ${folder}/out: it exists, and overwrite is false`,
      );
      assertEquals(codeOf(error), "EEXIST");
      assertEquals(Deno.readTextFileSync(`${folder}/out`), OLD);
      assertEquals(names(folder), ["data", "out", "sealed"]);
    };
    // It appears while the call lasts, and is there before the next one.
    await refused(() => Deno.writeTextFileSync(`${folder}/out`, OLD));
    await refused(() => assert(false, "nothing is read"));
    await Deno.remove(`${folder}/out`);
    await call(`${folder}/${input}`, `${folder}/out`, { ...SECRET, overwrite: false });
    assertEquals(Deno.statSync(`${folder}/out`).nlink, 1);
    await call(`${folder}/${input}`, `${folder}/out`, { ...SECRET, overwrite: true });
    assertEquals(names(folder), ["data", "out", "sealed"]);
    await Deno.remove(`${folder}/out`);
    const overwrite = "no" as unknown as boolean;
    await assertRejects(
      () => call(`${folder}/${input}`, `${folder}/out`, { ...SECRET, overwrite }),
      TypeError,
      "Cannot use overwrite: expected a boolean, got string",
    );
  }
});

testInFolder(
  "A folder that may not be opened is found before anything is written",
  async (folder) => {
    const files = nodeFiles();
    await Deno.writeTextFile(`${folder}/out`, OLD);
    // As Deno refuses it.
    const open: typeof files.fs.open = (path, ...rest) =>
      path === folder ? Promise.reject(new Error("denied")) : files.fs.open(path, ...rest);
    const write = () => Promise.resolve(assert(false, "something is written"));
    await assertRejects(
      () => replaceFile({ ...files, fs: { ...files.fs, open } }, `${folder}/out`, write),
      Error,
      `Cannot write ${folder}/out: denied`,
    );
    assertEquals(await Deno.readTextFile(`${folder}/out`), OLD);
    assertEquals(names(folder), ["out"]);
  },
);

testInFolder("A file system without hard links", async (folder) => {
  const files = nodeFiles();
  for (const code of ["EPERM", "ENOTSUP", "ENOSYS", undefined]) {
    const link = () => Promise.reject(Object.assign(new Error("no links here"), { code }));
    const call = (appears: boolean) =>
      replaceFile(
        { ...files, fs: { ...files.fs, link } },
        `${folder}/out`,
        async (write) => {
          await write(new TextEncoder().encode("new"));
          if (appears) await Deno.writeTextFile(`${folder}/out`, OLD);
        },
        { overwrite: false },
      );
    await call(false);
    assertEquals(await Deno.readTextFile(`${folder}/out`), "new");
    await Deno.remove(`${folder}/out`);
    await assertRejects(() => call(true), Error, "it exists");
    assertEquals(await Deno.readTextFile(`${folder}/out`), OLD);
    assertEquals(names(folder), ["out"]);
    await Deno.remove(`${folder}/out`);
  }
});

testInFolder("A symbolic link to no file makes what it points to", async (folder) => {
  await Deno.mkdir(`${folder}/real/deep`, { recursive: true });
  await Deno.symlink("real/deep", `${folder}/short`);
  await Deno.symlink("short/../target", `${folder}/link`);
  await Deno.symlink(`${folder}/link`, `${folder}/first`);
  await Deno.writeTextFile(`${folder}/data`, "rows");
  for (const overwrite of [true, false]) {
    await sealFile(`${folder}/data`, `${folder}/first`, { ...SECRET, overwrite });
    assertEquals((await verifyExport(`${folder}/real/target`, SECRET)).bytes, 4);
    await Deno.remove(`${folder}/real/target`);
  }
  assert(["first", "link"].every((name) => Deno.lstatSync(`${folder}/${name}`).isSymlink));
  assertEquals(names(folder), ["data", "first", "link", "real", "short"]);
});

testInFolder("A symbolic link as output stays one", async (folder) => {
  await Deno.mkdir(`${folder}/deep`);
  await Deno.writeTextFile(`${folder}/deep/target`, OLD);
  await Deno.symlink(`${folder}/deep/target`, `${folder}/link`);
  await Deno.writeTextFile(`${folder}/data`, "rows");
  await sealFile(`${folder}/data`, `${folder}/link`, SECRET);
  assert(Deno.lstatSync(`${folder}/link`).isSymlink);
  assertEquals((await verifyExport(`${folder}/deep/target`, SECRET)).bytes, 4);
  assertEquals(names(`${folder}/deep`), ["target"]);
});

testInFolder("What a killed process left is removed, and nothing else", async (folder) => {
  await Deno.writeTextFile(`${folder}/data`, "rows");
  const start = await temporaryStart("out");
  const leftovers = [`${start}0123456789abcdef.tmp`, `${start}ffffffffffffffff.tmp`];
  const others = [
    `${start}0123.tmp`,
    `${await temporaryStart("out2")}0123456789abcdef.tmp`,
    `x${start}0123456789abcdef.tmp`,
    "out.tmp",
  ];
  for (const name of [...leftovers, ...others]) await Deno.writeTextFile(`${folder}/${name}`, OLD);
  await sealFile(`${folder}/data`, `${folder}/out`, SECRET);
  assertEquals(names(folder), ["data", "out", ...others].sort());
});

testInFolder("Two calls for one output: the second is refused", async (folder) => {
  await Deno.writeFile(`${folder}/data`, someBytes(2_000_000));
  const [one, two] = await Promise.allSettled(
    [1, 2].map(() => sealFile(`${folder}/data`, `${folder}/out`, SECRET)),
  );
  assertEquals([one.status, two.status].sort(), ["fulfilled", "rejected"]);
  assertEquals((await verifyExport(`${folder}/out`, SECRET)).bytes, 2_000_000);
  await sealFile(`${folder}/data`, `${folder}/out`, SECRET);
  assertEquals(names(folder), ["data", "out"]);
});

testInFolder("A run that another process overtook fails, and spoils nothing", async (folder) => {
  await Deno.writeFile(`${folder}/data`, someBytes(3_000_000));
  await Deno.writeTextFile(`${folder}/out`, OLD);
  let overtaken = false;
  const call = sealFile(`${folder}/data`, `${folder}/out`, {
    ...SECRET,
    onProgress() {
      if (overtaken) return;
      overtaken = true;
      // As the other process does: it removes what it takes for a leftover.
      const [temporary] = names(folder).filter((name) => name.endsWith(".tmp"));
      Deno.removeSync(`${folder}/${temporary}`);
      const another = temporary.replace(/[0-9a-f]{16}\.tmp$/, "0123456789abcdef.tmp");
      Deno.writeTextFileSync(`${folder}/${another}`, "half of a");
    },
  });
  await assertRejects(() => call, Error, "another run");
  assertEquals(await Deno.readTextFile(`${folder}/out`), OLD);
});

testInFolder("The system's refusals say what and which", async (folder) => {
  await Deno.writeTextFile(`${folder}/data`, "rows");
  const cases: [input: string, output: string, includes: string, code: string | undefined][] = [
    ["missing", "out", "read", "ENOENT"],
    ["data", "missing/out", "missing", "ENOENT"],
    ["data", ".", "it is a folder, expected a file", undefined],
    [".", "out", "read", "EISDIR"],
  ];
  for (const [input, output, includes, code] of cases) {
    const error = await assertRejects(
      () => sealFile(`${folder}/${input}`, `${folder}/${output}`, SECRET),
    );
    assertStringIncludes(error.message, "Cannot ");
    assertStringIncludes(error.message, includes);
    assertEquals(codeOf(error), code);
  }
  assertEquals(names(folder), ["data"]);
  for (const path of ["", 5, new URL("https://example.com/data")]) {
    await assertRejects(
      () => sealFile(path as string, `${folder}/out`, SECRET),
      TypeError,
      "input",
    );
    await assertRejects(
      () => openFile(`${folder}/data`, path as string, SECRET),
      TypeError,
      "output",
    );
  }
});

testInFolder("A stopped call does not wait for a pipe that gives nothing", async (folder) => {
  const { success } = await run("mkfifo", [`${folder}/pipe`]);
  assert(success);
  const holder = await Deno.open(`${folder}/pipe`, { read: true, write: true });
  const controller = new AbortController();
  const reason = new Error("enough");
  const call = sealFile(`${folder}/pipe`, `${folder}/out`, {
    ...SECRET,
    signal: controller.signal,
  });
  await pause(50);
  controller.abort(reason);
  assertEquals(await call.catch((error) => error), reason);
  await holder.write(new Uint8Array(1)); // ends the read that is still under way
  await pause(20);
  holder.close();
  assertEquals(names(folder), ["pipe"]);
});

const folder = await Deno.makeTempDir();
const mounted = (await run("mount", ["-t", "tmpfs", "-o", "size=3m", "tmpfs", folder])
  .catch(() => undefined))?.success ?? false;
if (mounted) {
  addEventListener("unload", () => {
    new Deno.Command("umount", { args: [folder] }).outputSync();
  });
}

testWithTool(
  "A full disk leaves the old file",
  mounted,
  "needs root, to mount a tmpfs",
  async () => {
    const source = await Deno.makeTempDir();
    try {
      const data = someBytes(5_000_000);
      await Deno.writeFile(`${source}/data`, data);
      await Deno.writeFile(`${source}/sealed`, await seal(data));
      for (const old of [false, true]) {
        if (old) await Deno.writeTextFile(`${folder}/out`, OLD);
        for (const [call, input] of [[sealFile, "data"], [openFile, "sealed"]] as const) {
          const error = await assertRejects(() =>
            call(`${source}/${input}`, `${folder}/out`, SECRET)
          );
          assertEquals(codeOf(error), "ENOSPC", error.message);
          assertStringIncludes(error.message, `Cannot write ${folder}/out`);
          assertEquals(names(folder), old ? ["out"] : []);
        }
      }
      assertEquals(await Deno.readTextFile(`${folder}/out`), OLD);
    } finally {
      await Deno.remove(source, { recursive: true });
    }
  },
);
