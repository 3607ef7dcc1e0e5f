/**
 * Another process of an app, for the tests of the refresh:
 *
 *     child.ts STORE PLACE ISSUER KEY COOKIE
 *
 * Each line of its input is a number of callers and the seconds that the clock is
 * put forward; it prints the access tokens that they get, or the errors' codes.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { LoginError } from "@ironfern/ironfern/login";
import { redis, sqlite, type StringStore } from "@ironfern/ironfern/storage";
import { Redis } from "ioredis";
import { DatabaseSync } from "node:sqlite";
import { APP } from "../support/browser.ts";
import { advance } from "../support/clock.ts";
import { makeLogin } from "../support/oidc_provider.ts";

function open(kind: string, place: string): StringStore {
  if (kind === "redis") {
    const client = new Redis({ path: place });
    return redis(([name, ...values]) => client.call(name, ...values));
  }
  const database = new DatabaseSync(place);
  database.exec("PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL");
  return sqlite(database);
}

const [kind, place, issuer, key, cookie] = Deno.args;
const login = makeLogin({ issuer }, { fernet: new Fernet(key), store: open(kind, place) });
const request = new Request(APP, { headers: { cookie } });

async function call(): Promise<string> {
  try {
    return (await login.tokens(request)).access_token;
  } catch (error) {
    return error instanceof LoginError ? `error: ${error.code}` : String(error);
  }
}

console.log("ready");
for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const [callers, seconds] = line.trim().split(" ").map(Number);
  advance(seconds);
  console.log(JSON.stringify(await Promise.all(Array.from({ length: callers }, call))));
}
Deno.exit();
