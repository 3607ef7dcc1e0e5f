/**
 * Values as JSON text that comes back equal, with every type and bit.
 *
 * @module
 */

import { kindOf } from "../checks.ts";

/** What JSON holds. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

const MOST_DEPTH = 100;

/**
 * Writes a value as JSON. `JSON.stringify` turns NaN into null, a Date into a
 * string, a Map into `{}` and -0 into 0: here nothing is changed.
 *
 * @throws {TypeError} If the value would not come back equal; the message names
 * the place and the kind of what is there, and not the value.
 */
export function writeJson(value: unknown): string {
  return new Writer().write(value);
}

class Writer {
  readonly #path: string[] = [];
  readonly #above: object[] = [];

  write(value: unknown): string {
    switch (typeof value) {
      case "string":
        return JSON.stringify(value);
      case "boolean":
        return String(value);
      case "number":
        if (!Number.isFinite(value)) throw this.#refusal(String(value));
        return Object.is(value, -0) ? "-0" : String(value);
      case "object":
        if (value === null) return "null";
        return this.#within(
          value,
          () => Array.isArray(value) ? this.#list(value) : this.#record(value),
        );
      default:
        throw this.#refusal(article(kindOf(value)));
    }
  }

  #within(value: object, write: () => string): string {
    if (this.#above.includes(value)) throw this.#refusal("a cycle");
    if (this.#above.length === MOST_DEPTH) throw this.#refusal(`deeper than ${MOST_DEPTH}`);
    this.#above.push(value);
    const text = write();
    this.#above.pop();
    return text;
  }

  #list(list: readonly unknown[]): string {
    for (let index = 0; index < list.length; index++) {
      if (!Object.hasOwn(list, index)) throw this.#refusal("a hole", String(index));
    }
    if (Reflect.ownKeys(list).length !== list.length + 1) {
      throw this.#refusal("an array with properties of its own");
    }
    if (!isPlain(Object.getPrototypeOf(list))) throw this.#refusal(article(kindOf(list)));
    return `[${list.map((_, index) => this.#member(list, String(index))).join()}]`;
  }

  #record(record: object): string {
    if (!isPlain(record)) throw this.#refusal(article(kindOf(record)));
    const names = Object.keys(record);
    if (Reflect.ownKeys(record).length !== names.length) {
      throw this.#refusal("an object with a symbol or a hidden property");
    }
    const members = names.map((name) => `${JSON.stringify(name)}:${this.#member(record, name)}`);
    return `{${members.join()}}`;
  }

  #member(parent: object, name: string): string {
    this.#path.push(name);
    const text = this.write(this.#read(parent, name));
    this.#path.pop();
    return text;
  }

  #read(parent: object, name: string): unknown {
    try {
      return (parent as Record<string, unknown>)[name];
    } catch (cause) {
      throw this.#refusal("a getter that throws", undefined, cause);
    }
  }

  #refusal(what: string, name?: string, cause?: unknown): TypeError {
    const path = name === undefined ? this.#path : [...this.#path, name];
    const place = path.map((step) => `/${step.replace(/~/g, "~0").replace(/\//g, "~1")}`).join("");
    return new TypeError(
      `Cannot store the value${place && ` at ${place}`}: ${what} would not come back as it is`,
      cause === undefined ? undefined : { cause },
    );
  }
}

/** Whether its prototype is `Object.prototype`, of any realm, or none. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null ||
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

function article(kind: string): string {
  return kind === "undefined" ? kind : `${/^[aeio]/i.test(kind) ? "an" : "a"} ${kind}`;
}
