/**
 * The documents' Markdown as HTML.
 *
 * @module
 */

import { dirname, join, normalize } from "node:path/posix";
import highlighter from "highlight.js";
import MarkdownIt from "markdown-it";
import anchors from "markdown-it-anchor";
import { GUIDES } from "./guides.ts";

/** Where files of the repository are shown that are no pages of the site. */
const REPOSITORY = "https://github.com/ironfern/ironfern/blob/main/";

/** What a document is made into. */
export interface Rendered {
  /** The text of its first heading. */
  readonly title: string;
  readonly html: string;
  /** Pictures that it shows: their paths in the repository. */
  readonly pictures: readonly string[];
}

/** The name that GitHub gives a heading's anchor. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function highlight(code: string, language: string): string {
  if (!highlighter.getLanguage(language)) return "";
  return highlighter.highlight(code, { language }).value;
}

/** Where a document's link leads to in the site. */
function siteLink(link: string, source: string): string {
  if (/^(#|[a-z]+:)/.test(link)) return link;
  const [path, hash = ""] = link.split("#");
  const target = normalize(join(dirname(source), path));
  const page = GUIDES.find((guide) => guide.source === target)?.page;
  return (page ?? `${REPOSITORY}${target}`) + (hash && `#${hash}`);
}

/** Renders one document. */
export function render(text: string, source: string): Rendered {
  const pictures = new Set<string>();
  let title = "";
  // The documents are the project's own, and README.md has pictures as HTML.
  const markdown = new MarkdownIt({ html: true, highlight }).use(anchors, {
    slugify: anchor,
    permalink: anchors.permalink.headerLink({ safariReaderFix: true }),
    callback(token, { title: heading }) {
      if (token.tag === "h1") title ||= heading;
    },
  });
  const { rules } = markdown.renderer;
  rules.link_open = (tokens, index, options, _env, renderer) => {
    const href = tokens[index].attrGet("href");
    if (href !== null) tokens[index].attrSet("href", siteLink(String(href), source));
    return renderer.renderToken(tokens, index, options);
  };
  // A table may be wider than a telephone: it scrolls alone. A reader without a mouse can focus it.
  rules.table_open = () => '<div class="wide" tabindex="0"><table>\n';
  rules.table_close = () => "</table></div>\n";
  // A column's alignment is a class: the pages' policy allows no inline style.
  rules.th_open = rules.td_open = (tokens, index, options, _env, renderer) => {
    const token = tokens[index];
    const [, side] = /^text-align:(\w+)$/.exec(String(token.attrGet("style"))) ?? [];
    if (side) token.attrs = [["class", side]];
    return renderer.renderToken(tokens, index, options);
  };
  rules.html_block = (tokens, index) =>
    tokens[index].content.replaceAll(/(src(?:set)?=")([^":]+)"/g, (_, start, path) => {
      const picture = normalize(join(dirname(source), path));
      pictures.add(picture);
      return `${start}${picture}"`;
    });
  return { html: markdown.render(text), title, pictures: [...pictures] };
}
