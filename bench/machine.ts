/**
 * What a benchmark ran on, without which its figures mean nothing.
 *
 * @module
 */

/** A CPU. */
export interface Cpu {
  /** Its maker's name for it, or its architecture. */
  readonly model: string;
  /** Whether it has instructions for SHA-256. */
  readonly sha: "yes" | "no" | "unknown";
}

/** A line about the CPU, its cores and SHA extensions, and the runtime. */
export async function describeMachine(): Promise<string> {
  const { deno, v8 } = Deno.version;
  return `${describeCpu(await readCpu())}; Deno ${deno}, V8 ${v8}; ${Deno.build.os}`;
}

/** A line about the CPU, its cores and SHA extensions. */
export function describeCpu({ model, sha }: Cpu): string {
  return `${model}, ${navigator.hardwareConcurrency} cores, SHA extensions: ${sha}`;
}

/** Asks the operating system for the CPU. */
export async function readCpu(): Promise<Cpu> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const field = (name: string) => text.match(new RegExp(`^${name}\\s*: (.*)$`, "m"))?.[1]?.trim();
  const flags = field("flags") ?? field("Features");
  const sha = flags === undefined ? "unknown" : /\bsha(_ni|2)\b/.test(flags) ? "yes" : "no";
  return { model: field("model name") ?? Deno.build.arch, sha };
}
