/**
 * Stores of the command: SQLite files and folders, and what opens them.
 *
 * @module
 */

import { fileFault, isMissing, nodeFiles, withFile } from "../../files/node_files.ts";
import { builtinModule } from "../../runtime/host.ts";
import type {
  EncryptedStorage,
  SqliteDatabase,
  StringStore,
  Vault,
  VaultSecret,
} from "../../storage/mod.ts";
import type { Context } from "../context.ts";
import { usage, UsageError } from "../failures.ts";
import type { Secret } from "./secrets.ts";
import { utf8 } from "./texts.ts";

/** The names of files that are made as SQLite databases; else a folder is made. */
const SQLITE_NAME = /\.(?:db|sqlite3?)$/i;

interface NodeSqlite {
  DatabaseSync: new (path: string) => SqliteDatabase & { close(): void };
}

interface OpenStore {
  readonly store: StringStore;
  close(): void;
}

/** A storage of the command, and the vault that its key is in, if it is in one. */
export interface OpenStorage {
  /** The storage. */
  readonly storage: EncryptedStorage;
  /** The vault. */
  readonly vault: Vault | undefined;
}

/** How a store is opened. */
export interface StoreOptions {
  /** Whether to make it, and a vault in it, where there is none. */
  readonly makes?: boolean;
  /** Whether old keys are given beside the new one. */
  readonly rotates?: boolean;
}

/** Does work with the storage in the store that the operand names. */
export async function withStorage(
  context: Context,
  options: StoreOptions,
  work: (open: OpenStorage) => Promise<void>,
): Promise<void> {
  const { store, close } = await openStore(context.args.operand, options);
  try {
    await withKey(context, store, options, work);
  } finally {
    close();
  }
}

async function withKey(
  context: Context,
  store: StringStore,
  options: StoreOptions,
  work: (open: OpenStorage) => Promise<void>,
): Promise<void> {
  const { args } = context;
  const { EncryptedStorage, Vault } = await import("../../storage/mod.ts");
  const prefix = args.text("prefix");
  const place = { prefix, names: args.has("plain-names") ? "plain" : "hidden" } as const;
  const isThere = await Vault.inspect(store, { prefix }) !== undefined;
  const isOld = ["old-key-env", "old-key-file"].some((name) => args.has(name));
  if (isThere && isOld) {
    throw new UsageError("Cannot use old keys: a vault keeps its own, so give what opens it");
  }
  const isAnew = options.rotates && !isThere && !args.has("passphrase-env") &&
    !args.has("passphrase-file");
  const secrets = isAnew ? [] : await context.secrets(!isThere && options.makes === true);
  if (isThere || secrets[0]?.kind === "passphrase") {
    if (secrets.length > 1) throw new UsageError("Cannot open the vault: give one key");
    const secret = vaultSecret(secrets[0], args.integer("iterations"));
    const makes = options.makes && !isThere;
    const vault = await Vault[makes ? "create" : "open"](store, secret, place);
    try {
      return await work({
        storage: new EncryptedStorage(store, { fernet: vault, ...place }),
        vault,
      });
    } finally {
      vault.lock();
    }
  }
  const { MultiFernet } = await import("../../../mod.ts");
  const fernets = isAnew
    ? await context.rotatedFernets()
    : await Promise.all(secrets.map((secret) => context.fernetOf(secret)));
  try {
    const fernet = new MultiFernet(fernets);
    const storage = usage(() => new EncryptedStorage(store, { fernet, ...place }));
    await work({ storage, vault: undefined });
  } finally {
    for (const fernet of fernets) fernet.destroy();
  }
}

function vaultSecret({ kind, bytes }: Secret, iterations: number | undefined): VaultSecret {
  const text = utf8(bytes, `the ${kind}`, "give it as text");
  return kind === "key" ? { key: text } : { passphrase: text, iterations };
}

async function openStore(path: string, { makes = false }: StoreOptions): Promise<OpenStore> {
  if (path === "-") throw new UsageError("Cannot use -: a store is a SQLite file or a folder");
  const { folder, sqlite } = await import("../../storage/mod.ts");
  if (!await isDatabase(path, makes)) return { store: folder(path), close() {} };
  const { DatabaseSync } = builtinModule<NodeSqlite>("node:sqlite") ?? {};
  if (!DatabaseSync) {
    const reason = "this runtime has no node:sqlite, so use Deno, Node 22.13 or newer, or a folder";
    throw fileFault("read", path, reason);
  }
  const database = await withFile("read", path, () => Promise.resolve(new DatabaseSync(path)));
  return { store: sqlite(database), close: () => database.close() };
}

/** Whether the store is a database, and no folder; of one that is not there its name tells. */
async function isDatabase(path: string, makes: boolean): Promise<boolean> {
  const { fs } = nodeFiles();
  try {
    const status = await withFile("read", path, () => fs.stat(path, { bigint: true }));
    return !status.isDirectory();
  } catch (error) {
    if (!makes || !isMissing(error)) throw error;
    return SQLITE_NAME.test(path);
  }
}
