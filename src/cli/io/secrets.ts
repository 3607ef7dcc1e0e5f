/**
 * Passphrases and keys: from a variable, a file, or a hidden prompt. No message
 * holds the value of an option that names one of these: it may be the secret itself,
 * given by mistake.
 *
 * @module
 */

import { type FileErrorData, nodeFiles, withFile } from "../../files/node_files.ts";
import { AccessError, UsageError } from "../failures.ts";
import type { Args } from "../spec/args.ts";
import { findInput, lineEnd, readAll } from "./input.ts";
import type { NodeProcess } from "./process.ts";
import { askHidden, findTerminal } from "./prompt.ts";
import type { Report } from "./report.ts";

/** The most bytes of a secret and its line end. */
const LONGEST = (1 << 20) + 2;
const BYTE_ORDER_MARKS = [[0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xfe, 0xff]];
/** Read or write, by the group or by all. */
const OTHERS = 0o066n;
/** A key in either alphabet of base64. */
const KEY = /^[\w+/-]{43}=?$/;

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
  /** Its bytes, which its user wipes. */
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
  const [secret, ...others] = await readSecrets(source, request);
  if (!others.length) return secret;
  const [name] = givenNames(source, request);
  throw new UsageError(`Cannot use --${name}: it has ${1 + others.length} keys, expected one`);
}

/**
 * Reads the secret that was given by one option, or asks for it. Of keys there may be
 * several, on lines of their own or between commas; the first one is the newest.
 *
 * @throws {UsageError} If there is none, an empty one, or more than one option.
 */
export async function readSecrets(
  source: SecretSource,
  request: SecretRequest,
): Promise<[Secret, ...Secret[]]> {
  const names = givenNames(source, request);
  if (names.length > 1) {
    throw new UsageError(`Cannot use two secrets: give one of --${names.join(", --")}`);
  }
  const [first, ...others] = await givenSecrets(source, request);
  return first ? [first, ...others] : [await askSecret(source, request)];
}

/** Reads all secrets that were given by options, in the order of the options. */
export async function givenSecrets(
  source: SecretSource,
  request: SecretRequest,
): Promise<Secret[]> {
  const secrets: Secret[] = [];
  for (const name of givenNames(source, request)) {
    for (const value of source.args.list(name) ?? []) {
      const bytes = name.endsWith("-env")
        ? fromVariable(source, name, value)
        : await fromFile(source, name, value);
      if (name.includes("passphrase")) secrets.push({ kind: "passphrase", bytes });
      else secrets.push(...keysOf(bytes).map((bytes) => ({ kind: "key" as const, bytes })));
    }
  }
  return secrets;
}

function givenNames({ args }: SecretSource, request: SecretRequest): string[] {
  return optionNames(request).filter((name) => args.has(name));
}

function optionNames({ prefix = "", kinds }: SecretRequest): string[] {
  return kinds.flatMap((kind) => [`${prefix}${kind}-env`, `${prefix}${kind}-file`]);
}

/** Several keys, if the text is nothing but keys; otherwise the text as it is. */
function keysOf(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
  const words = new TextDecoder("latin1").decode(bytes).matchAll(/[^\s,]+/g);
  const keys = Array.from(words, ({ index, 0: word }) => ({ index, word }));
  if (!keys.length || !keys.every(({ word }) => KEY.test(word))) return [bytes];
  return keys.map(({ index, word }) => bytes.subarray(index, index + word.length));
}

function fromVariable(
  { process }: SecretSource,
  option: string,
  name: string,
): Uint8Array<ArrayBuffer> {
  const value = readVariable(process, option, name);
  if (value === undefined) {
    throw new UsageError(
      `Cannot use --${option}: no variable of that name is set; ` +
        "it takes the name of a variable, not the secret",
    );
  }
  if (!value) throw new UsageError(`Cannot use --${option}: the variable is empty`);
  // The system puts this character in place of what is not UTF-8, so secrets that differ
  // would look the same.
  if (value.includes("\ufffd")) throw notUtf8(option);
  return new TextEncoder().encode(value);
}

function readVariable({ env }: NodeProcess, option: string, name: string): string | undefined {
  try {
    return env[name];
  } catch (cause) {
    // Deno asks for a permission. Any other reason holds the secret.
    if (!(cause instanceof Error && cause.name === "NotCapable")) throw notUtf8(option);
    throw new AccessError("read", `the variable of --${option}`, cause, "NAME");
  }
}

function notUtf8(option: string): UsageError {
  return new UsageError(`Cannot use --${option}: the variable is not UTF-8, so use a file`);
}

async function fromFile(
  source: SecretSource,
  option: string,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { process, report, signal, stdinIsData } = source;
  const refuse = (reason: string) => new UsageError(`Cannot use --${option}: ${reason}`);
  if (path === "-" && stdinIsData) throw refuse("the standard input is the data already");
  if (path === "-" && process.stdin.isTTY) {
    throw refuse("the standard input is a terminal, so leave the option out to be asked");
  }
  const content = await unnamed(option, async () => {
    const input = await findInput(path, process, signal);
    if (await othersCanRead(path, process)) {
      await report.warn(
        `Others can read the file of --${option}: chmod 600 it, or change the secret`,
      );
    }
    return await readAll(input.stream(), LONGEST, "name the file of the secret");
  });
  const secret = content.subarray(0, content.length - lineEnd(content));
  if (!secret.length) throw refuse("the file is empty");
  if (BYTE_ORDER_MARKS.some((mark) => mark.every((byte, index) => secret[index] === byte))) {
    throw refuse("the file begins with a byte order mark, so save it as UTF-8 without");
  }
  if (option.includes("passphrase") && secret.includes(0x0a)) {
    await report.warn(
      `The file of --${option} has several lines: all of them together are the passphrase`,
    );
  }
  return secret;
}

/** Reads the file of an option, with errors that do not name it. */
async function unnamed<T>(option: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { doing } = error as Partial<FileErrorData>;
    throw doing ? new AccessError(doing, `the file of --${option}`, error, "FILE") : error;
  }
}

async function othersCanRead(path: string, { platform }: NodeProcess): Promise<boolean> {
  // Windows has no such modes.
  if (path === "-" || platform === "win32") return false;
  const { fs } = nodeFiles();
  const status = await withFile("read", path, () => fs.stat(path, { bigint: true }));
  return status.isFile() && (status.mode & OTHERS) !== 0n;
}

async function askSecret(source: SecretSource, request: SecretRequest): Promise<Secret> {
  const { process, signal, stdinIsData } = source;
  const { prefix, asked, twice } = request;
  const terminal = findTerminal(process, stdinIsData);
  if (!terminal) {
    const options = optionNames(request).map((name) => `--${name}`);
    const why = stdinIsData ? "the standard input is the data, and " : "";
    throw new UsageError(
      `Cannot ask for a ${asked}: ${why}no terminal can be opened, so add ${options.join(" or ")}`,
    );
  }
  const name = `${prefix === undefined ? "" : "old "}${asked}`;
  const question = name[0].toUpperCase() + name.slice(1);
  const questions = twice ? [question, `${question} again`] : [question];
  const [first, second = first] = await askHidden(terminal, questions, signal);
  if (first !== second) {
    throw new UsageError(`Cannot use the ${asked}: the two that were typed differ`);
  }
  return { kind: asked, bytes: new TextEncoder().encode(first) };
}
