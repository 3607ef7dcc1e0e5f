/**
 * The rows of the comparison, what they have to reach, and what the suite and
 * `compare.ts` tell each other about them. It runs in every runtime.
 *
 * @module
 */

import type { Timing } from "../measure.ts";

/** Milliseconds of a round after which its contestant has no more of them. */
export const LONGEST_ROUND = 1_000;

/** How many rounds keys have: one takes long enough to be steady. */
export function keyRounds(rounds: number): number {
  return Math.ceil(rounds / 2);
}

/** Our own contestants. */
export const OURS = {
  auto: "ours, auto",
  autoMany: "ours, auto, encryptMany or decryptMany",
  wasm: "ours, wasm",
  webcrypto: "ours, webcrypto",
  node: "ours, node",
  portable: "ours, portable (noble)",
  oneThread: "ours, auto, no workers",
} as const;

/** The others. */
export const THEIRS = {
  node: "node:crypto, a token at a time",
  webcrypto: "WebCrypto, Promise.all",
  fernet: "npm fernet",
  fernetNodejs: "npm fernet-nodejs",
  pyca: "pyca cryptography",
  nodeKdf: "node:crypto",
  webcryptoRecords: "WebCrypto, one record after the other",
  encryptStorage: "npm encrypt-storage, 500 records",
  secureLs: "npm secure-ls, 100 records",
  ironSession: "npm iron-session",
  webcryptoKdf: "WebCrypto",
  webcryptoKdfs: "WebCrypto, one after the other",
  hashWasm: "npm hash-wasm",
  hashlib: "Python hashlib",
  nodeLines: "node:crypto, a row at a time",
  nodeFile: "the same format with node:crypto",
  age: "age (Debian's package)",
  opensslEnc: "openssl enc -aes-256-ctr, no authentication",
} as const;

/** A ratio to reach: theirs to ours, on a CPU without SHA extensions. */
export interface Target {
  /** The contestants of whom the fastest counts. */
  readonly against: readonly string[];
  /** The ratio in each runtime that has one. */
  readonly ratio: Readonly<Record<string, number>>;
}

/** A row of the comparison. */
export interface Row {
  /** What is done. */
  readonly title: string;
  /** Which of our contestants the ratios are of. */
  readonly ours: string;
  /** The figures' unit. */
  readonly unit: "µs" | "ms";
  /** What a figure is the time of. */
  readonly item: string;
  /** The ratios to reach. */
  readonly targets: readonly Target[];
}

const SIZES = {
  "1KiB": 1 << 10,
  "4KiB": 4 << 10,
  "16KiB": 16 << 10,
  "64KiB": 64 << 10,
  "1MiB": 1 << 20,
  "16MiB": 16 << 20,
} as const;

/** Such a row's name: what is done, with how long messages, how many, and how. */
export type LongRowName = `${"encrypt" | "decrypt"}:${keyof typeof SIZES}:${1 | 24}:${
  | "sync"
  | "async"}`;

/** A row of long messages. */
export interface LongRow extends Row {
  /** What is done. */
  readonly job: "encrypt" | "decrypt";
  /** Bytes of a message. */
  readonly bytes: number;
  /** How many there are. */
  readonly count: 1 | 24;
  /** By which calls. */
  readonly calls: "sync" | "async";
}

function longRows(): Record<LongRowName, LongRow> {
  const rows: Partial<Record<LongRowName, LongRow>> = {};
  for (const job of ["encrypt", "decrypt"] as const) {
    for (const size of Object.keys(SIZES) as (keyof typeof SIZES)[]) {
      for (const count of [1, 24] as const) {
        for (const calls of ["sync", "async"] as const) {
          const call = calls === "async" ? `${job}Async` : count === 1 ? job : `${job}Many`;
          rows[`${job}:${size}:${count}:${calls}`] = {
            title: `${call}, ${size.replace(/(\d+)/, "$1 ")}, ${count} at a time`,
            ours: OURS.auto,
            unit: "µs",
            item: "token",
            targets: [],
            job,
            bytes: SIZES[size],
            count,
            calls,
          };
        }
      }
    }
  }
  return rows as Record<LongRowName, LongRow>;
}

/** The rows of long messages, which the table of regret is of. */
export const LONG_ROWS: Readonly<Record<LongRowName, LongRow>> = longRows();

/** Whether it is one of them. */
export function isLongRow(name: RowName): name is LongRowName {
  return name in LONG_ROWS;
}

