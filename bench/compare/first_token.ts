/**
 * Prints the milliseconds that an import and the first token take, in the fresh
 * process that this is: of the package that the one argument names.
 *
 * @module
 */

import process from "node:process";
import type { FernetModule, FernetNodejsModule } from "./peers.ts";

/** A key as any: what it costs to make one is not asked here. */
const KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

const FIRST_TOKEN: Readonly<Record<string, () => Promise<string>>> = {
  async "@ironfern/ironfern"() {
    const { Fernet } = await import("@ironfern/ironfern");
    return new Fernet(KEY).encrypt("hello");
  },
  async "node:crypto"() {
    const { nodeTokens } = await import("./platform.ts");
    return nodeTokens(KEY).seal("hello");
  },
  async fernet() {
    const name: string = "fernet";
    const { default: fernet }: { default: FernetModule } = await import(name);
    return new fernet.Token({ secret: new fernet.Secret(KEY) }).encode("hello");
  },
  async "fernet-nodejs"() {
    const name: string = "fernet-nodejs";
    const { Fernet }: FernetNodejsModule = await import(name);
    return new Fernet(KEY).encrypt("hello");
  },
};

const start = performance.now();
const token = await FIRST_TOKEN[process.argv[2]]();
const elapsed = performance.now() - start;
if (!token.startsWith("gAAAAA")) throw new Error("No token was made");
console.log(elapsed);
