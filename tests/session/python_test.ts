/**
 * Python reads sessions and cookies, by the programs of docs/FORMATS.md.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { sealCookie, Sessions } from "@ironfern/ironfern/session";
import { assert, assertEquals } from "@std/assert";
import { testWithPython } from "../support/python.ts";
import { ROOT, run } from "../support/tools.ts";
import vectors from "../vectors/storage/vectors.json" with { type: "json" };
import { cookiesOf, withCookies } from "./support.ts";

async function readerProgram(): Promise<string> {
  const guide = await Deno.readTextFile(new URL("docs/FORMATS.md", ROOT));
  const [, reader] = guide.match(/^## Sealed cookies$.*?^```python\n(.*?)^```$/ms) ?? [];
  assert(reader);
  return reader;
}

testWithPython("sessions and cookies are read", async (python) => {
  const root = Fernet.generateKey();
  const fernet = new Fernet(root);
  const store = new Map<string, string>();
  const sessions = new Sessions({ fernet, store, prefix: "acme.sessions." });
  await sessions.endAll("Zoë");
  const begin = async () => {
    const session = await sessions.load(withCookies(""));
    session.set("cart", { n: [1, 2.5], "ключ": "🔑" });
    await session.signIn("Zoë");
    return cookiesOf(await session.save()).split("=")[1];
  };
  const ended = await begin();
  await sessions.endAll("Zoë");
  const cookie = await begin();
  const sealed = await sealCookie(fernet, "__Host-plan", ["pro", 1]);
  const given = { root, cookie, ended, sealed, store: Object.fromEntries(store), vectors };
  const program = `${await readerProgram()}
import sys

def refuses(work):
    try:
        work()
    except (InvalidToken, KeyError):
        return True

given = json.load(sys.stdin)
root, prefix = base64.urlsafe_b64decode(given["root"]), b"acme.sessions."
store, vectors = given["store"], given["vectors"]
read = lambda cookie: read_session(store, root, prefix, cookie)
session = read(given["cookie"])
python_root = base64.urlsafe_b64decode(vectors["root"])
v, c = vectors["session"], vectors["cookie"]
python_session = read_session({v["name"]: v["record"]}, python_root, v["prefix"].encode(), v["cookie"], None)
print(json.dumps([
    session["user"], session["data"], len(session["epochs"]), session["since"] == session["created"],
    read_cookie(root, "__Host-plan", given["sealed"], 60),
    refuses(lambda: read(given["ended"])),
    refuses(lambda: read("A" * 43)),
    refuses(lambda: read_cookie(root, "__Host-session", given["sealed"], 60)),
    python_session == json.loads(v["json"]),
    read_cookie(python_root, c["name"], c["value"], None) == json.loads(c["json"]),
], ensure_ascii=False))`;
  const { stdout, stderr } = await run(python, ["-c", program], { stdin: JSON.stringify(given) });
  assertEquals([stdout && JSON.parse(stdout), stderr], [[
    "Zoë",
    { cart: { n: [1, 2.5], "ключ": "🔑" } },
    1,
    true,
    ["pro", 1],
    ...Array(5).fill(true),
  ], ""]);
});
