/**
 * What a subcommand is run with.
 *
 * @module
 */

import type { ExportSecret } from "../export/mod.ts";
import type { Fernet } from "../fernet/fernet.ts";
import type { FileErrorData } from "../files/node_files.ts";
import { AccessError, usage, UsageError } from "./failures.ts";
import { findInput, type Input } from "./io/input.ts";
import { findOutput, type Output, stdoutFailed } from "./io/output.ts";
import type { NodeProcess } from "./io/process.ts";
import { askHidden, findTerminal, isTerminal } from "./io/prompt.ts";
import type { Report, Result } from "./io/report.ts";
import {
  givenSecrets,
  readSecret,
  readSecrets,
  type Secret,
  type SecretRequest,
} from "./io/secrets.ts";
import type { Args } from "./spec/args.ts";

const EITHER = { kinds: ["passphrase", "key"], asked: "passphrase" } as const;
const KEYS = { kinds: ["key"], asked: "key", twice: false } as const;
const OLD_KEYS = { ...KEYS, prefix: "old-" } as const;

/** What a subcommand is run with. */
export class Context {
  /** The arguments. */
  readonly args: Args;
  /** Is aborted by signals, with the reason `Interrupted`. */
  readonly signal: AbortSignal;
  /** Prints results and warnings. */
  readonly report: Report;
  readonly #process: NodeProcess;
  readonly #secrets: Secret[] = [];
  #stdinIsData = false;

  /** The context of one run. */
  constructor(process: NodeProcess, args: Args, report: Report, signal: AbortSignal) {
    this.#process = process;
    this.args = args;
    this.report = report;
    this.signal = signal;
  }

  /** The input, which exists. */
  async input(): Promise<Input> {
    return await this.#input(this.args.operand);
  }

  /** The input that an option names, by default the standard input. */
  async optionInput(option: string): Promise<Input> {
    return await this.#input(this.args.text(option) ?? "-");
  }

  async #input(path: string): Promise<Input> {
    const input = await findInput(path, this.#process, this.signal);
    this.#stdinIsData = input.path === undefined;
    return input;
  }

  /**
   * The input of a command that takes one text. No error names it: it may be the text,
   * given by mistake.
   */
  async unnamedInput(): Promise<Input> {
    try {
      return await this.input();
    } catch (error) {
      const { doing } = error as Partial<FileErrorData>;
      throw doing ? new AccessError(doing, "INPUT", error, "INPUT") : error;
    }
  }

  /** The output, which may be written. */
  async output(input?: Input): Promise<Output> {
    const output = await findOutput(this.args, input, this.#process, this.signal);
    if (output.path === undefined && this.#process.stdout.isTTY) this.report.leaveTerminalToData();
    return output;
  }

  /** Whether a text is asked for: no input is named, and somebody is at the terminal. */
  get asksForText(): boolean {
    return this.args.operand === "-" && isTerminal(this.#process);
  }

  /** Asks for a text, without an echo. */
  async ask(question: string): Promise<string> {
    const terminal = findTerminal(this.#process, false);
    if (!terminal) throw new UsageError("Cannot ask for a text: no terminal can be opened");
    const [answer] = await askHidden(terminal, [question], this.signal);
    return answer;
  }

  /** A passphrase, or one key or several. */
  async secrets(twice: boolean): Promise<[Secret, ...Secret[]]> {
    return this.#keep(await readSecrets(this.#source(), { ...EITHER, twice }));
  }

  /** A passphrase. */
  async passphrase(): Promise<Uint8Array> {
    const request = { kinds: ["passphrase"], asked: "passphrase", twice: false } as const;
    return (await this.#readOne(request)).bytes;
  }

  /**
   * A passphrase or a key, in the form that sealed exports take.
   *
   * @throws {UsageError} If what was given as a key is none.
   */
  async exportSecret(twice: boolean): Promise<ExportSecret> {
    const secret = await this.#readOne({ ...EITHER, twice });
    if (secret.kind === "passphrase") return { passphrase: secret.bytes };
    (await this.fernetOf(secret)).destroy();
    return { key: keyText(secret) };
  }

  /** The Fernet of the one key. */
  async fernet(): Promise<Fernet> {
    return await this.fernetOf(await this.#readOne(KEYS));
  }

  /** The Fernets of the new key and of the old ones, the newest first. */
  async rotatedFernets(): Promise<Fernet[]> {
    const keys = this.#keep(await readSecrets(this.#source(), KEYS));
    const old = this.#keep(await givenSecrets(this.#source(), OLD_KEYS));
    if (keys.length + old.length === 1) old.push(await this.#readOne(OLD_KEYS));
    return await Promise.all([...keys, ...old].map((secret) => this.fernetOf(secret)));
  }

  /** The Fernet of a key that was read. */
  async fernetOf(secret: Secret): Promise<Fernet> {
    const { Fernet } = await import("../../mod.ts");
    return usage(() => new Fernet(keyText(secret)));
  }

  /** Tells the result, beside the data if that went to the standard output. */
  async result(text: string, result: Result, output: Output): Promise<void> {
    if (output.path !== undefined) return await this.print(text, result);
    await this.report.result(text, result, true);
  }

  /** Prints a result where there is no other output. */
  async print(text: string, result: Result): Promise<void> {
    await this.report.result(text, result, false).catch(stdoutFailed);
  }

  /** Wipes the secrets. */
  wipe(): void {
    for (const { bytes } of this.#secrets) bytes.fill(0);
  }

  async #readOne(request: SecretRequest): Promise<Secret> {
    const [secret] = this.#keep([await readSecret(this.#source(), request)]);
    return secret;
  }

  #keep<T extends readonly Secret[]>(secrets: T): T {
    this.#secrets.push(...secrets);
    return secrets;
  }

  #source() {
    const { args, report, signal } = this;
    return { args, report, signal, process: this.#process, stdinIsData: this.#stdinIsData };
  }
}

/** Bytes that are not UTF-8 are no key either, and are refused as what they are not. */
function keyText({ bytes }: Secret): string {
  return new TextDecoder().decode(bytes);
}
