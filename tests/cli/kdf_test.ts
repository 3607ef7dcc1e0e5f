/**
 * `ironfern kdf`: its table and its JSON agree with each other and with the
 * arithmetic that they state.
 *
 * @module
 */

import { availableBackends } from "@ironfern/ironfern";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { KdfFigures } from "../../src/cli/kdf/figures.ts";
import { kdfText } from "../../src/cli/kdf/text.ts";
import { ATTACKERS } from "../../src/calibration/attack_cost.ts";
import { FLOOR_SOURCE, ITERATION_FLOORS } from "../../src/calibration/floors.ts";
import { Cli, DENO_RUN, PROGRAM, RUNTIMES, testCli } from "../support/cli.ts";

const QUICK = ["kdf", "--target", "5"];
const COUNTS = [100_000, 600_000, 1_000_000];
const BITS = [30, 35, 40, 45, 50, 55, 60];

function near(actual: number, expected: number, what: string): void {
  assert(Math.abs(actual / expected - 1) < 1e-9, `${what}: ${actual}, expected ${expected}`);
}

/** In three significant digits, as the table has its numbers. */
function digits(number: number): string {
  return number.toLocaleString("en", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
}

/** What the text says is not to be trusted, where these measurements are noisy. */
function distrusted(
  figures: KdfFigures,
  isNoisy: (backend: string, keys: number) => boolean,
): string | undefined {
  const backends = figures.backends.map((each) => ({
    ...each,
    measurement: { ...each.measurement, noisy: isNoisy(each.backend, 1) },
    batch: { ...each.batch, noisy: isNoisy(each.backend, 16) },
  }));
  return kdfText({ ...figures, backends }).replace(/\s+/g, " ").match(
    /Not to be trusted: (.*?)\. The middle half of the rounds \(their interquartile range\)/,
  )?.[1];
}

async function figuresOf(cli: Cli, args: readonly string[]): Promise<KdfFigures> {
  const { code, stdout, stderr } = await cli.run([...args, "--json"]);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^\{[^\n]*\}\n$/);
  return JSON.parse(stdout);
}

function checkFigures(figures: KdfFigures, hash: keyof typeof ITERATION_FLOORS): void {
  const { backends, recommended, floor, floorApplied, attacks, attacker } = figures;
  assertEquals([figures.hash, floor, attacker], [hash, ITERATION_FLOORS[hash], ATTACKERS[hash]]);
  assertEquals(figures.floorSource, FLOOR_SOURCE);
  // Of two that are as fast to two digits either may be named.
  const fastest = backends.find(({ backend }) => backend === figures.backend);
  assert(fastest, figures.backend);
  const affordable = backends.map(({ iterationsInTarget }) => iterationsInTarget);
  assertEquals(fastest.iterationsInTarget, Math.max(...affordable));
  assertEquals(recommended, Math.max(floor, fastest.iterationsInTarget));
  assertEquals(floorApplied, recommended === floor && figures.recommendedMs > figures.targetMs);
  const speed = fastest.measurement.iterationsPerSecond;
  near(figures.recommendedMs, 1_000 * recommended / speed, "recommendedMs");
  for (const { times, keysPerSecond, measurement, batch, iterationsInTarget } of backends) {
    assertEquals(times.map(({ iterations }) => iterations), COUNTS);
    for (const { iterations, ms } of times) {
      near(ms, 1_000 * iterations / measurement.iterationsPerSecond, "ms");
    }
    assertEquals([keysPerSecond.iterations, batch.keys], [600_000, 16]);
    near(keysPerSecond.oneAtATime, 1_000 / times[1].ms, "keys a second");
    const batchIterations = keysPerSecond.atOnce * 600_000 * batch.median / 1_000;
    near(batchIterations, 16 * batch.iterations, "keys a second at once");
    assert(batch.spread >= 0 && batch.noisy === batch.spread > 0.15);
    const inTarget = iterationsInTarget * 1_000 / measurement.iterationsPerSecond;
    assert(inTarget <= figures.targetMs && inTarget > figures.targetMs * 0.9);
  }
  const counts = [...new Set([...COUNTS, recommended])].sort((a, b) => a - b);
  assertEquals(attacks.map(({ iterations }) => iterations), counts);
  for (const { iterations, guessesPerSecond, searches } of attacks) {
    near(guessesPerSecond * iterations, attacker.guessesPerSecond * attacker.iterations, "guesses");
    assertEquals(searches.map(({ bits }) => bits), BITS);
    for (const { bits, meanSeconds, wholeSeconds } of searches) {
      near(wholeSeconds, 2 ** bits / guessesPerSecond, `${bits} bits`);
      near(meanSeconds, wholeSeconds / 2, `${bits} bits, mean`);
    }
  }
}

