/**
 * Messages whose bytes change threads without a copy on the way.
 *
 * @module
 */

/**
 * A copy of plain data, to be transferred: of views into a longer buffer only
 * what they show, and not, as `postMessage` would, all of that buffer. The
 * sender keeps its own.
 */
export function copyData<T>(data: T): T {
  const copies = new Map<unknown, unknown>();
  const copy = (value: unknown): unknown => {
    if (!isData(value)) return value;
    const made = copies.get(value) ?? make(value);
    copies.set(value, made);
    return made;
  };
  const make = (value: object): unknown => {
    if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice();
    if (Array.isArray(value)) return value.map(copy);
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copy(field)]));
  };
  return copy(data) as T;
}

/** The buffers of plain data, each of them once. */
export function buffersOf(data: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  const collect = (value: unknown) => {
    if (ArrayBuffer.isView(value)) buffers.add(value.buffer as ArrayBuffer);
    else if (isData(value)) Object.values(value).forEach(collect);
  };
  collect(data);
  return [...buffers];
}

function isData(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
