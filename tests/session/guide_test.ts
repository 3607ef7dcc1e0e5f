/**
 * The programs of docs/sessions.md, as they stand there: in Deno, in Hono, and in
 * Node's http.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { inFolder } from "../support/storage_child.ts";
import { ROOT } from "../support/tools.ts";

const guide = await Deno.readTextFile(new URL("docs/sessions.md", ROOT));
const [deno, hono, node, own] = Array.from(
  guide.matchAll(/^```ts ignore\n(.*?)^```$/gms),
  ([, text]) =>
    text.replaceAll("jsr:@ironfern", "@ironfern").replaceAll("npm:hono", "hono")
      .replace('new DatabaseSync("sessions.db")', 'new DatabaseSync(":memory:")'),
);
const [common] = deno.split("Deno.serve(");

/** Runs a program that listens, and visits it: what a browser and another site see. */
async function visit(program: string): Promise<unknown> {
  let seen: unknown;
  await inFolder(async (path) => {
    await Deno.writeTextFile(`${path}/main.ts`, program);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", `--config=${new URL("deno.json", ROOT).pathname}`, "main.ts"],
      cwd: path,
      env: { SESSION_KEY: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" },
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    try {
      const port = Number((await reader.read()).value);
      const ask = (init?: RequestInit) => fetch(`http://127.0.0.1:${port}/`, init);
      const first = await ask();
      const [cookie] = first.headers.getSetCookie();
      assert(cookie.startsWith("__Host-session="), cookie);
      const again = await ask({ headers: { cookie: cookie.split(";")[0] } });
      const foreign = await ask({ method: "POST", headers: { origin: "https://evil.example" } });
      seen = [await first.text(), await again.text(), foreign.status];
      await foreign.text();
    } finally {
      child.kill();
      await reader.cancel();
      await child.status;
    }
  });
  return seen;
}

Deno.test("the guide to sessions: Deno.serve", async () => {
  const options = "{ port: 0, onListen: ({ port }) => console.log(port) }, ";
  const seen = await visit(deno.replace("Deno.serve(", `Deno.serve(${options}`));
  assertEquals(seen, ["somebody, 1", "somebody, 2", 403]);
});

Deno.test("the guide to sessions: Hono", async () => {
  const serve = "Deno.serve({ port: 0, onListen: ({ port }) => console.log(port) }, app.fetch);";
  assertEquals(await visit(`${common}\n${hono}\n${serve}`), ["1", "2", 403]);
});

Deno.test("the guide to sessions: Node's http, and cookies of one's own", async () => {
  const program = node.replace(
    ".listen(8000)",
    ".listen(0, function () { console.log(this.address().port); })",
  );
  assertEquals(await visit(`${common}\n${own}\n${program}`), ["1", "2", 403]);
});