function checkText(text: string, figures: KdfFigures): void {
  for (const line of text.split("\n")) {
    // An address is to be copied as a whole.
    assert(line.length <= 80 || line.startsWith("  https://"), line);
    assertMatch(line, /^[ -~]*$/);
  }
  const flat = text.replace(/\s+/g, " ");
  const { attacker, floorSource, assumptions, attackAssumptions } = figures;
  const stated = [attacker.device, attacker.program, attacker.figure, ...assumptions];
  const [, ofAttacker] = flat.split("Assumptions about the attacker:");
  for (const part of attackAssumptions) assertStringIncludes(ofAttacker, part);
  for (const { title, url, date } of [floorSource, attacker.source]) stated.push(title, url, date);
  for (const part of stated) assertStringIncludes(flat, part);
  assertStringIncludes(flat, `${figures.recommended.toLocaleString("en")} iterations`);
  assertEquals([...text.matchAll(/^\d\d bits /gm)].map(([bits]) => parseInt(bits)), BITS);
}

testCli("kdf --json agrees with its arithmetic, and the table with it", async (cli) => {
  const figures = await figuresOf(cli, QUICK);
  checkFigures(figures, "SHA-256");
  assertEquals(figures.backends.map(({ backend }) => backend), availableBackends());
  const text = kdfText(figures);
  checkText(text, figures);
  assertStringIncludes(
    text.replace(/\s+/g, " "),
    `ironfern seal --iterations ${figures.recommended}, which records them`,
  );
  const rates = figures.backends.flatMap(({ keysPerSecond }) => [
    keysPerSecond.oneAtATime,
    keysPerSecond.atOnce,
  ]);
  for (const { backend, times, iterationsInTarget, keysPerSecond } of figures.backends) {
    const [row, bar] = text.split("\n").filter((line) => line.startsWith(`${backend} `));
    assertEquals(row.trim().split(/ {2,}|(?<=s) +(?=\d)/), [
      backend,
      // What is slow is told in seconds.
      ...times.map(({ ms }) => ms < 99_950 ? `${digits(ms)} ms` : `${digits(ms / 1_000)} s`),
      iterationsInTarget.toLocaleString("en"),
      `${digits(keysPerSecond.oneAtATime)}/s`,
      `${digits(keysPerSecond.atOnce)}/s`,
    ]);
    const [, marks = "", rate] = bar.match(/ 1 (#+) +(\S+)$/) ?? [];
    assertEquals(rate, `${digits(keysPerSecond.oneAtATime)}/s`);
    const share = keysPerSecond.oneAtATime / Math.max(...rates);
    assert(Math.abs(marks.length - 48 * share) <= 1, bar);
  }
});

testCli("kdf of another hash and of two backends", async (cli) => {
  const args = [...QUICK, "--hash", "SHA-512", "--backend", "portable", "--backend", "wasm"];
  const figures = await figuresOf(cli, args);
  checkFigures(figures, "SHA-512");
  assertEquals(figures.backends.map(({ backend }) => backend), ["portable", "wasm"]);
  const flat = kdfText(figures).replace(/\s+/g, " ");
  assertStringIncludes(flat, "It is for pbkdf2 with the hash SHA-512: all formats here");
  assert(!flat.includes("ironfern seal"));

  assertEquals(distrusted(figures, () => false), undefined);
  assertEquals(
    distrusted(figures, (backend, keys) => backend === "portable" && keys === 1),
    "portable one by one",
  );
  assertEquals(
    distrusted(figures, (backend, keys) => backend === "wasm" && keys === 16),
    "wasm 16 at once",
  );
});

testCli("kdf prints its table on a pipe, and nothing with --quiet", async (cli) => {
  const args = [...QUICK, "--backend", "wasm", "--backend", "wasm"];
  const { code, stdout, stderr } = await cli.run(args);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^PBKDF2-HMAC-SHA-256, keys of 32 bytes, in (Deno|Node|Bun) \d/);
  assertEquals(stdout.match(/^wasm /gm)?.length, 2, "a row and a bar");
  assert(stdout.split("\n").every((line) => line.length <= 80 || line.includes("https://")));
  const quiet = await cli.run([...args, "--quiet"]);
  assertEquals([quiet.code, quiet.stdout, quiet.stderr], [0, "", ""]);
  // As of every command, the line of JSON is there with --quiet too.
  await figuresOf(cli, [...args, "--quiet"]);
}, RUNTIMES);

testCli("kdf has a progress bar on a terminal, and no colours", async (cli) => {
  const args = [...QUICK, "--backend", "wasm"];
  const { code, output } = await cli.terminal(args);
  assertEquals(code, 0);
  assertStringIncludes(output, "Measuring [");
  assertStringIncludes(output, "one by one");
  // deno-lint-ignore no-control-regex
  assert(!/\x1b\[[\d;]+m/.test(output.replaceAll("\x1b[0m", "")), output);
  const quiet = await cli.terminal([...args, "--quiet"]);
  assertEquals([quiet.code, quiet.output], [0, ""]);
});

testCli("kdf ends at a signal, without a table", async (cli) => {
  const steps = [{ expect: "rounds", signal: "SIGINT" }];
  const { code, output, restored } = await cli.terminal(["kdf"], steps);
  assertEquals([code, restored, output.includes("Recommended")], [130, true, false], output);
});

testCli("kdf refuses bad options in one line", async (cli) => {
  const target = "Cannot use --target: expected an integer from 1 to 60000";
  const hash = "Cannot use --hash: expected SHA-1 or SHA-256 or SHA-384 or SHA-512";
  const backend = "Cannot use --backend: expected wasm or webcrypto or node or portable";
  const cases: [string[], string][] = [
    ...["0", "1e9", "1000000000", "60001", "NaN", "soon", "2.5", "Infinity"].map((
      value,
    ): [string[], string] => [["--target", value], target]),
    [["--target=-1"], target],
    [["--target"], "Cannot use --target: it lacks its MS"],
    [["--target", "20", "--target", "30"], "Cannot use --target twice: give it once"],
    [["--hash", "MD5"], hash],
    [["--hash", "sha-256"], hash],
    [["--backend", "auto"], backend],
    [["--backend", "wasm,node"], backend],
    [["--backend", "wasm", "--backend", "gpu"], backend],
    [["data"], "Cannot use 1 arguments: kdf takes none, see ironfern kdf --help"],
  ];
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = await cli.run(["kdf", ...args]);
    assertEquals([code, stdout, stderr], [2, "", `error: ${says}\n`], args.join(" "));
  }
});

testCli("kdf names a backend that is not here", async (cli) => {
  // Without its compilers, V8 has no WebAssembly.
  const env = { NODE_OPTIONS: "--jitless", DENO_V8_FLAGS: "--jitless" };
  const { code, stdout, stderr } = await cli.run([...QUICK, "--backend", "wasm"], { env });
  assertEquals([code, stdout], [2, ""], stderr);
  // Node says that the flag has disabled another one.
  const said = stderr.split("\n").filter((line) => line && !line.startsWith("Warning: disabling"));
  assertEquals(said, ['error: Cannot use the backend "wasm": this runtime has no WebAssembly']);
});

Deno.test("cli: kdf needs no permission", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const command = () => Promise.resolve([Deno.execPath(), ...DENO_RUN, PROGRAM]);
    const cli = new Cli({ name: "Deno", available: true, remedy: "", command }, folder);
    const { code, stderr } = await cli.run([...QUICK, "--quiet"]);
    assertEquals([code, stderr], [0, ""]);
  } finally {
    await Deno.remove(folder);
  }
});