/** The rows that the suite measures, within each runtime. */
export const ROWS = {
  encrypt: {
    title: "1,000 tokens of 100 B of text, encryptMany",
    ours: OURS.auto,
    unit: "µs",
    item: "token",
    targets: [
      { against: [THEIRS.node], ratio: { deno: 16, node: 9 } },
      { against: [THEIRS.webcrypto], ratio: { deno: 18, node: 25 } },
      { against: [THEIRS.fernet], ratio: { deno: 180, node: 180 } },
      { against: [THEIRS.pyca], ratio: { deno: 12, node: 10 } },
    ],
  },
  decrypt: {
    title: "1,000 tokens of 100 B of text, decryptMany",
    ours: OURS.auto,
    unit: "µs",
    item: "token",
    targets: [{ against: [THEIRS.node], ratio: { deno: 12, node: 8 } }],
  },
  ragged: {
    title: "1,000 tokens of 0 to 2,000 B of text, encryptMany",
    ours: OURS.auto,
    unit: "µs",
    item: "token",
    targets: [],
  },
  long: {
    title: "24 tokens of 64 KiB, encryptMany",
    ours: OURS.auto,
    unit: "µs",
    item: "token",
    targets: [{ against: [THEIRS.node], ratio: { deno: 1.4, node: 0.9 } }],
  },
  async: {
    title: "One token of 1 MiB, encryptAsync",
    ours: OURS.auto,
    unit: "ms",
    item: "token",
    targets: [{ against: [THEIRS.node, THEIRS.webcrypto], ratio: { deno: 0.95, node: 0.95 } }],
  },
  key: {
    title: "One PBKDF2 key of 600,000 iterations",
    ours: OURS.wasm,
    unit: "ms",
    item: "key",
    targets: [
      { against: [THEIRS.webcryptoKdf], ratio: { deno: 1.1, node: 1.35 } },
      { against: [THEIRS.nodeKdf], ratio: { deno: 2.7, node: 1.3 } },
    ],
  },
  keys: {
    title: "8 such keys at once on one core, pbkdf2Many",
    ours: OURS.wasm,
    unit: "ms",
    item: "key",
    targets: [{ against: [THEIRS.webcryptoKdfs], ratio: { deno: 2.4, node: 2.8 } }],
  },
  workers: {
    title: "16 such keys, workers = cores, warm, pbkdf2Many",
    ours: OURS.wasm,
    unit: "ms",
    item: "key",
    targets: [{ against: [THEIRS.webcrypto], ratio: { deno: 1.9, node: 1.9 } }],
  },
  lines: {
    title: "JSON lines of 100 B, encryptLines",
    ours: OURS.oneThread,
    unit: "µs",
    item: "row",
    targets: [{ against: [THEIRS.nodeLines], ratio: { deno: 10, node: 6 } }],
  },
  file: {
    title: "A file of random bytes, sealFile, workers = cores",
    ours: OURS.auto,
    unit: "ms",
    item: "MiB",
    targets: [{ against: [THEIRS.nodeFile], ratio: { deno: 1.5, node: 1.2 } }],
  },
  memoryFile: {
    title: "A file in memory, sealFile, workers = cores",
    ours: OURS.auto,
    unit: "ms",
    item: "MiB",
    targets: [{ against: [THEIRS.age], ratio: { deno: 1 / 1.6, node: 1 / 1.6 } }],
  },
  memoryFileOpen: {
    title: "A file in memory, openFile, workers = cores",
    ours: OURS.auto,
    unit: "ms",
    item: "MiB",
    targets: [{ against: [THEIRS.age], ratio: { deno: 1 / 1.6, node: 1 / 1.6 } }],
  },
  storageOpen: {
    title: "10,000 records of 96 B listed and opened, EncryptedStorage.entries",
    ours: OURS.auto,
    unit: "µs",
    item: "record",
    targets: [{ against: [THEIRS.webcrypto], ratio: { deno: 5, node: 5 } }],
  },
  storageSet: {
    title: "10,000 records of 96 B, EncryptedStorage.setMany",
    ours: OURS.auto,
    unit: "µs",
    item: "record",
    targets: [],
  },
  session100: {
    title: "A session of 100 B sealed and opened, sealCookie and openCookie",
    ours: OURS.auto,
    unit: "µs",
    item: "session",
    targets: [{ against: [THEIRS.ironSession], ratio: { deno: 5, node: 5 } }],
  },
  session1024: {
    title: "A session of 1 KiB sealed and opened, sealCookie and openCookie",
    ours: OURS.auto,
    unit: "µs",
    item: "session",
    targets: [{ against: [THEIRS.ironSession], ratio: { deno: 5, node: 5 } }],
  },
  ...LONG_ROWS,
} as const satisfies Record<string, Row>;

/** The name of a row that the suite measures. */
export type RowName = keyof typeof ROWS;

/** A contestant that is not there. */
export interface Absence {
  /** Its name. */
  readonly name: string;
  /** Why not. */
  readonly reason: string;
}

/** What the suite is told. */
export interface Settings {
  /** The rows to measure. */
  readonly rows: readonly RowName[];
  /** How often each contestant is timed; the rows that last have fewer. */
  readonly rounds: number;
  /** Megabytes of JSON lines. */
  readonly linesMegabytes: number;
  /** Mebibytes of the file that is sealed. */
  readonly fileMegabytes: number;
  /** The Python to start, and the program for it. */
  readonly python?: {
    readonly command: string;
    readonly script: string;
    /** The version that is compared with; another one is left out. */
    readonly cryptography: string;
  };
  /** What could not be installed. */
  readonly absent: readonly Absence[];
}

/** A row as measured once. */
export interface RowResult {
  /** The row. */
  readonly row: RowName;
  /** How many tokens, keys or rows a run makes. */
  readonly items: number;
  /** Milliseconds a run. */
  readonly timings: readonly Timing[];
  /** Who did not take part. */
  readonly absent: readonly Absence[];
}

/** What the suite answers. */
export interface SuiteResult {
  /** The runtime and its parts, with their versions. */
  readonly versions: string;
  /** Python and its `cryptography`, with their versions. */
  readonly python?: string;
  /** The rows. */
  readonly rows: readonly RowResult[];
}
