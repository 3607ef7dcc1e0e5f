/**
 * What runtime this is, and what it has. No other file looks at `globalThis` for
 * that.
 *
 * @module
 */

interface HostProcess {
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: string): unknown;
}

interface Navigator {
  readonly userAgent?: string;
  readonly hardwareConcurrency?: number;
}

/**
 * A global of this runtime, or `undefined` where it has none of that name.
 *
 * The caller names as much of its type as it uses.
 */
export function hostGlobal<T>(name: string): T | undefined {
  return (globalThis as unknown as Record<string, T | undefined>)[name];
}

/** Node 20 has no `navigator`: the bare name would be a ReferenceError. */
const navigator = hostGlobal<Navigator>("navigator");

/**
 * Whether this is Cloudflare, where the clock stands still while code runs,
 * WebAssembly is compiled while modules are evaluated only, and a worker is a class
 * that throws.
 */
export const onCloudflare: boolean = navigator?.userAgent === "Cloudflare-Workers";

/** The runtimes whose ciphers were measured; any other, as a browser, has none of their names. */
export const runtimeName: "deno" | "bun" | "node" | undefined = onCloudflare
  ? undefined
  : hostGlobal("Deno")
  ? "deno"
  : hostGlobal("Bun")
  ? "bun"
  : askProcess((process) => process.versions?.node)
  ? "node"
  : undefined;

/**
 * What `process` answers; `undefined` where there is none, and in edge runtimes, whose
 * `process` throws when it is asked for what it lacks.
 */
function askProcess<T>(ask: (process: HostProcess) => T): T | undefined {
  const process = hostGlobal<HostProcess>("process");
  try {
    return process && ask(process);
  } catch {
    return undefined;
  }
}

/**
 * A module of Node's, in Node, Deno and Bun; a static import would not load
 * elsewhere.
 */
export function builtinModule<T>(name: string): T | undefined {
  return askProcess((process) => process.getBuiltinModule?.(name)) as T | undefined;
}

/** The number of processors: Node had no `navigator` before version 21. */
export function processorCount(): number {
  return navigator?.hardwareConcurrency ??
    builtinModule<{ availableParallelism?(): number }>("node:os")?.availableParallelism?.() ?? 1;
}
