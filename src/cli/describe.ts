/**
 * What to tell of an error, and the exit code.
 *
 * @module
 */

import { InvalidTokenError, SealedExportError } from "../errors.ts";
import { EXIT, UsageError } from "./failures.ts";

const SYSTEM: Readonly<Record<string, string>> = {
  EACCES: "the system does not permit it, so look at who owns it and its mode",
  EISDIR: "it is a folder, expected a file",
  ENOENT: "there is no such file or folder",
  ENOSPC: "no space is left on the device, so make some and try again",
  ENOTDIR: "part of its path is a file, not a folder",
  EPERM: "the system does not permit it, so look at who owns it and its mode",
  EROFS: "the device can only be read",
};

/** What is told of an error. */
export interface Description {
  /** One line, without a final period. */
  readonly text: string;
  /** The exit code. */
  readonly exit: number;
  /** What programs get besides. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Says what is wrong and what to do. */
export function describe(error: unknown): Description {
  const text = error instanceof Error ? error.message : String(error);
  const denied = causeOf(error, ({ name }) => name === "NotCapable");
  if (denied) return { text: deniedText(error, denied), exit: EXIT.usage, details: {} };
  if (error instanceof UsageError) return { text, exit: EXIT.usage, details: {} };
  if (error instanceof SealedExportError) {
    const { code, line } = error;
    return { text, exit: EXIT.refused, details: { code, line } };
  }
  if (error instanceof InvalidTokenError) {
    const { index } = error;
    // People count lines and rows from 1.
    if (index === undefined) return { text, exit: EXIT.refused, details: {} };
    const line = index + 1;
    const told = text.replace(`token ${index}:`, `value ${line} (from 1):`);
    return { text: told, exit: EXIT.refused, details: { value: line } };
  }
  const details = codeOf(error);
  if (details.code === "EEXIST") {
    const told = text.replace("and overwrite is false", "so add --force to replace it");
    return { text: told, exit: EXIT.usage, details };
  }
  return { text: systemText(error, text), exit: EXIT.failed, details };
}

function causeOf(error: unknown, wanted: (error: Error) => boolean): Error | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (wanted(cause)) return cause;
  }
}

/** What an error of this package's was about to do; the reason comes after it. */
function beginning(error: unknown, cause: Error): string {
  const text = error instanceof Error ? error.message : "";
  const end = text.indexOf(`: ${cause.message}`);
  return end < 0 ? "Cannot go on" : text.slice(0, end);
}

function deniedText(error: unknown, denied: Error): string {
  const [, kind = "all", what] = denied.message.match(/Requires (\w+) access to (?:"(.*)")?/) ?? [];
  const begin = beginning(error, denied);
  const target = begin.replace(/^Cannot write /, "");
  const folder = what === folderOf(target) ? what : folderOf(what ?? "");
  const flags = kind === "read" && begin.startsWith("Cannot write")
    // The output is looked at, and a temporary file is written beside it.
    ? `--allow-read=${folder} --allow-write=${folder}`
    : kind === "write" && /\.ironfern-[0-9a-f]{16}\.tmp$/.test(what ?? "")
    ? `--allow-write=${folder}`
    : `--allow-${kind}${what === undefined ? "" : `=${what}`}`;
  return `${begin}: Deno was not allowed to, so run it with ${flags}`;
}

function folderOf(path: string): string {
  return path.match(/^(.*)[/\\][^/\\]*$/)?.[1] ?? ".";
}

function codeOf(error: unknown): { code?: string } {
  const found = causeOf(error, (cause) => "code" in cause && typeof cause.code === "string");
  return found ? { code: (found as Error & { code: string }).code } : {};
}

function systemText(error: unknown, text: string): string {
  const reason = SYSTEM[codeOf(error).code ?? ""];
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  return reason && cause && text.includes(cause.message)
    ? `${beginning(error, cause)}: ${reason}`
    : text;
}
