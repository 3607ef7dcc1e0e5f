/**
 * Two processes that share a store, and a provider that takes each refresh token
 * once: 12 callers at each of 4 expiries.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { redis, sqlite, type StringStore } from "@ironfern/ironfern/storage";
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { Browser } from "../support/browser.ts";
import { makeLogin, PROVIDER, withProvider } from "../support/oidc_provider.ts";
import { HAS_REDIS, REDIS_REMEDY, startRedis } from "../support/redis.ts";
import { inFolder } from "../support/storage_child.ts";
import { ROOT, testWithTool } from "../support/tools.ts";

const PROCESSES = 2;
const CALLERS = 6;
const EXPIRIES = 4;
/** Seconds that a token lasts: no machine is so slow that one round takes as long. */
const LIFE = 600;

/** A process of the app, which answers line by line. */
class Worker {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor(args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "tests/login/child.ts", ...args],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async read(): Promise<string> {
    let text = "";
    while (!text.endsWith("\n")) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`The process ended: ${text}`);
      text += value;
    }
    return text;
  }

  async call(): Promise<string[]> {
    await this.#writer.write(new TextEncoder().encode(`${CALLERS} ${LIFE}\n`));
    return JSON.parse(await this.read());
  }

  async end(): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#child.status;
  }
}

/** Signs in, lets the tokens expire again and again, and counts. */
async function race(store: StringStore, kind: string, place: string): Promise<void> {
  await withProvider(async (provider) => {
    const key = Fernet.generateKey();
    const browser = new Browser();
    const login = makeLogin(provider, { fernet: new Fernet(key), store });
    await browser.signIn(login, "ada", { provider: PROVIDER, remember: true });
    const cookie = browser.request("/").headers.get("cookie")!;
    const args = [kind, place, provider.issuer, key, cookie];
    const workers = Array.from({ length: PROCESSES }, () => new Worker(args));
    try {
      await Promise.all(workers.map((worker) => worker.read()));
      const seen: string[] = [];
      for (let expiry = 1; expiry <= EXPIRIES; expiry++) {
        const tokens = (await Promise.all(workers.map((worker) => worker.call()))).flat();
        assertEquals(tokens.length, PROCESSES * CALLERS);
        assertEquals(new Set(tokens).size, 1, `expiry ${expiry}: ${tokens}`);
        assertEquals(tokens[0].startsWith("error"), false, tokens[0]);
        seen.push(tokens[0]);
        assertEquals(provider.granted("refresh_token"), expiry);
      }
      assertEquals(new Set(seen).size, EXPIRIES);
    } finally {
      await Promise.all(workers.map((worker) => worker.end()));
    }
  }, { accessTokenLife: LIFE });
}

Deno.test("Login: 48 of 48 calls of two processes succeed with 4 refreshes, over SQLite", () =>
  inFolder(async (path) => {
    const place = `${path}/logins.db`;
    const database = new DatabaseSync(place);
    database.exec("PRAGMA journal_mode = WAL");
    try {
      await race(sqlite(database), "sqlite", place);
    } finally {
      database.close();
    }
  }));

testWithTool(
  "Login: 48 of 48 calls of two processes succeed with 4 refreshes, over Redis",
  HAS_REDIS,
  REDIS_REMEDY,
  () =>
    inFolder(async (path) => {
      const server = await startRedis(path);
      const client = server.connect();
      try {
        const store = redis(([name, ...values]) => client.call(name, ...values));
        await race(store, "redis", server.socket);
      } finally {
        client.disconnect();
        await server.stop();
      }
    }),
);
