/**
 * The reader of docs/FORMATS.md opens what logins save.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { sealToken } from "@ironfern/ironfern/login";
import { assert, assertEquals } from "@std/assert";
import { Browser } from "../support/browser.ts";
import { makeLogin, PROVIDER, withProvider } from "../support/oidc_provider.ts";
import { testWithPython } from "../support/python.ts";
import { ROOT, run } from "../support/tools.ts";

const MAIN = `
import sys
given = json.load(sys.stdin)
root = base64.urlsafe_b64decode(given["root"])
bound = given["issuer"], given["clientId"]
print(json.dumps([
    read_login(root, given["store"], given["cookie"], *bound),
    read_kept_token(root, given["kept"], *bound, given["user"]),
]))
try:
    read_login(root, given["ended"], given["cookie"], *bound)
    sys.exit("opened after its end")
except ValueError as error:
    assert "ended" in str(error)
for wrong in (("https://evil.example", bound[1]), (bound[0], "other")):
    try:
        read_login(root, given["store"], given["cookie"], *wrong)
        sys.exit("opened for another provider")
    except ValueError:
        pass
`;

testWithPython(
  "saved logins and kept tokens are read",
  (python) =>
    withProvider(async (provider) => {
      const guide = await Deno.readTextFile(new URL("docs/FORMATS.md", ROOT));
      const [, reader] = guide.match(/^```python\n((?:(?!^```)[^])*def read_login[^]*?)^```$/m) ??
        [];
      assert(reader);
      const root = Fernet.generateKey();
      const fernet = new Fernet(root);
      const store = new Map<string, string>();
      const browser = new Browser();
      const login = makeLogin(provider, { fernet, store });
      const { user, tokens } = await browser.signIn(login, "zoe", {
        provider: PROVIDER,
        remember: true,
      });
      const bound = { issuer: provider.issuer, clientId: "example-app", user: user.id };
      const kept = Object.fromEntries(store);
      await login.endAll(user.id);
      const ended = Object.fromEntries(store);
      const stdin = JSON.stringify({
        ...bound,
        ended,
        root,
        store: kept,
        cookie: browser.cookies.get("__Host-saved-login"),
        kept: await sealToken(fernet, tokens, bound),
      });
      const { success, stdout, stderr } = await run(python, ["-c", reader + MAIN], { stdin });
      assert(success, stderr);
      assertEquals(JSON.parse(stdout), [{ user, tokens }, tokens]);
    }),
);
