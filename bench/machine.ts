/**
 * What a benchmark ran on, without which its figures mean nothing.
 *
 * @module
 */

/** A line about the CPU, its cores and SHA extensions, and the runtime. */
export async function describeMachine(): Promise<string> {
  const { deno, v8 } = Deno.version;
  return `${await describeCpu()}; Deno ${deno}, V8 ${v8}; ${Deno.build.os}`;
}

/** A line about the CPU, its cores and SHA extensions. */
export async function describeCpu(): Promise<string> {
  const { model, sha } = await cpu();
  return `${model}, ${navigator.hardwareConcurrency} cores, SHA extensions: ${sha}`;
}

async function cpu(): Promise<{ model: string; sha: string }> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  const field = (name: string) => text.match(new RegExp(`^${name}\\s*: (.*)$`, "m"))?.[1]?.trim();
  const flags = field("flags") ?? field("Features");
  const sha = flags === undefined ? "unknown" : /\bsha(_ni|2)\b/.test(flags) ? "yes" : "no";
  return { model: field("model name") ?? Deno.build.arch, sha };
}
