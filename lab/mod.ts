/**
 * The KDF lab: a page that measures what a key costs in a browser.
 *
 *     deno run -A lab/mod.ts [--port N] [--build FOLDER]
 *
 * It is built and served on this machine; with `--build`, written to a folder as
 * static files instead, which any server can serve.
 *
 * @module
 */

import { serveOrWrite } from "../scripts/serve_or_write.ts";
import { buildLab } from "./build.ts";

await serveOrWrite("the KDF lab", buildLab, { port: 8787 });
