/**
 * Replacing a file as a whole: its name stands for the old content or for all of
 * the new one, whatever happens between.
 *
 * The content is written to a temporary file beside the target,
 * `NAME.ironfern-RANDOM.tmp`, and takes the target's name when it is on the disk.
 * A process that is killed leaves that file behind; the next run for the same
 * target removes it. Nothing that is the same on every system tells whether the
 * writer of such a file still lives. So a run removes all of them, and names its
 * own at random: of two processes that write one target at once, the one that
 * came later wins, and the other one fails, since its file is gone. With one name
 * for all it could rename the other's half of a file.
 *
 * A target that must not exist gets its name by a hard link, which fails where a
 * file has that name by then. Where the file system has no hard links, as FAT, the
 * name is looked at right before the rename: a file that appears in between is
 * replaced.
 *
 * @module
 */

import {
  fileError,
  type FileHandle,
  type FileStatus,
  isMissing,
  type NodeFiles,
  nodeFiles,
  withFile,
  writeAll,
} from "./node_files.ts";

const OWNER_ONLY = 0o600;
/** A folder that cannot be opened or synced, as on Windows, needs no sync. */
const NO_FOLDER_SYNC: readonly unknown[] = [
  "EACCES",
  "EBADF",
  "EINVAL",
  "EISDIR",
  "ENOTSUP",
  "EPERM",
];

/** The targets that this process writes. */
const inUse = new Set<string>();
/** Its temporary files. */
const temporaries = new Set<string>();

/** How a file is replaced. */
export interface ReplaceOptions {
  /** A file that is not to be removed, whatever its name. */
  readonly input?: FileStatus;
  /** Whether there may be a file already. */
  readonly overwrite?: boolean;
}

/**
 * Replaces a file, or makes it.
 *
 * @param files The modules for files.
 * @param target The file's absolute path; of a symbolic link it replaces, or
 * makes, what that points to.
 * @param write Writes the content, by the function that it gets.
 * @param options By default any file is replaced.
 * @returns What `write` returns.
 */
export async function replaceFile<T>(
  files: NodeFiles,
  target: string,
  write: (bytes: (bytes: Uint8Array) => Promise<void>) => Promise<T>,
  { input, overwrite = true }: ReplaceOptions = {},
): Promise<T> {
  const { fs, path } = files;
  const { real, exists } = await realTarget(files, target);
  if (exists && !overwrite) throw existsError(real);
  if (inUse.has(real)) throw new Error(`Cannot write ${real}: another call is writing it`);
  inUse.add(real);
  const temporary = `${real}${randomSuffix()}`;
  let folder: FileHandle | undefined;
  try {
    // What may not be opened is refused before anything is written.
    folder = await withFile("write", real, () => openFolder(files, path.dirname(real)));
    await removeLeftovers(files, real, input);
    temporaries.add(temporary);
    const handle = await withFile("write", real, () => fs.open(temporary, "wx", OWNER_ONLY));
    try {
      const result = await writeWhole(handle, real, write);
      await publish(files, temporary, real, overwrite);
      await withFile("write", real, () => syncFolder(folder));
      return result;
    } catch (error) {
      await fs.unlink(temporary).catch(() => {});
      throw error;
    }
  } finally {
    temporaries.delete(temporary);
    inUse.delete(real);
    await folder?.close();
  }
}

/** Removes the temporary files of this process, which is about to end. */
export function removeTemporaries(): void {
  for (const temporary of temporaries) {
    try {
      nodeFiles().fsSync.unlinkSync(temporary);
    } catch {
      // It is not there yet, or no more.
    }
  }
}

async function realTarget(
  files: NodeFiles,
  target: string,
): Promise<{ real: string; exists: boolean }> {
  const { fs } = files;
  try {
    const real = await fs.realpath(target);
    if ((await fs.stat(real, { bigint: true })).isFile()) return { real, exists: true };
  } catch (error) {
    if (!isMissing(error)) throw fileError("write", target, error);
    return { real: await missingTarget(files, target), exists: false };
  }
  throw new Error(`Cannot write ${target}: it is not a file`);
}

