/**
 * Replacing a file as a whole: its name stands for the old content or for all of
 * the new one, whatever happens in between.
 *
 * The content is written to a temporary file in the target's folder, and takes the
 * target's name when it is on the disk. The temporary name is
 * `.ironfern-HASH-RANDOM.tmp`, where HASH is of the target's name, so that it fits
 * however long that is.
 *
 * A process that is killed leaves its temporary file behind; the next run for the
 * same target removes it. Nothing that works on every system tells whether the
 * writer of such a file still lives. So a run removes all files of its target's
 * HASH, and chooses its own RANDOM: of two processes that write one target at once,
 * the later one wins, and the earlier one fails because its file is gone. If both
 * used one name, the earlier one could publish half of the other's file.
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
  fileFault,
  type FileHandle,
  type FileStatus,
  isMissing,
  kindOfFile,
  type NodeFiles,
  nodeFiles,
  withFile,
  writeAll,
} from "./node_files.ts";

const OWNER_ONLY = 0o600;
/** Bytes of HASH and of RANDOM. */
const NAME_BYTES = 8;
/** The target cannot be replaced by a rename: it is mounted by itself. */
const MOUNTED: readonly unknown[] = ["EBUSY", "EXDEV"];
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

/** Writes bytes after those before. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** The file that will take the target's place. */
export interface TemporaryFile {
  /** It is open for writing. */
  readonly handle: FileHandle;
  /** Its absolute path. */
  readonly path: string;
  /** The path that it will have. */
  readonly target: string;
}

/** How a file is replaced. */
export interface ReplaceOptions {
  /** This file is not removed, even if it is named like a temporary one. */
  readonly input?: FileStatus;
  /** Whether a file that exists is replaced. */
  readonly overwrite?: boolean;
}

/**
 * Replaces a file, or makes it.
 *
 * @param files The modules for files.
 * @param target The file's absolute path. If it is a symbolic link, its target is
 * written.
 * @param write Writes the content with the function that it is given, or to the
 * places of the temporary file.
 * @param options By default a file that exists is replaced.
 * @returns What `write` returns.
 * @throws {Error} If the system refuses it. Where only the last step is refused,
 * because the target is mounted by itself, the new content is kept in another file,
 * which the message names and `kept` holds.
 */
export async function replaceFile<T>(
  files: NodeFiles,
  target: string,
  write: (bytes: WriteBytes, temporary: TemporaryFile) => Promise<T>,
  { input, overwrite = true }: ReplaceOptions = {},
): Promise<T> {
  const { fs, path } = files;
  const { real, exists } = await realTarget(files, target);
  if (exists && !overwrite) throw existsError(real);
  if (inUse.has(real)) throw fileFault("write", real, "another call is writing it");
  inUse.add(real);
  let temporary = "";
  let folder: FileHandle | undefined;
  try {
    // What may not be opened is refused before anything is written.
    folder = await withFile("write", real, () => openFolder(files, path.dirname(real)));
    const start = await temporaryStart(files, real);
    await removeLeftovers(files, start, input);
    temporary = `${start}${randomName()}.tmp`;
    temporaries.add(temporary);
    const handle = await withFile("write", real, () => fs.open(temporary, "wx", OWNER_ONLY));
    try {
      const result = await writeWhole({ handle, path: temporary, target: real }, write);
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

/** Removes the temporary files of this process before it ends. */
export function removeTemporaries(): void {
  for (const temporary of temporaries) {
    try {
      nodeFiles().fsSync.unlinkSync(temporary);
    } catch {
      // The file is not there yet, or it is gone already.
    }
  }
}

async function realTarget(
  files: NodeFiles,
  target: string,
): Promise<{ real: string; exists: boolean }> {
  const { fs } = files;
  let status: FileStatus;
  try {
    const real = await fs.realpath(target);
    status = await fs.stat(real, { bigint: true });
    if (status.isFile()) return { real, exists: true };
  } catch (error) {
    if (!isMissing(error)) throw fileError("write", target, error);
    return { real: await missingTarget(files, target), exists: false };
  }
  throw fileFault("write", target, `it is ${kindOfFile(status)}, expected a file`);
}

/** Where a file is made: if the target is a symbolic link to no file, where it points to. */
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
  return fileFault("write", real, "it exists, and overwrite is false", { code: "EEXIST" });
}

/** The temporary files of a target begin so. */
async function temporaryStart({ path }: NodeFiles, real: string): Promise<string> {
  const name = new TextEncoder().encode(path.basename(real));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", name));
  return path.join(path.dirname(real), `.ironfern-${hex(hash.subarray(0, NAME_BYTES))}-`);
}

function randomName(): string {
  return hex(crypto.getRandomValues(new Uint8Array(NAME_BYTES)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Removes what earlier runs left. What it may not remove, such as another user's
 * file, is in nobody's way.
 */
async function removeLeftovers(
  { fs, path }: NodeFiles,
  start: string,
  input: FileStatus | undefined,
): Promise<void> {
  const folder = path.dirname(start);
  const beginning = path.basename(start);
  for (const name of await fs.readdir(folder).catch(() => [])) {
    if (!name.startsWith(beginning)) continue;
    if (!/^[0-9a-f]{16}\.tmp$/.test(name.slice(beginning.length))) continue;
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
    const { code } = cause as { code?: unknown };
    if (MOUNTED.includes(code)) throw await mountedError(files, temporary, real, cause);
    if (!isMissing(cause)) throw fileError("write", real, cause);
    const gone = "the temporary file is gone, so another run began to write it later";
    throw fileFault("write", real, gone);
  }
  if (isTaken) throw existsError(real);
}

/** Moves the new content out of the way of the next run, and says where it is. */
async function mountedError(
  { fs, path }: NodeFiles,
  temporary: string,
  real: string,
  cause: unknown,
): Promise<Error & { readonly kept?: string }> {
  const kept = path.join(path.dirname(real), `ironfern-${randomName()}.new`);
  try {
    await fs.rename(temporary, kept);
  } catch (error) {
    return fileError("write", real, error);
  }
  const reason = "it is mounted by itself, as single files of a container are, so it stays as it " +
    `was. The new content is in ${kept}: copy it from there, or mount the folder of the file`;
  const { code } = cause as { code?: unknown };
  return Object.assign(fileFault("write", real, reason, { cause, code }), { kept });
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
  temporary: TemporaryFile,
  write: (bytes: WriteBytes, temporary: TemporaryFile) => Promise<T>,
): Promise<T> {
  const { handle, target } = temporary;
  const append: WriteBytes = (bytes) => withFile("write", target, () => writeAll(handle, bytes));
  try {
    const result = await write(append, temporary);
    await withFile("write", target, () => handle.sync());
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
