/**
 * Tokens under Python's `cryptography`, and the strict base64 of docs/FORMATS.md: one
 * process reads a batch a line.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { assert, assertEquals } from "@std/assert";
import { PYTHON } from "../../../support/python.ts";
import { ROOT } from "../../../support/tools.ts";
import { target } from "../run.ts";
import { COPIES, KEY, seeded, withCopies } from "./tokens.ts";

const PROGRAM = `
import json, sys
sys.path.insert(0, "tests/support")
sys.dont_write_bytecode = True
from tokens import *

fernet = Fernet(sys.argv[1])

def message(token):
    try:
        return read_token(fernet, token).hex()
    except InvalidToken:
        return None

for line in sys.stdin:
    print(json.dumps([message(token) for token in json.loads(line)]), flush=True)
`;

class Reader {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(python: string, key: string) {
    this.#child = new Deno.Command(python, {
      args: ["-c", PROGRAM, key],
      cwd: ROOT,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async read(texts: readonly string[]): Promise<(string | null)[]> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(texts)}\n`));
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#output.read();
      assert(!done, "Python ended");
      this.#text += value;
    }
    const [line, rest] = [this.#text.split("\n", 1)[0], this.#text.indexOf("\n") + 1];
    this.#text = this.#text.slice(rest);
    return JSON.parse(line);
  }

  async close(): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#child.status;
  }
}

let reader: Reader | undefined;

/** Tokens, and Python. */
export const pycaTarget = target<readonly [string, number]>({
  name: "pyca",
  input: seeded,
  batch: 50,
  copies: COPIES,
  async check(inputs) {
    assert(PYTHON, "there is no Python with cryptography");
    const key = KEY.toBase64({ alphabet: "base64url" });
    reader ??= new Reader(PYTHON, key);
    const texts = withCopies(inputs);
    const ours = new Fernet(key).decryptManySettled(texts);
    const expected = await reader.read(texts);
    const seen = ours.map((each) => each.ok ? each.value.toHex() : null);
    const at = seen.findIndex((message, at) => message !== expected[at]);
    if (at >= 0) assertEquals([texts[at], seen[at]], [texts[at], expected[at]]);
  },
  async close() {
    await reader?.close();
    reader = undefined;
  },
});
