/**
 * What the command says of an error, and its exit code. All of it is made of the
 * error's properties; a message is printed as it is or not at all.
 *
 * @module
 */

import { InvalidTokenError, SealedExportError } from "../errors.ts";
import { StorageError, type StorageErrorCode } from "../storage/errors.ts";
import { EXIT, RefusedError, UsageError } from "./failures.ts";

const SYSTEM: Readonly<Record<string, string>> = {
  EACCES: "the system does not permit it, so look at who owns it and its mode",
  EEXIST: "it exists, so add --force to replace it",
  EISDIR: "it is a folder, expected a file",
  ENAMETOOLONG: "the name is longer than the system allows",
  ENOENT: "there is no such file or folder",
  ENOSPC: "no space is left on the device, so make some and try again",
  ENOTDIR: "part of its path is a file, not a folder",
  EPERM: "the system does not permit it, so look at who owns it and its mode",
  EROFS: "the device can only be read",
};

/** The secret is wrong, or the records are not what was written. */
const REFUSED: ReadonlySet<StorageErrorCode> = new Set(["unreadable", "wrong-secret", "bad-vault"]);

/** What the command says of an error. */
export interface Description {
  /** One line, without a final period. */
  readonly text: string;
  /** The exit code. */
  readonly exit: number;
  /** What programs get besides. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** What errors carry; each kind has some of these. */
interface ErrorData {
  /** What was tried with a file. */
  readonly doing?: "read" | "write";
  /** That file. */
  readonly path?: string;
  /** What it is, where its name is not told. */
  readonly what?: string;
  /** The word for its name in the help text. */
  readonly word?: string;
  /** The system's code, or that of a sealed export's fault. */
  readonly code?: string;
  /** Where the new content of a file is that could not be replaced. */
  readonly kept?: string;
  /** The line of the file. */
  readonly line?: number;
  /** The row of the table, from 0. */
  readonly row?: number;
  /** The name of the field. */
  readonly field?: string;
}

/** Says what is wrong and what to do. */
export function describe(error: unknown): Description {
  const data = dataOf(error);
  const denied = causeOf(error, ({ name }) => name === "NotCapable");
  if (denied) {
    const text = `${beginning(data)}: Deno was not allowed to, so run it with ${
      neededFlags(data, denied)
    }`;
    return { text, exit: EXIT.usage, details: {} };
  }
  return { text: textOf(error, data), exit: exitOf(error, data), details: detailsOf(data) };
}

function dataOf(error: unknown): ErrorData {
  const known = error instanceof Error ? error as ErrorData : {};
  const { doing, path, what, word, kept, line, row, field } = known;
  const coded = causeOf(error, (cause) => typeof (cause as ErrorData).code === "string");
  const code = (coded as ErrorData | undefined)?.code;
  return { doing, path, what, word, code, kept, line, row, field };
}

function causeOf(error: unknown, wanted: (error: Error) => boolean): Error | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (wanted(cause)) return cause;
  }
}

function exitOf(error: unknown, { code }: ErrorData): number {
  if (error instanceof UsageError || code === "EEXIST") return EXIT.usage;
  const refused = error instanceof InvalidTokenError || error instanceof SealedExportError ||
    error instanceof RefusedError || error instanceof StorageError && REFUSED.has(error.code);
  return refused ? EXIT.refused : EXIT.failed;
}

function textOf(error: unknown, data: ErrorData): string {
  const { doing, code = "", kept, what } = data;
  const reason = SYSTEM[code];
  if (doing && reason && kept === undefined) return `${beginning(data)}: ${reason}`;
  // The system's own message may hold the name.
  if (what) return `${beginning(data)}: the system refuses it${code && ` (${code})`}`;
  return error instanceof Error ? error.message : String(error);
}

function beginning({ doing, path, what = path }: ErrorData): string {
  return doing && what ? `Cannot ${doing} ${what}` : "Cannot go on";
}

function detailsOf({ code, path, kept, line, row, field }: ErrorData): Description["details"] {
  const details = { code, path, kept, line, row, field };
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
}

/** The flags of Deno that allow what it denied; its message says what that was. */
function neededFlags({ doing, path, word }: ErrorData, { message }: Error): string {
  const [, kind = "all", what] = message.match(/Requires (\w+) access to (?:"(.*)")?/) ?? [];
  if (kind === "all") return "--allow-all";
  if (word) return `--allow-${kind}=${word}`;
  if (doing === "write" && path?.startsWith("/dev/")) {
    return `--allow-read=${path} --allow-write=${path}`;
  }
  if (doing === "write" && path !== undefined && (kind === "read" || what !== path)) {
    // The folder of an output is looked at, and a temporary file is written in it.
    const folder = what === folderOf(path) ? what : folderOf(what ?? "");
    return kind === "read"
      ? `--allow-read=${folder} --allow-write=${folder}`
      : `--allow-write=${folder}`;
  }
  return `--allow-${kind}${what === undefined ? "" : `=${what}`}`;
}

function folderOf(path: string): string {
  return path.match(/^(.*)[/\\][^/\\]*$/)?.[1] ?? ".";
}
