/**
 * Python's contestants: a process that is told what to do a round at a time and
 * measures itself, so that it interleaves with the others.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type Absence, type Settings, THEIRS } from "./rows.ts";
import type { Field, KdfInput, KdfWay, Message, Timer, TokenWay } from "./ways.ts";

interface Hello {
  readonly python: string;
  readonly cryptography: string | null;
}

/** Bytes as the program has them in JSON. */
interface Base64 {
  readonly base64: string;
}

const NAMES = [THEIRS.pyca, THEIRS.hashlib];

function toJson(value: Message): string | Base64 {
  return typeof value === "string" ? value : { base64: Buffer.from(value).toString("base64") };
}

function fromJson({ base64 }: Base64): Buffer<ArrayBuffer> {
  return Buffer.from(base64, "base64");
}

/** A Python that is waiting for work, or why there is none. */
export class Python {
  readonly #ask: ((request: object) => Promise<unknown>) | undefined;
  readonly #hello: Hello | undefined;
  /** Ends the process. */
  readonly close: () => void;

  private constructor(
    ask?: (request: object) => Promise<unknown>,
    hello?: Hello,
    close: () => void = () => {},
  ) {
    this.#ask = ask;
    this.#hello = hello;
    this.close = close;
  }

  /** Starts it, where it was found. */
  static async start(python: Settings["python"]): Promise<Python> {
    if (!python) return new Python();
    const child = spawn(python.command, [python.script], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const answer = async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error("Python ended: see what it printed");
      return JSON.parse(value);
    };
    const ask = (request: object) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    };
    const hello: Hello = await answer();
    const pinned = hello.cryptography === python.cryptography;
    return new Python(ask, pinned ? hello : { ...hello, cryptography: null }, () => {
      child.stdin.end();
    });
  }

  /** Its version and that of `cryptography`. */
  get versions(): string | undefined {
    if (!this.#hello) return undefined;
    const { python, cryptography } = this.#hello;
    return `Python ${python}${cryptography ? `, cryptography ${cryptography}` : ""}`;
  }

  #absent(): Absence[] {
    if (!this.#hello) return NAMES.map((name) => ({ name, reason: "no Python was found" }));
    return this.#hello.cryptography
      ? []
      : [{ name: THEIRS.pyca, reason: "this Python has not the `cryptography` pinned" }];
  }

  /** pyca's Fernet. */
  tokens(key: string): Field<TokenWay> {
    const absent = this.#absent().filter(({ name }) => name === THEIRS.pyca);
    if (absent.length) return { ways: [], absent };
    const job = (name: string, values: readonly Message[]) =>
      this.#prepare(name, { key, values: values.map(toJson) });
    const run = async (name: string, values: readonly Message[]) =>
      (await this.#run(await job(name, values))).map(fromJson);
    const way: TokenWay = {
      name: THEIRS.pyca,
      encrypt: async (messages) => (await run("encrypt", messages)).map(String),
      decrypt: (tokens) => run("decrypt", tokens),
      timer: async (name, values) => this.#timer(await job(name, values)),
    };
    return { ways: [way], absent };
  }

  /** pyca's Fernet over rows, a round of `repeats` times all of them. */
  rows(key: string, rows: readonly string[]): Promise<Timer> | undefined {
    if (this.#absent().length) return undefined;
    return this.#prepare("encrypt", { key, values: rows }).then((id) => this.#timer(id));
  }

  /** Seals a file into another, the format of sealed exports made with pyca. */
  sealFile(key: string): ((input: string, output: string) => Promise<void>) | undefined {
    if (this.#absent().length) return undefined;
    return async (input, output) => {
      const id = await this.#prepare("seal_file", { key, input, output });
      await this.#timer(id)(1);
    };
  }

  /** hashlib's PBKDF2 and pyca's. */
  kdfs(): Field<KdfWay> {
    const absent = this.#absent();
    const way = (name: string, jobName: string): KdfWay => {
      const job = (inputs: readonly KdfInput[], iterations: number) =>
        this.#prepare(jobName, {
          inputs: inputs.map(({ password, salt }) => [password, toJson(salt)]),
          iterations,
        });
      return {
        name,
        derive: async (inputs, iterations) =>
          (await this.#run(await job(inputs, iterations))).map(fromJson),
        timer: async (inputs, iterations) => this.#timer(await job(inputs, iterations)),
      };
    };
    const ways = [way(THEIRS.hashlib, "hashlib_keys"), way(THEIRS.pyca, "pyca_keys")]
      .filter(({ name }) => !absent.some((other) => other.name === name));
    return { ways, absent };
  }

  async #request<Answer>(request: object): Promise<Answer> {
    if (!this.#ask) throw new Error("unreachable: there is no Python");
    return await this.#ask(request) as Answer;
  }

  async #prepare(job: string, values: object): Promise<number> {
    return (await this.#request<{ id: number }>({ prepare: job, ...values })).id;
  }

  async #run(id: number): Promise<Base64[]> {
    return (await this.#request<{ results: Base64[] }>({ run: id })).results;
  }

  #timer(id: number): Timer {
    return async (repeats) =>
      (await this.#request<{ nanoseconds: number }>({ time: id, repeats })).nanoseconds / 1e6;
  }
}
