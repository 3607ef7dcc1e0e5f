/**
 * Passphrases and keys: from a variable, a file, or a hidden prompt.
 *
 * @module
 */

import { nodeFiles, withFile } from "../../files/node_files.ts";
import type { Args } from "../spec/args.ts";
import { UsageError } from "../failures.ts";
import { findInput, lineEnd, readAll } from "./files.ts";
import type { NodeProcess } from "./process.ts";
import { askHidden, canAsk } from "./prompt.ts";
import type { Report } from "./report.ts";

/** Bytes that a secret may have, and its line end. */
const LONGEST = (1 << 20) + 2;
const BYTE_ORDER_MARKS = [[0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xfe, 0xff]];
/** Read or write, by the group or by all. */
const OTHERS = 0o066n;

/** What a secret is read with. */
export interface SecretSource {
  /** The arguments. */
  readonly args: Args;
  /** The process. */
  readonly process: NodeProcess;
  /** Where warnings go. */
  readonly report: Report;
  /** Ends the asking. */
  readonly signal: AbortSignal;
  /** Whether the standard input is the data. */
  readonly stdinIsData: boolean;
}

/** A secret. */
export interface Secret {
  /** Which of the two it is. */
  readonly kind: "passphrase" | "key";
  /** Its bytes, for their user to wipe. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Which secrets a command takes, and how it asks for one. */
export interface SecretRequest {
  /** The prefix of the options' names. */
  readonly prefix?: string;
  /** What can be given by options. */
  readonly kinds: readonly Secret["kind"][];
  /** What is asked for where none is given. */
  readonly asked: Secret["kind"];
  /** Whether to ask twice: nobody could open what a misspelt secret sealed. */
  readonly twice: boolean;
}

/**
 * Reads the one secret that was given, or asks for it.
 *
 * @throws {UsageError} If there is none, more than one, or an empty one.
 */
export async function readSecret(source: SecretSource, request: SecretRequest): Promise<Secret> {
  const names = optionNames(request).filter((name) => source.args.has(name));
  if (names.length > 1) {
    throw new UsageError(`Cannot use two secrets: give one of --${names.join(", --")}`);
  }
  const [secret] = await givenSecrets(source, request);
  return secret ?? await askSecret(source, request);
}

/** Reads all secrets that were given by options, in the order of the options. */
export async function givenSecrets(
  source: SecretSource,
  request: SecretRequest,
): Promise<Secret[]> {
  const names = optionNames(request).filter((name) => source.args.has(name));
  const secrets: Secret[] = [];
  for (const name of names) {
    const kind = name.includes("passphrase") ? "passphrase" : "key";
    for (const value of source.args.list(name) ?? []) {
      const bytes = name.endsWith("-env")
        ? fromVariable(source, name, value)
        : await fromFile(source, name, value);
      secrets.push({ kind, bytes });
    }
  }
  return secrets;
}

function optionNames({ prefix = "", kinds }: SecretRequest): string[] {
  return kinds.flatMap((kind) => [`${prefix}${kind}-env`, `${prefix}${kind}-file`]);
}

function fromVariable(
  { process }: SecretSource,
  option: string,
  name: string,
): Uint8Array<ArrayBuffer> {
  const value = readVariable(process, name);
  if (!value) {
    const state = value === undefined ? "not set" : "empty";
    throw new UsageError(`Cannot use --${option} ${name}: the variable is ${state}`);
  }
  // What is not UTF-8 comes with this in its place: other secrets would be the same.
  if (value.includes("\ufffd")) throw notUtf8(name);
  return new TextEncoder().encode(value);
}

function readVariable({ env }: NodeProcess, name: string): string | undefined {
  try {
    return env[name];
  } catch (cause) {
    // Deno asks for a permission. Any other reason quotes the secret.
    if (!(cause instanceof Error && cause.name === "NotCapable")) throw notUtf8(name);
    throw new Error(`Cannot read the variable ${name}: ${cause.message}`, { cause });
  }
}

function notUtf8(name: string): UsageError {
  return new UsageError(`Cannot use the variable ${name}: it is not UTF-8, so use a file`);
}

async function fromFile(
  source: SecretSource,
  option: string,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { process, report, signal, stdinIsData } = source;
  if (path === "-" && stdinIsData) {
    throw new UsageError(`Cannot use --${option} -: the standard input is the data already`);
  }
  if (path === "-" && process.stdin.isTTY) {
    throw new UsageError(`Cannot use --${option} -: leave it out, to be asked without an echo`);
  }
  const input = await findInput(path, process, signal);
  if (await othersCanRead(path, process)) {
    await report.warn(`Others can read ${path}: chmod 600 it, or change the secret`);
  }
  const content = await readAll(input.stream(), LONGEST, "name the file of the secret");
  const secret = content.subarray(0, content.length - lineEnd(content));
  if (!secret.length) throw new UsageError(`Cannot use --${option} ${path}: the file is empty`);
  if (BYTE_ORDER_MARKS.some((mark) => mark.every((byte, index) => secret[index] === byte))) {
    throw new UsageError(
      `Cannot use --${option} ${path}: it begins with a byte order mark, so save it as UTF-8 without`,
    );
  }
  return secret;
}

async function othersCanRead(path: string, { platform }: NodeProcess): Promise<boolean> {
  // Windows has no such modes.
  if (path === "-" || platform === "win32") return false;
  const { fs } = nodeFiles();
  const status = await withFile("read", path, () => fs.stat(path, { bigint: true }));
  return status.isFile() && ((status as unknown as { mode: bigint }).mode & OTHERS) !== 0n;
}

async function askSecret(source: SecretSource, request: SecretRequest): Promise<Secret> {
  const { process, signal, stdinIsData } = source;
  const { prefix, kinds, asked, twice } = request;
  if (stdinIsData || !canAsk(process)) {
    const options = optionNames({ ...request, kinds }).map((name) => `--${name}`);
    const why = stdinIsData
      ? "the standard input is the data"
      : "the standard input is no terminal";
    throw new UsageError(`Cannot ask for a ${asked}: ${why}, so add ${options.join(" or ")}`);
  }
  const name = `${prefix === undefined ? "" : "old "}${asked}`;
  const question = name[0].toUpperCase() + name.slice(1);
  const questions = twice ? [question, `${question} again`] : [question];
  const [first, second = first] = await askHidden(process, questions, signal);
  if (first !== second) {
    throw new UsageError(`Cannot use the ${asked}: the two that were typed differ`);
  }
  return { kind: asked, bytes: new TextEncoder().encode(first) };
}
