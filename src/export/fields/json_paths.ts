/**
 * Where the values of some paths stand in a JSON text. Nothing is parsed and
 * written again: numbers of any precision, repeated names, white space and
 * escapes stay as they are.
 *
 * @module
 */

import { decodeUtf8, encodeUtf8 } from "../../bytes/text.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A step of paths: the names of members, and the indexes of elements. */
export interface PathNode {
  /** The name or the index. */
  readonly name: string;
  /** The same in UTF-8. */
  readonly bytes: Uint8Array;
  /** The next steps. */
  readonly children: PathNode[];
  /** The position, among the paths, of the one that ends here. */
  target: number | undefined;
}

/**
 * Reads a JSON Pointer (RFC 6901).
 *
 * @returns Its steps, or `undefined` if it is none.
 */
export function pointerSteps(pointer: string): string[] | undefined {
  if (!pointer.startsWith("/") || /~(?![01])/.test(pointer)) return undefined;
  return pointer.slice(1).split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The pointer to a member of the outermost object. */
export function pointerTo(name: string): string {
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/**
 * Joins paths into a tree.
 *
 * @returns The tree, or the position of a path that is another one's beginning,
 * or goes on where another one ends, or equals it.
 */
export function pathTree(paths: readonly (readonly string[])[]): PathNode | number {
  const root = pathNode("");
  for (const [target, path] of paths.entries()) {
    let node = root;
    for (const name of path) {
      let next = node.children.find((child) => child.name === name);
      if (!next) node.children.push(next = pathNode(name));
      else if (next.target !== undefined) return target;
      node = next;
    }
    if (node.children.length) return target;
    node.target = target;
  }
  return root;
}

function pathNode(name: string): PathNode {
  return { name, bytes: encodeUtf8(name, "a path"), children: [], target: undefined };
}

/**
 * Finds the values at the paths of a tree, in the order in which they stand.
 *
 * @param bytes A JSON text that is known to be valid, in UTF-8.
 * @param start Where in the bytes it begins.
 * @param root The tree.
 * @param found Is told of each value: its path's position, its first byte, and
 * the byte after its last one.
 * @returns Whether every name on the way stands in its object only once.
 */
export function findValues(
  bytes: Uint8Array,
  start: number,
  root: PathNode,
  found: (target: number, start: number, end: number) => void,
): boolean {
  return new Walk(bytes, start, found).value(root);
}

class Walk {
  readonly #bytes: Uint8Array;
  readonly #found: (target: number, start: number, end: number) => void;
  #at: number;

  constructor(
    bytes: Uint8Array,
    start: number,
    found: (target: number, start: number, end: number) => void,
  ) {
    this.#bytes = bytes;
    this.#found = found;
    this.#at = start;
  }

  /** Passes over a value to which these paths lead; whether no name is repeated. */
  value(node: PathNode): boolean {
    const first = this.#skipSpace();
    if (node.target !== undefined) {
      const start = this.#at;
      this.#skipValue();
      this.#found(node.target, start, this.#at);
      return true;
    }
    if (first === OPEN_BRACE) return this.#object(node.children);
    if (first === OPEN_BRACKET) return this.#array(node.children);
    this.#skipValue();
    return true;
  }

  #object(children: readonly PathNode[]): boolean {
    const seen: PathNode[] = [];
    this.#at++;
    while (this.#skipSpace() !== CLOSE_BRACE) {
      const start = this.#at;
      const escaped = this.#skipString();
      const child = this.#childNamed(children, start, this.#at, escaped);
      this.#skipSpace();
      this.#at++;
      if (child) {
        if (seen.includes(child)) return false;
        seen.push(child);
        if (!this.value(child)) return false;
      } else {
        this.#skipSpace();
        this.#skipValue();
      }
      if (this.#skipSpace() === COMMA) this.#at++;
    }
    this.#at++;
    return true;
  }

  #array(children: readonly PathNode[]): boolean {
    this.#at++;
    for (let index = 0; this.#skipSpace() !== CLOSE_BRACKET; index++) {
      const name = String(index);
      const child = children.find((child) => child.name === name);
      if (!child) this.#skipValue();
      else if (!this.value(child)) return false;
      if (this.#skipSpace() === COMMA) this.#at++;
    }
    this.#at++;
    return true;
  }

  /** The child of the name that stands there, in quotes. */
  #childNamed(
    children: readonly PathNode[],
    start: number,
    end: number,
    escaped: boolean,
  ): PathNode | undefined {
    if (escaped) {
      const name: string = JSON.parse(decodeUtf8(this.#bytes.subarray(start, end)));
      return children.find((child) => child.name === name);
    }
    return children.find(({ bytes }) => {
      if (bytes.length !== end - start - 2) return false;
      for (let at = 0; at < bytes.length; at++) {
        if (bytes[at] !== this.#bytes[start + 1 + at]) return false;
      }
      return true;
    });
  }

  /** The byte after white space. */
  #skipSpace(): number {
    const bytes = this.#bytes;
    while (isSpace(bytes[this.#at])) this.#at++;
    return bytes[this.#at];
  }

  /** Whether the string has an escape. */
  #skipString(): boolean {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    let escaped = false;
    for (; bytes[at] !== QUOTE; at++) {
      if (bytes[at] !== BACKSLASH) continue;
      escaped = true;
      at++;
    }
    this.#at = at + 1;
    return escaped;
  }

  #skipValue(): void {
    const bytes = this.#bytes;
    let depth = 0;
    do {
      const code = bytes[this.#at];
      if (code === QUOTE) {
        this.#skipString();
        continue;
      }
      if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
      else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
      else if (depth === 0) {
        this.#skipScalar();
        return;
      }
      this.#at++;
    } while (depth > 0);
  }

  /** Passes over a number or a literal. */
  #skipScalar(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < bytes.length && !endsScalar(bytes[at])) at++;
    this.#at = at;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

function endsScalar(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || isSpace(code);
}
