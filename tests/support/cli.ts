/**
 * The command `ironfern` as a process: in Deno, in Node and in Bun, on pipes and
 * on a pseudo-terminal.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { findBinary, HAS_NPM, installedPackage, mustRun, NPM_REMEDY } from "./npm_package.ts";
import { pause } from "./sealed.ts";
import { hasProgram, ROOT, testWithTool } from "./tools.ts";

/** What runs the command. */
export interface Runtime {
  /** Its name, for tests. */
  readonly name: string;
  /** Whether it is here. */
  readonly available: boolean;
  /** What to do where it is not. */
  readonly remedy: string;
  /** The command line before the arguments; it may use the folder, and what is no file. */
  command(folder: string, variables: readonly string[]): Promise<string[]>;
}

/** What a process did. */
export interface Ended {
  /** The exit code. */
  readonly code: number;
  /** What it printed, as bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** That as text. */
  readonly stdout: string;
  /** Its standard error. */
  readonly stderr: string;
}

/** What a process did on a terminal. */
export interface TerminalRun {
  /** The exit code. */
  readonly code: number;
  /** All that the terminal showed. */
  readonly output: string;
  /** Whether the terminal's modes are as they were. */
  readonly restored: boolean;
}

/** A text to wait for, and what to do then. */
export interface Step {
  /** The text. */
  readonly expect: string;
  /** What to type. */
  readonly send?: string;
  /** A signal to send. */
  readonly signal?: string;
}

/** How a process is run. */
export interface RunOptions {
  /** What it reads; by default nothing. */
  readonly stdin?: string | Uint8Array<ArrayBuffer>;
  /** Its variables, which it may read. */
  readonly env?: Record<string, string>;
}

/** Flags of `deno run` but for the permissions. */
export const DENO_RUN = ["run", "--quiet", "--no-prompt", "--no-check", "--cached-only"] as const;
/** The command in the sources. */
export const PROGRAM = new URL("src/cli/mod.ts", ROOT).pathname;

const deno: Runtime = {
  name: "Deno",
  available: true,
  remedy: "",
  command(folder, variables) {
    const allowed = [
      `--allow-read=${folder},/dev/null,/dev/fd`,
      `--allow-write=${folder},/dev/null,/dev/fd`,
      `--allow-env=${variables.join()}`,
    ];
    return Promise.resolve([Deno.execPath(), ...DENO_RUN, ...allowed, PROGRAM]);
  },
};

/** Deno with all permissions, which it needs to open the terminal. */
export const FREE_DENO: Runtime = {
  ...deno,
  command: () => Promise.resolve([Deno.execPath(), ...DENO_RUN, "-A", PROGRAM]),
};

async function binary(): Promise<string> {
  return `${await installedPackage()}/node_modules/.bin/ironfern`;
}

const node: Runtime = {
  name: "Node",
  available: HAS_NPM && await hasProgram("node"),
  remedy: `${NPM_REMEDY}, and Node`,
  command: async () => [await binary()],
};

const bunProgram = await findBinary("@oven", "bun");
const bun: Runtime = {
  name: "Bun",
  available: bunProgram !== undefined,
  remedy: NPM_REMEDY,
  command: async () => [bunProgram ?? "", "--bun", await binary()],
};

/** The runtimes of the command. */
export const RUNTIMES: readonly Runtime[] = [deno, node, bun];
/** Those that every test is run on. */
export const MAIN_RUNTIMES: readonly Runtime[] = [deno, node];
/** Those that may open the terminal. */
export const FREE_RUNTIMES: readonly Runtime[] = [FREE_DENO, node];

/** Whoever runs the tests on a terminal is not to be asked there. */
const NO_TERMINAL: readonly string[] = await hasProgram("setsid") ? ["setsid"] : [];

/** A variable that the command may read, and that nobody sets. */
export const NOT_SET = "IRONFERN_NOT_SET";

/** A folder, and the command run in it. */
export class Cli {
  /** The folder. */
  readonly folder: string;
  readonly #runtime: Runtime;

  /** The command of a runtime in a folder. */
  constructor(runtime: Runtime, folder: string) {
    this.#runtime = runtime;
    this.folder = folder;
  }

