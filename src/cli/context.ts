/**
 * What a subcommand is run with.
 *
 * @module
 */

import type { ExportSecret } from "../export/mod.ts";
import type { Fernet } from "../fernet/fernet.ts";
import type { Args } from "./spec/args.ts";
import { usage } from "./failures.ts";
import { findInput, findOutput, type Input, type Output, stdoutFailed } from "./io/files.ts";
import type { NodeProcess } from "./io/process.ts";
import { askHidden, canAsk } from "./io/prompt.ts";
import type { Report, Result } from "./io/report.ts";
import { givenSecrets, readSecret, type Secret, type SecretRequest } from "./io/secrets.ts";

const EXPORT_SECRETS = { kinds: ["passphrase", "key"], asked: "passphrase" } as const;
const KEYS = { kinds: ["key"], asked: "key", twice: false } as const;
const OLD_KEYS = { ...KEYS, prefix: "old-" } as const;

/** What a subcommand is run with. */
export class Context {
  /** The arguments. */
  readonly args: Args;
  /** Is aborted by signals, with the reason `Interrupted`. */
  readonly signal: AbortSignal;
  /** Where results and warnings go. */
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

  /** The input, which is there. */
  async input(): Promise<Input> {
    const input = await findInput(this.args.operand, this.#process, this.signal);
    this.#stdinIsData = input.path === undefined;
    return input;
  }

  /** The output, which may be written. */
  async output(input?: Input): Promise<Output> {
    return await findOutput(this.args, input, this.#process);
  }

  /** Whether a text is to be asked for: there is no input, and somebody is there. */
  get asksForText(): boolean {
    return this.args.operand === "-" && canAsk(this.#process);
  }

  /** Asks for a text, without an echo. */
  async ask(question: string): Promise<string> {
    const [answer] = await askHidden(this.#process, [question], this.signal);
    return answer;
  }

  /** A passphrase or a key. */
  async secret(twice: boolean): Promise<Secret> {
    return await this.#read({ ...EXPORT_SECRETS, twice });
  }

  /** A passphrase. */
  async passphrase(): Promise<Uint8Array> {
    const request = { kinds: ["passphrase"], asked: "passphrase", twice: false } as const;
    return (await this.#read(request)).bytes;
  }

  /**
   * A passphrase or a key, as sealed exports take it.
   *
   * @throws {UsageError} If it is a key that is none.
   */
  async exportSecret(twice: boolean): Promise<ExportSecret> {
    const secret = await this.secret(twice);
    if (secret.kind === "passphrase") return { passphrase: secret.bytes };
    (await this.fernetOf(secret)).destroy();
    return { key: keyText(secret) };
  }

  /** The Fernet of a key. */
  async fernet(): Promise<Fernet> {
    return await this.fernetOf(await this.#read(KEYS));
  }

  /** The Fernets of the old keys. */
  async oldFernets(): Promise<Fernet[]> {
    const given = await givenSecrets(this.#source(), OLD_KEYS);
    this.#secrets.push(...given);
    const secrets = given.length ? given : [await this.#read(OLD_KEYS)];
    return await Promise.all(secrets.map((secret) => this.fernetOf(secret)));
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

  /** Tells a result that is all the output there is. */
  async print(text: string, result: Result): Promise<void> {
    await this.report.result(text, result, false).catch(stdoutFailed);
  }

  /** Wipes the secrets. */
  wipe(): void {
    for (const { bytes } of this.#secrets) bytes.fill(0);
  }

  async #read(request: SecretRequest): Promise<Secret> {
    const secret = await readSecret(this.#source(), request);
    this.#secrets.push(secret);
    return secret;
  }

  #source() {
    const { args, report, signal } = this;
    return { args, report, signal, process: this.#process, stdinIsData: this.#stdinIsData };
  }
}

/** Not UTF-8 is no key either, and is refused as what it is not. */
function keyText({ bytes }: Secret): string {
  return new TextDecoder().decode(bytes);
}
