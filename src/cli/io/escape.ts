/**
 * Text that others wrote, such as names of files and data, on its way to a
 * terminal: a terminal would obey the control characters in it.
 *
 * @module
 */

/** Control characters of ASCII and Latin-1, bidirectional ones, and separators of lines. */
const CONTROL = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;
/** Those that text on several lines is made of. */
const LAYOUT: readonly string[] = ["\n", "\t"];

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}

/** The text on one line, with control characters shown as `\u001b`. */
export function oneLine(text: string): string {
  return text.replace(CONTROL, escaped);
}

/** The text with its lines and tabs, and the other control characters shown. */
export function lines(text: string): string {
  return text.replace(
    CONTROL,
    (character) => LAYOUT.includes(character) ? character : escaped(character),
  );
}

/** JSON in which no character controls a terminal; it holds the same value. */
export function toJson(value: unknown): string {
  return JSON.stringify(value).replace(CONTROL, escaped);
}

/** Makes bytes fit for a terminal: as text, whatever they are. */
export function forTerminal(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  // A carriage return before a line feed is a part of the line end.
  let pending = "";
  const show = (text: string) => encoder.encode(lines(text.replaceAll("\r\n", "\n")));
  return new TransformStream({
    transform(chunk, controller) {
      const text = pending + decoder.decode(chunk, { stream: true });
      pending = text.endsWith("\r") ? "\r" : "";
      controller.enqueue(show(text.slice(0, text.length - pending.length)));
    },
    flush: (controller) => controller.enqueue(show(pending + decoder.decode())),
  });
}
