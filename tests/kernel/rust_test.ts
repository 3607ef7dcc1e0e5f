/**
 * The kernel's own tests, where there is a Rust compiler.
 *
 * @module
 */

import { assert } from "@std/assert";
import { dirname } from "node:path";
import { hasProgram, ROOT, run, testWithTool } from "../support/tools.ts";

const CRATE = new URL("wasm/", ROOT);

// npx puts folders in front of PATH, where another compiler may lie than the one
// that clippy and rustdoc belong to.
const rustup = await hasProgram("rustup", "which", "rustc")
  ? (await run("rustup", ["which", "rustc"])).stdout.trim()
  : undefined;
const { CARGO_HOME, HOME, PATH } = Deno.env.toObject();
const folder = rustup ? dirname(rustup) : `${CARGO_HOME ?? `${HOME}/.cargo`}/bin`;
const env = { PATH: `${folder}:${PATH}`, CARGO_TERM_COLOR: "never" };

async function cargo(...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await run("cargo", args, { cwd: CRATE, env });
  assert(success, `cargo ${args[0]} failed\n${stderr}${stdout}`);
}

testWithTool(
  "the kernel's tests pass",
  await hasProgram("cargo"),
  "install Rust's cargo",
  () => cargo("test", "--locked"),
);

// Debian's compiler comes without these two, so they are not demanded even where
// CI is set.
const components = {
  clippy: ["clippy", "--all-targets", "--locked", "--", "-D", "warnings"],
  rustfmt: ["fmt", "--check"],
};

for (const [component, args] of Object.entries(components)) {
  if (await hasProgram("cargo", args[0], "--version")) {
    Deno.test(`the kernel satisfies ${component}`, () => cargo(...args));
  } else {
    console.log(`Not run: ${component}, which is not installed beside cargo`);
  }
}
