/**
 * The process that a command runs in: Node's, and what Deno and Bun have of it.
 *
 * @module
 */

import { hostGlobal } from "../../runtime/host.ts";

/** Standard output or standard error. */
export interface OutputStream {
  /** Whether it is a terminal. */
  readonly isTTY?: boolean;
  write(chunk: Uint8Array | string, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Standard input. */
export interface InputStream extends AsyncIterable<Uint8Array> {
  /** Whether it is a terminal. */
  readonly isTTY?: boolean;
  setRawMode(raw: boolean): unknown;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  off(event: "end", listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** The part of node:process that is used; a static import would not load elsewhere. */
export interface NodeProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly argv: readonly string[];
  readonly pid: number;
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  getBuiltinModule(name: string): unknown;
  kill(pid: number, signal: string): unknown;
  exit(code: number): never;
}

/** The part of Deno that is used. */
export interface DenoRuntime {
  readonly args: readonly string[];
  readonly stdout: { writeSync(bytes: Uint8Array): number };
  exit(code: number): never;
}

/** Deno, if this is Deno: some things are faster there without its copy of Node. */
export function denoRuntime(): DenoRuntime | undefined {
  return hostGlobal<DenoRuntime>("Deno");
}

/** The process. In Deno the first use of it takes as long as an empty script. */
export function nodeProcess(): NodeProcess {
  return hostGlobal<NodeProcess>("process")!;
}
