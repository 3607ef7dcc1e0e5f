/**
 * Peers from npm. They are imported when the suite runs, so that one that is
 * missing is told and not fatal.
 *
 * @module
 */

import { type Absence, THEIRS } from "./rows.ts";
import type { Field, KdfWay, SessionWay, StorageEntry, StorageWay, TokenWay } from "./ways.ts";

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

interface EncryptStorageModule {
  EncryptStorage: {
    create(secret: string, options: { engine: "web-crypto" | "noble"; prefix: string }): {
      setItem(key: string, value: string): Promise<void>;
      getItem(key: string): Promise<string>;
    };
  };
}

interface IronSessionModule {
  sealData(data: unknown, options: { password: string; ttl: number }): Promise<string>;
  unsealData(seal: string, options: { password: string; ttl: number }): Promise<unknown>;
}

type SecureLs = new (options: {
  encodingType: "aes";
  encryptionSecret: string;
  isCompression: boolean;
  storage: MapStorage;
}) => {
  set(key: string, value: string): void;
  get(key: string): string;
  getAllKeys(): string[];
};

/** The peers, in the versions that they are measured in. */
export const PEERS = {
  "fernet": "0.4.0",
  "fernet-nodejs": "1.0.6",
  "hash-wasm": "4.13.0",
  "encrypt-storage": "3.0.4",
  "iron-session": "9.0.1",
  "secure-ls": "2.0.0",
} as const;

/** The secret of the packages that take one. */
const SECRET = "correct horse battery staple 01";

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

/** A page's localStorage over a `Map`, as much of it as the packages use. */
class MapStorage {
  readonly map = new Map<string, string>();

  getItem(key: string): string | null {
    return this.map.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.map.set(key, value);
  }

  removeItem(key: string): void {
    this.map.delete(key);
  }
}

/** The packages that encrypt localStorage. They look for a page, so they are shown one. */
export async function peerStorages(missing: readonly Absence[]): Promise<Field<StorageWay>> {
  const ways: StorageWay[] = [];
  const absent: Absence[] = [];
  const localStorage = new MapStorage();
  const page = { value: { localStorage, crypto }, configurable: true };
  Object.defineProperty(globalThis, "window", page);
  const encryptStorage = await tryImport<EncryptStorageModule>("encrypt-storage", missing);
  if (typeof encryptStorage === "string") {
    absent.push({ name: THEIRS.encryptStorage, reason: encryptStorage });
  } else {
    const prefix = "app";
    const storage = encryptStorage.EncryptStorage.create(SECRET, { engine: "web-crypto", prefix });
    ways.push({
      name: THEIRS.encryptStorage,
      most: 500,
      async set(entries) {
        for (const [key, value] of entries) await storage.setItem(key, value);
      },
      async open() {
        const entries: StorageEntry[] = [];
        for (const name of localStorage.map.keys()) {
          if (!name.startsWith(`${prefix}:`)) continue;
          const key = name.slice(prefix.length + 1);
          entries.push([key, await storage.getItem(key)]);
        }
        return entries;
      },
    });
  }
  const secureLs = await tryImport<SecureLs & { default?: SecureLs }>("secure-ls", missing);
  if (typeof secureLs === "string") absent.push({ name: THEIRS.secureLs, reason: secureLs });
  else {
    // By default it writes base64, and encrypts nothing.
    const storage = new (secureLs.default ?? secureLs)({
      encodingType: "aes",
      encryptionSecret: SECRET,
      isCompression: false,
      storage: new MapStorage(),
    });
    ways.push({
      name: THEIRS.secureLs,
      // Each `set` encrypts the list of all keys anew.
      most: 100,
      set(entries) {
        for (const [key, value] of entries) storage.set(key, value);
      },
      open: () => storage.getAllKeys().map((key) => [key, storage.get(key)]),
    });
  }
  return { ways, absent };
}

/** The package that seals sessions into cookies. */
export async function peerSessions(missing: readonly Absence[]): Promise<Field<SessionWay>> {
  const ironSession = await tryImport<IronSessionModule>("iron-session", missing);
  if (typeof ironSession === "string") {
    return { ways: [], absent: [{ name: THEIRS.ironSession, reason: ironSession }] };
  }
  const options = { password: `${SECRET}, and more`, ttl: 3_600 };
  return {
    absent: [],
    ways: [{
      name: THEIRS.ironSession,
      seal: (value) => ironSession.sealData(value, options),
      open: (text) => ironSession.unsealData(text, options),
    }],
  };
}
