/**
 * Notes in a vault: a static page over IndexedDB, served on this machine.
 *
 *     deno run -A examples/vault/mod.ts [--port N]
 *
 * @module
 */

import { parseArgs } from "node:util";
import { serveLab } from "../../lab/serve.ts";
import { buildVault } from "./build.ts";

const { values: { port } } = parseArgs({ options: { port: { type: "string", default: "8788" } } });
if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
  console.error(`error: Cannot use --port ${port}: expected an integer from 0 to 65535`);
  Deno.exit(1);
}
const { addr } = serveLab(await buildVault(), { port: Number(port) });
// A passkey is for a name, and not for an address.
console.log(`The vault is at http://localhost:${addr.port}/ until Ctrl+C`);
