/**
 * Notes of people who sign in with GitHub, Google, or another provider:
 *
 *     deno run -A examples/login/mod.ts [--port N] [--data PATH] [--provider test]
 *     deno run -A examples/login/mod.ts --build FILE
 *
 * Environment variables say which providers: without any it tells their names.
 * `--provider test` starts one on this machine, where nobody needs an account.
 * `--build` writes the same app as one file for Node, without the test provider.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { makeApp } from "./app.ts";
import { serve } from "./serve.ts";
import { readSettings, type Settings, SettingsError } from "./settings.ts";
import { openStore } from "./store.ts";

/** The app is on one name and the provider on the other: two sites, as in life. */
const HOST = "127.0.0.1";

/** Ends with what has to be done. */
function fail(why: string): never {
  console.error(`error: ${why}`);
  process.exit(1);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        port: { type: "string", default: "8790" },
        data: { type: "string", default: "notes" },
        provider: { type: "string" },
        build: { type: "string" },
      },
    }).values;
  } catch (error) {
    fail((error as Error).message);
  }
}

/** Says what the providers have to be told. */
function tellCallbacks({ origin, providers }: Settings): void {
  console.log(`Browsers find them at ${origin}/. Register these callbacks:`);
  for (const { id } of providers) console.log(`  ${origin}/callback/${id}`);
}

async function main(): Promise<void> {
  const { port, data, provider, build } = readArguments();
  if (build !== undefined) {
    const { buildForNode } = await import("./build.ts");
    await buildForNode(build);
    return console.log(`Run it with: node ${build}`);
  }
  // Not 0: providers have to know the port before.
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535) {
    fail(`Cannot use --port ${port}: expected an integer from 1 to 65535`);
  }
  if (provider !== undefined && provider !== "test") {
    fail(`Cannot use --provider ${provider}: expected test, or variables without it`);
  }
  if (provider === "test" && !("Deno" in globalThis)) {
    fail("Cannot start the test provider in Node: it is a part of the program for Deno alone");
  }
  const origin = `http://${HOST}:${port}`;
  const settings = provider === "test"
    ? await (await import("./test_settings.ts")).testSettings(origin)
    : readSettings(process.env, origin);
  const store = provider === "test" ? new Map<string, string>() : await openStore(data);
  const server = await serve(makeApp({ ...settings, store }), {
    hostname: HOST,
    port: Number(port),
  });
  console.log(`Notes are at http://${HOST}:${server.port}/ until Ctrl+C`);
  if (provider === "test") console.log("They are kept in memory, and gone with this program.");
  else tellCallbacks(settings);
}

try {
  await main();
} catch (error) {
  if (error instanceof SettingsError) fail(error.message);
  if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") {
    fail("The port is in use: name another one with --port");
  }
  throw error;
}