  /** The path of a file in the folder. */
  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** Writes a file that only its owner can read. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(this.path(name), bytes, { mode: 0o600 });
    return this.path(name);
  }

  /** A file's text. */
  async read(name: string): Promise<string> {
    return await Deno.readTextFile(this.path(name));
  }

  /** The names of the files. */
  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.folder), ({ name }) => name)).sort();
  }

  /** Waits for a temporary file with something in it. */
  async untilTemporary(): Promise<void> {
    for (let turn = 0; turn < 1_000; turn++) {
      for (const name of await this.names()) {
        if (name.endsWith(".tmp") && (await Deno.stat(this.path(name))).size) return;
      }
      await pause(10);
    }
    throw new Error("nothing was written");
  }

  /** The command line. */
  async line(args: readonly string[], env: Record<string, string> = {}): Promise<string[]> {
    const variables = [...Object.keys(env), NOT_SET];
    return [...await this.#runtime.command(this.folder, variables), ...args];
  }

  /** Starts the command. */
  async spawn(args: readonly string[], env: Record<string, string> = {}) {
    const [program, ...rest] = [...NO_TERMINAL, ...await this.line(args, env)];
    return new Deno.Command(program, {
      args: rest,
      cwd: this.folder,
      env: { NO_COLOR: "", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs the command on pipes. */
  async run(args: readonly string[], { stdin = "", env }: RunOptions = {}): Promise<Ended> {
    const child = await this.spawn(args, env);
    // A command that does not want its input has closed it.
    const fed = new Blob([stdin]).stream().pipeTo(child.stdin).catch(() => {});
    const [{ code, stdout, stderr }] = await Promise.all([child.output(), fed]);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, bytes: stdout, stdout: text(stdout), stderr: text(stderr) };
  }

  /** Runs the command, which has to succeed in silence but for the output. */
  async mustRun(args: readonly string[], options?: RunOptions): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    assertEquals([code, stderr], [0, ""], args.join(" "));
    return stdout;
  }

  /** Runs a shell's line, in which `ironfern` is the command. */
  async shell(script: string, env: Record<string, string> = {}): Promise<Ended> {
    const quoted = [...NO_TERMINAL, ...await this.line([], env)].map((word) => `'${word}'`).join(
      " ",
    );
    const child = await new Deno.Command("bash", {
      args: ["-c", `set -o pipefail; ironfern() { ${quoted} "$@"; }; ${script}`],
      cwd: this.folder,
      env: { NO_COLOR: "", ...env },
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    const { code, stdout, stderr } = child;
    return { code, bytes: stdout, stdout: text(stdout), stderr: text(stderr) };
  }

  /** Runs the command on a terminal. */
  async terminal(
    args: readonly string[],
    steps: readonly Step[] = [],
    { env = {}, ...files }: {
      env?: Record<string, string>;
      stdin?: string;
      stdout?: string;
      stderr?: string;
    } = {},
  ): Promise<TerminalRun> {
    const job = JSON.stringify({
      args: await this.line(args, env),
      env: { NO_COLOR: "", ...env },
      cwd: this.folder,
      steps,
      ...files,
    });
    const path = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(path, job);
      const program = new URL("tests/support/on_terminal.py", ROOT).pathname;
      const printed = await mustRun("python3", [program, path]);
      const { timeout, steps_left, ...ended } = JSON.parse(printed);
      assertEquals([timeout, steps_left], [false, 0], ended.output);
      return ended;
    } finally {
      await Deno.remove(path);
    }
  }
}

/** Registers a test of the command on each of the runtimes. */
export function testCli(
  name: string,
  body: (cli: Cli) => Promise<void>,
  runtimes: readonly Runtime[] = MAIN_RUNTIMES,
): void {
  for (const runtime of runtimes) {
    testWithTool(`cli: ${name}, ${runtime.name}`, runtime.available, runtime.remedy, async () => {
      const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "ironfern-cli-" }));
      try {
        await body(new Cli(runtime, folder));
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}

/** A key, and another one. */
export const KEYS = [
  "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
] as const;
