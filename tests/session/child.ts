/**
 * What other processes do in the tests of sessions: with `--unstable-kv`,
 *
 *     contract KIND PLACE                  the contract, on one store
 *     set KIND PLACE KEY COOKIE NAME N     sets N values of their own in one session
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { Sessions } from "@ironfern/ironfern/session";
import { openStore } from "../support/child_store.ts";
import { runContract } from "./contract.ts";
import { withCookies } from "./support.ts";

const [doing, kind, place, key, cookie, name, times] = Deno.args;
const store = await openStore(kind, place);
if (doing === "contract") {
  console.log(await runContract(store));
  Deno.exit();
}
const sessions = new Sessions({ fernet: new Fernet(key), store });
for (let count = 0; count < Number(times); count++) {
  const session = await sessions.load(withCookies(cookie));
  session.set(`${name}${count}`, count);
  await session.save();
}
Deno.exit();
