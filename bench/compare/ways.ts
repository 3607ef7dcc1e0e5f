/**
 * What a contestant of the suite is, and ours.
 *
 * @module
 */

import {
  availableBackends,
  type BackendChoice,
  Fernet,
  pbkdf2,
  type Pbkdf2Input,
  pbkdf2Many,
} from "@ironfern/ironfern";
import { type Absence, OURS } from "./rows.ts";

/** A message. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** Does a prepared job so many times and says how many milliseconds that took. */
export type Timer = (repeats: number) => Promise<number>;

/** A way to make tokens and to open them. */
export interface TokenWay {
  /** Its name. */
  readonly name: string;
  /** Whether it takes no bytes. */
  readonly textOnly?: boolean;
  /** Makes tokens. */
  encrypt(messages: readonly Message[]): string[] | Promise<string[]>;
  /** Opens tokens. */
  decrypt(tokens: readonly string[]): Message[] | Promise<Message[]>;
  /** Hands the values over, where the work is done in another process. */
  timer?(job: "encrypt" | "decrypt", values: readonly Message[]): Promise<Timer>;
}

/** A way to derive keys of 32 bytes by PBKDF2-HMAC-SHA256. */
export interface KdfWay {
  /** Its name. */
  readonly name: string;
  /** Derives keys. */
  derive(inputs: readonly KdfInput[], iterations: number): Promise<Uint8Array[]>;
  /** Hands the inputs over, where the work is done in another process. */
  timer?(inputs: readonly KdfInput[], iterations: number): Promise<Timer>;
}

/** What a key is derived from. */
export type KdfInput = Pbkdf2Input & {
  readonly password: string;
  readonly salt: Uint8Array<ArrayBuffer>;
};

/** A key and its value. */
export type StorageEntry = [key: string, value: string];

/** Who seals sessions into cookies. */
export interface SessionWay {
  /** The name in the report. */
  readonly name: string;
  /** Seals a session. */
  seal(value: SessionValue): Promise<string>;
  /** Opens one. */
  open(text: string): Promise<unknown>;
}

/** What a session holds. */
export type SessionValue = Readonly<Record<string, string>>;

/** A way to keep values encrypted under keys. */
export interface StorageWay {
  /** Its name. */
  readonly name: string;
  /** How many records it is given, if all would take minutes. */
  readonly most?: number;
  /** Keeps values. */
  set(entries: readonly StorageEntry[]): unknown;
  /** Lists and opens all of them. */
  open(): StorageEntry[] | Promise<StorageEntry[]>;
}

/** Contestants, and those that are not there. */
export interface Field<Way> {
  /** Who takes part. */
  readonly ways: readonly Way[];
  /** Who does not. */
  readonly absent: readonly Absence[];
}

function backends(): Field<BackendChoice> {
  const here: BackendChoice[] = ["auto", ...availableBackends()];
  const all: BackendChoice[] = ["auto", "wasm", "webcrypto", "node", "portable"];
  return {
    ways: all.filter((name) => here.includes(name)),
    absent: all.filter((name) => !here.includes(name))
      .map((name) => ({ name: OURS[name], reason: "not among availableBackends() here" })),
  };
}

/** Our backends, a batch at once where the call is synchronous. */
export function ourTokens(key: string, calls: "many" | "async"): Field<TokenWay> {
  const { ways, absent } = backends();
  return {
    absent,
    ways: ways.map((backend): TokenWay => {
      const fernet = new Fernet(key, { backend });
      const name = OURS[backend];
      if (calls === "many" && backend !== "webcrypto") {
        return {
          name,
          encrypt: (messages) => fernet.encryptMany(messages),
          decrypt: (tokens) => fernet.decryptMany(tokens),
        };
      }
      return {
        name,
        encrypt: (messages) => Promise.all(messages.map((each) => fernet.encryptAsync(each))),
        decrypt: (tokens) => Promise.all(tokens.map((each) => fernet.decryptAsync(each))),
      };
    }),
  };
}

/** Our backends for keys; `workers` are for many of them. */
export function ourKdfs(workers: number = 0): Field<KdfWay> {
  const { ways, absent } = backends();
  return {
    absent,
    ways: ways.map((backend) => ({
      name: OURS[backend],
      derive: async (inputs, iterations) =>
        inputs.length === 1
          ? [await pbkdf2(inputs[0].password, inputs[0].salt, { iterations, backend })]
          : await pbkdf2Many(inputs, { iterations, backend, workers }),
    })),
  };
}
