/**
 * What stands around a document on its page.
 *
 * @module
 */

import { type Guide, MENU, OTHERS } from "./guides.ts";
import type { Rendered } from "./markdown.ts";

/** Pages of documents run no script. */
const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; " +
  "form-action 'none'";

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function menuItem(page: string, title: string, current: string): string {
  const mark = page === current ? ' aria-current="page"' : "";
  return `<li><a href="${page}"${mark}>${escape(title)}</a></li>`;
}

function menu(current: string): string {
  const parts = Object.entries(MENU).map(([heading, guides]) => {
    const items = guides.map(({ page, title }) => menuItem(page, title, current));
    if (heading === "Reference") {
      items.push(...OTHERS.map(({ page, title }) => menuItem(page, title, current)));
    }
    return `<p>${heading}</p>\n<ul>\n${items.join("\n")}\n</ul>`;
  });
  return parts.join("\n");
}

/** A document's page. */
export function page(guide: Guide, { title, html }: Rendered): string {
  const name = guide.page === "index.html" ? "Ironfern" : `${title} · Ironfern`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="description" content="Ironfern encrypts secrets at rest from JavaScript.">
<title>${escape(name)}</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="site.css">
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header>
<a class="name" href="index.html">Ironfern</a>
<details>
<summary>Menu</summary>
<nav aria-label="Pages, folded">
${menu(guide.page)}
</nav>
</details>
</header>
<nav class="side" aria-label="Pages">
${menu(guide.page)}
</nav>
<main id="main">
${html}</main>
</body>
</html>
`;
}
