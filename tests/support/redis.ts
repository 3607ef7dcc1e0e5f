/**
 * Debian's redis-server, for as long as a test runs.
 *
 * @module
 */

import { Redis } from "ioredis";
import { hasProgram } from "./tools.ts";

/** What to do where the server is missing. */
export const REDIS_REMEDY = "needs redis-server, as `apt-get install redis-server` installs it";

/** Whether it is there. */
export const HAS_REDIS: boolean = await hasProgram("redis-server");

/** A server that keeps its data in a folder, and listens on a socket there. */
export interface RedisServer {
  /** The socket's path. */
  readonly socket: string;
  /** Connects to it. */
  connect(): Redis;
  /** Stops it, so that all data are on the disk. */
  stop(): Promise<void>;
}

/** Starts a server in a folder; its data are there from the last time. */
export async function startRedis(folder: string): Promise<RedisServer> {
  const socket = `${folder}/redis.sock`;
  const child = new Deno.Command("redis-server", {
    args: [
      "--port",
      "0",
      "--unixsocket",
      socket,
      "--dir",
      folder,
      "--appendonly",
      "yes",
      "--save",
      "",
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const connect = () =>
    new Redis({ path: socket, retryStrategy: (times) => times < 200 ? 50 : null });
  const first = connect();
  // It answers when it has read its data.
  await first.ping();
  first.disconnect();
  return {
    socket,
    connect,
    async stop() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}
