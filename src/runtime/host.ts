/**
 * How many things this machine does at once.
 *
 * @module
 */

const host = globalThis as unknown as {
  navigator?: { hardwareConcurrency?: number };
  process?: {
    getBuiltinModule?(name: string): { availableParallelism?(): number } | undefined;
  };
};

/** The number of processors: Node had no `navigator` before version 21. */
export function processorCount(): number {
  return host.navigator?.hardwareConcurrency ??
    host.process?.getBuiltinModule?.("node:os")?.availableParallelism?.() ?? 1;
}
