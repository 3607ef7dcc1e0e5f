/**
 * Which documents of the repository become pages, and in which order the menu
 * lists them.
 *
 * @module
 */

/** A document, and the page that is made of it. */
export interface Guide {
  /** The document's path in the repository. */
  readonly source: string;
  /** The page's name in the site. */
  readonly page: string;
  /** What the menu calls it. */
  readonly title: string;
}

function guide(source: string, title: string): Guide {
  const name = source.slice(source.lastIndexOf("/") + 1, -".md".length);
  return { source, page: `${name.toLowerCase()}.html`, title };
}

/** The menu, by its headings. */
export const MENU: Readonly<Record<string, readonly Guide[]>> = {
  Start: [
    { source: "README.md", page: "index.html", title: "Ironfern" },
    guide("docs/runtimes.md", "Runtimes and bundlers"),
    guide("docs/command-line.md", "The command"),
  ],
  Guides: [
    guide("docs/passphrases.md", "Values under a passphrase"),
    guide("docs/keys.md", "Values under a key"),
    guide("docs/rows-and-fields.md", "Rows and fields"),
    guide("docs/sealed-exports.md", "Sealed exports"),
    guide("docs/storage.md", "Secrets in a store"),
    guide("docs/sessions.md", "Sessions"),
    guide("docs/logins.md", "Logins"),
    guide("docs/spark.md", "Apache Spark"),
    guide("docs/backends.md", "Backends and workers"),
    guide("docs/kdf-cost.md", "What a key costs"),
  ],
  Reference: [
    guide("docs/errors.md", "Errors"),
    guide("docs/FORMATS.md", "The formats, to the byte"),
    guide("bench/RESULTS.md", "Measurements"),
  ],
  Project: [
    guide("SECURITY.md", "Security"),
    guide("CHANGELOG.md", "Changes"),
    guide("CONTRIBUTING.md", "Contributing"),
  ],
};

/** All of them. */
export const GUIDES: readonly Guide[] = Object.values(MENU).flat();

/** Parts of the site that are no documents. */
export const OTHERS = [
  { page: "api/index.html", title: "All names, with their types" },
  { page: "lab/index.html", title: "The KDF lab" },
] as const;
