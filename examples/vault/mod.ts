/**
 * Notes in a vault: a static page over IndexedDB.
 *
 *     deno run -A examples/vault/mod.ts [--port N] [--build FOLDER]
 *
 * It is built and served on this machine, or written to a folder.
 *
 * @module
 */

import { serveOrWrite } from "../../scripts/serve_or_write.ts";
import { buildVault } from "./build.ts";

await serveOrWrite("the vault", buildVault, { port: 8788 });
