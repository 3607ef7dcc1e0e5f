/**
 * Tests that need a program which is not part of the project: they are skipped,
 * with the reason printed, where it is missing, and fail there when `CI` is set.
 *
 * @module
 */

const REQUIRED = Deno.env.has("CI");

/** The project's root folder. */
export const ROOT = new URL("../../", import.meta.url);

/** What a program printed. */
export interface Ran {
  /** Whether it exited with 0. */
  readonly success: boolean;
  /** Its standard output. */
  readonly stdout: string;
  /** Its standard error. */
  readonly stderr: string;
}

/** Runs a program and waits for it. */
export async function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string | URL; env?: Record<string, string>; stdin?: string } = {},
): Promise<Ran> {
  const { stdin, ...rest } = options;
  const child = new Deno.Command(program, {
    args: [...args],
    cwd: ROOT,
    ...rest,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const fed = stdin === undefined
    ? Promise.resolve()
    : new Blob([stdin]).stream().pipeTo(child.stdin);
  const [{ success, stdout, stderr }] = await Promise.all([child.output(), fed]);
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Whether a program can be started. */
export async function hasProgram(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await run(program, args.length ? args : ["--version"])).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Registers a test that needs a tool.
 *
 * @param name The test's name.
 * @param available Whether the tool is there.
 * @param remedy What to do where it is not, as the end of a sentence.
 * @param body The test.
 */
export function testWithTool(
  name: string,
  available: boolean,
  remedy: string,
  body: () => void | Promise<void>,
): void {
  const skipped = !available && !REQUIRED;
  Deno.test({
    // The runner prints names, and nothing else of a test that it skips.
    name: skipped ? `${name} (skipped: ${remedy})` : name,
    ignore: skipped,
    fn: available ? body : () => {
      throw new Error(`${name} cannot be skipped where CI is set: ${remedy}`);
    },
  });
}