/** Where a file is to be made: for a symbolic link to no file, where that points to. */
async function missingTarget(files: NodeFiles, target: string): Promise<string> {
  const { fs, path } = files;
  const folder = await withFile("write", target, () => fs.realpath(path.dirname(target)));
  const real = path.join(folder, path.basename(target));
  const link = await fs.readlink(real).catch(() => undefined);
  if (link === undefined) return real;
  // Not joined: `..` after a link to a folder is the parent of that folder.
  return await missingTarget(files, path.isAbsolute(link) ? link : `${folder}/${link}`);
}

function existsError(real: string): Error {
  const error = new Error(`Cannot write ${real}: it exists, and overwrite is false`);
  return Object.assign(error, { code: "EEXIST" });
}

function randomSuffix(): string {
  const digits = Array.from(
    crypto.getRandomValues(new Uint8Array(8)),
    (byte) => byte.toString(16).padStart(2, "0"),
  );
  return `.ironfern-${digits.join("")}.tmp`;
}

/**
 * Removes what it may. What stays, such as another user's file, is in nobody's
 * way.
 */
async function removeLeftovers(
  { fs, path }: NodeFiles,
  real: string,
  input: FileStatus | undefined,
): Promise<void> {
  const folder = path.dirname(real);
  const start = path.basename(real);
  for (const name of await fs.readdir(folder).catch(() => [])) {
    if (!name.startsWith(start)) continue;
    if (!/^\.ironfern-[0-9a-f]{16}\.tmp$/.test(name.slice(start.length))) continue;
    const leftover = path.join(folder, name);
    const status = input && await fs.stat(leftover, { bigint: true }).catch(() => undefined);
    if (input && status?.dev === input.dev && status.ino === input.ino) continue;
    await fs.unlink(leftover).catch(() => {});
  }
}

async function publish(
  files: NodeFiles,
  temporary: string,
  real: string,
  overwrite: boolean,
): Promise<void> {
  let isTaken = false;
  try {
    if (overwrite) await files.fs.rename(temporary, real);
    else isTaken = !await publishNew(files, temporary, real);
  } catch (cause) {
    if (!isMissing(cause)) throw fileError("write", real, cause);
    throw new Error(
      `Cannot write ${real}: the temporary file is gone, so another run began to write it later`,
    );
  }
  if (isTaken) throw existsError(real);
}

/** Gives the temporary file a name that nothing has; returns whether that was so. */
async function publishNew({ fs }: NodeFiles, temporary: string, real: string): Promise<boolean> {
  try {
    await fs.link(temporary, real);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === "ENOENT") throw error;
    if (code === "EEXIST" || await fs.lstat(real).then(() => true, () => false)) return false;
    // Systems name it variously that there are no hard links; any other reason the rename has too.
    await fs.rename(temporary, real);
    return true;
  }
  await fs.unlink(temporary).catch(() => {}); // the next run removes it
  return true;
}

async function writeWhole<T>(
  handle: FileHandle,
  real: string,
  write: (bytes: (bytes: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<T> {
  try {
    const result = await write((bytes) => withFile("write", real, () => writeAll(handle, bytes)));
    await withFile("write", real, () => handle.sync());
    return result;
  } finally {
    await handle.close();
  }
}

async function openFolder({ fs }: NodeFiles, folder: string): Promise<FileHandle | undefined> {
  return await fs.open(folder, "r").catch(ignoreNoSync);
}

/** Makes the new name last, not only the content. */
async function syncFolder(folder: FileHandle | undefined): Promise<void> {
  await folder?.sync().catch(ignoreNoSync);
}

function ignoreNoSync(error: unknown): undefined {
  if (!NO_FOLDER_SYNC.includes((error as { code?: unknown }).code)) throw error;
}
