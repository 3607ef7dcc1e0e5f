/**
 * A folder as a store: a file for each record.
 *
 * @module
 */

import {
  absolutePath,
  type FileHandle,
  type FilePath,
  type FileStatus,
  isMissing,
  type NodeFiles,
  nodeFiles,
  type NodeFs,
  writeAll,
} from "../../files/node_files.ts";
import { encodeAscii, encodeUtf8 } from "../../bytes/text.ts";
import { StorageError, storeError } from "../errors.ts";
import { hex } from "../names.ts";
import { Turns } from "../records.ts";
import type { StoreChange, StringStore } from "../store.ts";

const OWNER_ONLY = 0o600;
const FOLDER_MODE = 0o700;
const SUFFIX = ".sealed";
const KEPT = /[a-z0-9._~-]/;
const TEMPORARY = /^\.[0-9a-f]{16}\.tmp$/;
/** Bytes of the longest name of a file. */
const LONGEST_NAME = 255;
/** Milliseconds after which a temporary file is nobody's any more. */
const ABANDONED = 3_600_000;
/** Files that are read or written at once. */
const AT_ONCE = 64;

interface FolderFs extends NodeFs {
  mkdir(path: string, options: { recursive: boolean; mode: number }): Promise<unknown>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  stat(path: string, options: { bigint: true }): Promise<FileStatus & { mtimeMs: bigint }>;
}

/** Writers of one process wait for each other, whichever store object they have. */
const turns = new Map<string, Turns>();

/**
 * A folder as a store, in Deno, Node and Bun: one file for each record, readable
 * by its owner only. A file is replaced as a whole, and is on the disk when the
 * call returns. A batch is no transaction, and `update` is safe within one process.
 *
 * @param path The folder, which is made where it is missing.
 * @returns The store.
 * @throws {TypeError} If it is neither a path nor a URL of a file, or this runtime
 * has no files.
 *
 * @example A folder
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { EncryptedStorage, folder } from "@ironfern/ironfern/storage";
 * import { assertEquals } from "@std/assert";
 * import { mkdtemp, rm } from "node:fs/promises";
 *
 * const path = await mkdtemp("/tmp/ironfern-");
 * const fernet = new Fernet(Fernet.generateKey());
 * const storage = new EncryptedStorage(folder(path), { fernet });
 * await storage.set("token", "secret");
 * assertEquals(await storage.get("token"), "secret");
 * await rm(path, { recursive: true });
 * ```
 */
export function folder(path: FilePath): StringStore {
  const files = nodeFiles();
  const real = absolutePath(files, path, "the folder");
  const own = turns.get(real) ?? new Turns();
  turns.set(real, own);
  const within = new Folder(files, real);
  const write = (changes: readonly StoreChange[]) => own.take(() => within.write(changes));
  return {
    get: (name) => within.read(name),
    set: (name, record) => write([[name, record]]),
    delete: (name) => write([[name, null]]),
    keys: () => within.names(),
    setMany: write,
    swap: (name, old, next) =>
      own.take(async () => {
        if (await within.read(name) !== old) return false;
        await within.write([[name, next]]);
        return true;
      }),
  };
}

class Folder {
  readonly #fs: FolderFs;
  readonly #path: string;
  readonly #join: (...parts: string[]) => string;
  #prepared: Promise<void> | undefined;

  constructor({ fs, path }: NodeFiles, real: string) {
    this.#fs = fs as FolderFs;
    this.#join = path.join;
    this.#path = real;
  }

  async read(name: string): Promise<string | null> {
    try {
      return await this.#fs.readFile(this.#file(name), "utf8");
    } catch (error) {
      if (isMissing(error)) return null;
      throw storeError(error);
    }
  }

  async names(): Promise<string[]> {
    try {
      return (await this.#fs.readdir(this.#path)).flatMap((file) => nameOf(file) ?? []);
    } catch (error) {
      if (isMissing(error)) return [];
      throw storeError(error);
    }
  }

  /** Writes all new content before the first file is replaced. */
  async write(changes: readonly StoreChange[]): Promise<void> {
    const temporaries = new Map<string, string>();
    try {
      await (this.#prepared ??= this.#prepare());
      const records = changes.filter(([, record]) => record !== null);
      await inParts(records, async ([name, record]) => {
        const temporary = this.#join(this.#path, temporaryName());
        temporaries.set(name, temporary);
        await this.#writeTemporary(temporary, record!);
      });
      for (const [name] of changes) {
        const temporary = temporaries.get(name);
        if (temporary) await this.#fs.rename(temporary, this.#file(name));
        else await this.#fs.unlink(this.#file(name)).catch(ignoreMissing);
        temporaries.delete(name);
      }
      await this.#syncFolder();
    } catch (error) {
      this.#prepared = undefined;
      await inParts([...temporaries.values()], (file) => this.#fs.unlink(file).catch(() => {}));
      const code = (error as { code?: unknown }).code;
      throw storeError(error, code === "ENOSPC" || code === "EDQUOT" ? "full" : "unavailable");
    }
  }

  #file(name: string): string {
    const file = fileOf(name);
    if (file.length <= LONGEST_NAME) return this.#join(this.#path, file);
    throw new StorageError("too-large", {
      reason: `its file's name would have ${file.length} bytes, and ${LONGEST_NAME} are allowed`,
    });
  }

  async #prepare(): Promise<void> {
    await this.#fs.mkdir(this.#path, { recursive: true, mode: FOLDER_MODE });
    for (const file of await this.#fs.readdir(this.#path)) {
      if (!TEMPORARY.test(file)) continue;
      const temporary = this.#join(this.#path, file);
      const status = await this.#fs.stat(temporary, { bigint: true }).catch(() => undefined);
      if (!status || Date.now() - Number(status.mtimeMs) < ABANDONED) continue;
      await this.#fs.unlink(temporary).catch(() => {});
    }
  }

  async #writeTemporary(temporary: string, record: string): Promise<void> {
    const handle = await this.#fs.open(temporary, "wx", OWNER_ONLY);
    try {
      await writeAll(handle, encodeAscii(record));
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Makes the new names last; some systems cannot, and need not. */
  async #syncFolder(): Promise<void> {
    const handle: FileHandle | undefined = await this.#fs.open(this.#path, "r").catch(() =>
      undefined
    );
    await handle?.sync().catch(() => {});
    await handle?.close();
  }
}

/** The name of a record's file: capitals are escaped, since some systems fold case. */
function fileOf(name: string): string {
  let file = "";
  for (const byte of encodeUtf8(name, "the name")) {
    const character = String.fromCharCode(byte);
    file += KEPT.test(character) ? character : `%${hex(Uint8Array.of(byte)).toUpperCase()}`;
  }
  return file + SUFFIX;
}

/** The name of the record in a file, if that is a file of a store. */
function nameOf(file: string): string | undefined {
  if (!file.endsWith(SUFFIX)) return undefined;
  try {
    const name = decodeURIComponent(file.slice(0, -SUFFIX.length));
    return fileOf(name) === file ? name : undefined;
  } catch {
    return undefined; // a file of somebody else
  }
}

function temporaryName(): string {
  return `.${hex(crypto.getRandomValues(new Uint8Array(8)))}.tmp`;
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

/** Does work with all items, some at a time, so that not too many files are open. */
async function inParts<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const done = await Promise.allSettled(items.slice(start, start + AT_ONCE).map(work));
    const failed = done.find(({ status }) => status === "rejected");
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }
}
