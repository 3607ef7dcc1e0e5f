/**
 * Peers from npm. They are imported when the suite runs, so that one that is
 * missing is told and not fatal.
 *
 * @module
 */

import { type Absence, THEIRS } from "./rows.ts";
import type { Field, KdfWay, TokenWay } from "./ways.ts";

/** The parts of `fernet` that are used here. It has no types of its own. */
export interface FernetModule {
  Secret: new (key: string) => unknown;
  Token: new (options: { secret: unknown; token?: string; ttl?: number }) => {
    encode(message: string): string;
    decode(): string;
  };
}

/** The parts of `fernet-nodejs` that are used here. */
export interface FernetNodejsModule {
  Fernet: new (key: string) => {
    encrypt(text: string): string;
    decrypt(token: string): string;
  };
}

interface HashWasmModule {
  createSHA256(): Promise<unknown>;
  pbkdf2(options: {
    password: string;
    salt: Uint8Array;
    iterations: number;
    hashLength: number;
    hashFunction: Promise<unknown>;
    outputType: "binary";
  }): Promise<Uint8Array>;
}

/** The peers, in the versions that they are measured in. */
export const PEERS = {
  "fernet": "0.4.0",
  "fernet-nodejs": "1.0.6",
  "hash-wasm": "4.13.0",
} as const;

async function tryImport<Module>(
  name: keyof typeof PEERS,
  missing: readonly Absence[],
): Promise<Module | string> {
  try {
    const module = await import(name);
    return module.default ?? module;
  } catch (error) {
    const { code, name: kind } = error as Error & { code?: string };
    return missing.find((peer) => peer.name === name)?.reason ??
      `it cannot be imported (${code ?? kind})`;
  }
}

/** The packages that make Fernet tokens; both take text only. */
export async function peerTokens(
  key: string,
  missing: readonly Absence[],
): Promise<Field<TokenWay>> {
  const ways: TokenWay[] = [];
  const absent: Absence[] = [];
  const fernet = await tryImport<FernetModule>("fernet", missing);
  if (typeof fernet === "string") absent.push({ name: THEIRS.fernet, reason: fernet });
  else {
    const secret = new fernet.Secret(key);
    ways.push({
      name: THEIRS.fernet,
      textOnly: true,
      encrypt: (messages) =>
        messages.map((message) => new fernet.Token({ secret }).encode(message as string)),
      decrypt: (tokens) =>
        tokens.map((token) => new fernet.Token({ secret, token, ttl: 0 }).decode()),
    });
  }
  const other = await tryImport<FernetNodejsModule>("fernet-nodejs", missing);
  if (typeof other === "string") absent.push({ name: THEIRS.fernetNodejs, reason: other });
  else {
    const keyed = new other.Fernet(key);
    ways.push({
      name: THEIRS.fernetNodejs,
      textOnly: true,
      encrypt: (messages) => messages.map((message) => keyed.encrypt(message as string)),
      decrypt: (tokens) => tokens.map((token) => keyed.decrypt(token)),
    });
  }
  return { ways, absent };
}

/** hash-wasm. */
export async function peerKdfs(missing: readonly Absence[]): Promise<Field<KdfWay>> {
  const hashWasm = await tryImport<HashWasmModule>("hash-wasm", missing);
  if (typeof hashWasm === "string") {
    return { ways: [], absent: [{ name: THEIRS.hashWasm, reason: hashWasm }] };
  }
  return {
    absent: [],
    ways: [{
      name: THEIRS.hashWasm,
      derive: (inputs, iterations) =>
        Promise.all(inputs.map((input) =>
          hashWasm.pbkdf2({
            ...input,
            iterations,
            hashLength: 32,
            hashFunction: hashWasm.createSHA256(),
            outputType: "binary",
          })
        )),
    }],
  };
}
