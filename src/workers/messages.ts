/**
 * What the pool and its workers say to each other. A worker does one task at a
 * time and ends each with one `done` or `failed`, so that no message needs a
 * number.
 *
 * @module
 */

import type { KdfRequest } from "../backends/backend.ts";
import type { Batch, Opened } from "../bytes/batch.ts";
import type { Bytes } from "../bytes/bytes.ts";
import type { OpenedRange, OpenSlicesTask, SealSlicesTask } from "../export/sealed/slices/job.ts";

/** The backends that a worker has. */
export type WorkerBackend = "wasm" | "node";

/** A batch to seal, as `FernetEngine.seal` takes it. */
export interface SealTask {
  /** The backend that does it. */
  readonly backend: WorkerBackend;
  /** 32 bytes. */
  readonly key: Bytes;
  /** The plaintexts. */
  readonly records: Batch;
  /** 24 bytes a record: the time and the IV. */
  readonly heads: Bytes;
}

/** A batch to open, as `FernetEngine.open` takes it. */
export interface OpenTask {
  /** The backend that does it. */
  readonly backend: WorkerBackend;
  /** 32 bytes. */
  readonly key: Bytes;
  /** The tokens. */
  readonly tokens: Batch;
}

/** Keys to derive; the calling thread looks at each of them and says whether it serves. */
export interface DeriveTask {
  /** The backend that does it. */
  readonly backend: WorkerBackend;
  /** What each key is derived from, and the iterations at which it is wanted. */
  readonly jobs: readonly { readonly request: KdfRequest; readonly costs: readonly number[] }[];
}

/** What a worker can do. */
export type Task =
  | { readonly type: "sealSlices"; readonly job: SealSlicesTask }
  | { readonly type: "openSlices"; readonly job: OpenSlicesTask }
  | { readonly type: "seal"; readonly job: SealTask }
  | { readonly type: "open"; readonly job: OpenTask }
  | { readonly type: "derive"; readonly job: DeriveTask };

/** A key that has come to one of its costs. */
export interface KeyMessage {
  /** What it is. */
  readonly type: "key";
  /** The key's place among the task's jobs. */
  readonly index: number;
  /** The key. */
  readonly key: Bytes;
  /** The cost that it has come to. */
  readonly iterations: number;
}

/** What a task gives. */
export type TaskResult = Batch | Opened | OpenedRange;

/** What a task came to; a failure's cause is found out in the calling thread. */
export type Answer =
  | { readonly type: "done"; readonly result?: TaskResult }
  | { readonly type: "failed" };

/** From the pool to a worker. */
export type ToWorker =
  | { readonly type: "start"; readonly module: WebAssembly.Module | undefined }
  | { readonly type: "task"; readonly task: Task }
  | { readonly type: "verdict"; readonly index: number; readonly accepted: boolean }
  | { readonly type: "stop" };

/** From a worker to the pool. */
export type FromWorker = { readonly type: "ready" } | KeyMessage | Answer;
