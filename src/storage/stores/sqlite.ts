/**
 * A table of SQLite as a store.
 *
 * @module
 */

import { checkOptions, quoted } from "../../checks.ts";
import { storeError } from "../errors.ts";
import type { StringStore } from "../store.ts";

/** Milliseconds to wait for another process, where the connection has no time of its own. */
const BUSY_TIMEOUT = 5_000;
/** It sorts after every name of a prefix. */
const LAST = "\u{10ffff}";

/** A prepared statement, as node:sqlite, bun:sqlite and better-sqlite3 have it. */
export interface SqliteStatement {
  /** Runs it. */
  run(...values: string[]): unknown;
  /** Runs it and returns the first row. */
  get(...values: string[]): unknown;
  /** Runs it and returns all rows. */
  all(...values: string[]): unknown[];
}

/** A database, as node:sqlite, bun:sqlite and better-sqlite3 have it. */
export interface SqliteDatabase {
  /** Prepares a statement. */
  prepare(sql: string): SqliteStatement;
  /** Runs statements. */
  exec(sql: string): unknown;
}

/** Options of {@linkcode sqlite}. */
export interface SqliteOptions {
  /**
   * The table, which is made where it is missing: letters, digits and underscores.
   *
   * @default {"ironfern"}
   */
  table?: string;
}

interface Row {
  readonly name: string;
  readonly record: string;
}

/**
 * A table of SQLite as a store, which processes share. Batches are transactions.
 *
 * The connection waits 5 seconds for other processes, if it has no busy timeout of
 * its own.
 *
 * @param database A `DatabaseSync` of node:sqlite, a `Database` of bun:sqlite or of
 * better-sqlite3.
 * @param options The table's name.
 * @returns The store.
 * @throws {TypeError} If the table's name is none.
 *
 * @example A database in memory
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { EncryptedStorage, sqlite } from "@ironfern/ironfern/storage";
 * import { assertEquals } from "@std/assert";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const fernet = new Fernet(Fernet.generateKey());
 * const database = new DatabaseSync(":memory:");
 * const storage = new EncryptedStorage(sqlite(database), { fernet });
 * await storage.set("token", "secret");
 * assertEquals(await storage.get("token"), "secret");
 * database.close();
 * ```
 */
export function sqlite(database: SqliteDatabase, options?: SqliteOptions): StringStore {
  const { table = "ironfern" } = checkOptions(options, ["table"]);
  if (typeof table !== "string" || !/^[A-Za-z_]\w{0,63}$/.test(table)) {
    throw new TypeError(
      `Cannot use the table ${quoted(table)}: expected letters, digits and underscores`,
    );
  }
  let prepared: Statements | undefined;
  /** Does work with the statements; the table is made at the first use. */
  const use = <T>(work: (statements: Statements) => T): T => {
    try {
      return work(prepared ??= prepare(database, table));
    } catch (error) {
      throw asStorageError(error);
    }
  };
  const change = ({ put, remove }: Statements, name: string, record: string | null) =>
    record === null ? remove.run(name) : put.run(name, record);
  return {
    get: (name) => use(({ get }) => (get.get(name) as Row | undefined)?.record),
    set: (name, record) => use(({ put }) => void put.run(name, record)),
    delete: (name) => use(({ remove }) => void remove.run(name)),
    keys: (prefix) =>
      use(({ names }) => (names.all(prefix, prefix + LAST) as Row[]).map(({ name }) => name)),
    getMany: (names) =>
      use(({ getMany }) => {
        const rows = getMany.all(JSON.stringify(names)) as Row[];
        const records = new Map(rows.map(({ name, record }) => [name, record]));
        return names.map((name) => records.get(name));
      }),
    setMany: (changes) =>
      use((statements) =>
        transaction(database, () => {
          for (const [name, record] of changes) change(statements, name, record);
        })
      ),
    swap: (name, old, next) =>
      use(({ insert, replace, removeOld, get }) => {
        const changed = old === null
          ? next === null ? Number(!get.get(name)) : changesOf(insert.run(name, next))
          : next === null
          ? changesOf(removeOld.run(name, old))
          : changesOf(replace.run(next, name, old));
        return changed > 0;
      }),
  };
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: SqliteDatabase, table: string) {
  const [timeout = 0] = Object.values(database.prepare("PRAGMA busy_timeout").get() as object);
  if (!timeout) database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
  database.exec(
    `CREATE TABLE IF NOT EXISTS "${table}" (name TEXT NOT NULL PRIMARY KEY, record TEXT NOT NULL)`,
  );
  const to = (sql: string) => database.prepare(sql.replaceAll("$table", () => `"${table}"`));
  return {
    get: to("SELECT record FROM $table WHERE name = ?"),
    getMany: to(
      "SELECT name, record FROM $table WHERE name IN (SELECT value FROM json_each(?))",
    ),
    names: to("SELECT name FROM $table WHERE name >= ? AND name < ?"),
    put: to(
      "INSERT INTO $table (name, record) VALUES (?, ?) " +
        "ON CONFLICT (name) DO UPDATE SET record = excluded.record",
    ),
    remove: to("DELETE FROM $table WHERE name = ?"),
    insert: to("INSERT OR IGNORE INTO $table (name, record) VALUES (?, ?)"),
    replace: to("UPDATE $table SET record = ? WHERE name = ? AND record = ?"),
    removeOld: to("DELETE FROM $table WHERE name = ? AND record = ?"),
  };
}

/** All of the work or none of it, within a transaction of the caller's too. */
function transaction(database: SqliteDatabase, work: () => void): void {
  database.exec("SAVEPOINT ironfern");
  try {
    work();
    database.exec("RELEASE ironfern");
  } catch (error) {
    // A full disk may have ended the transaction already.
    try {
      database.exec("ROLLBACK TO ironfern; RELEASE ironfern");
    } catch {
      // Then there is nothing to undo.
    }
    throw error;
  }
}

function changesOf(result: unknown): number {
  return Number((result as { changes: number | bigint }).changes);
}

function asStorageError(error: unknown) {
  const message = error instanceof Error ? error.message : "";
  if (/disk is full/i.test(message)) return storeError(error, "full");
  return storeError(error, /too big/i.test(message) ? "too-large" : "unavailable");
}
