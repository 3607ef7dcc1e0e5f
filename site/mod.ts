/**
 * The site: the guides, the reference of all names and the KDF lab.
 *
 *     deno run -A site/mod.ts [--port N] [--build FOLDER]
 *
 * It is built and served on this machine; with `--build`, written to a folder as
 * static files instead, which any server can serve.
 *
 * @module
 */

import { serveOrWrite } from "../scripts/serve_or_write.ts";
import { buildSite } from "./build.ts";

await serveOrWrite("the site", buildSite, {
  port: 8789,
  headers: {
    // The pages of documents carry stricter policies; those of `deno doc` have scripts in them.
    "content-security-policy":
      "default-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; img-src 'self' data:",
  },
});
