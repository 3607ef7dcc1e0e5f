/**
 * HTML with everything escaped that is put into it.
 *
 * @module
 */

/** Text that is HTML already. */
export class Html {
  /** Takes HTML. */
  constructor(readonly text: string) {}
}

type Part = Html | string | number | undefined | false | readonly Part[];

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function write(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Html) return part.text;
  return typeof part === "object" ? part.map(write).join("") : escape(String(part));
}

/** A template of HTML: what is put in is escaped, unless it is `Html` itself. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const text = strings.map((string, index) => string + write(parts[index])).join("");
  return new Html(text);
}
