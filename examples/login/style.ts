/**
 * The style sheet of all pages.
 *
 * @module
 */

/** CSS. */
export const STYLE = `:root {
  color-scheme: light dark;
  --paper: #fcfbf8;
  --ink: #1f2328;
  --quiet: #5b626b;
  --line: #d8d4ca;
  --accent: #24543d;
  --on-accent: #ffffff;
  --alert: #a3250f;
}

@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16191c;
    --ink: #e6e4df;
    --quiet: #a2a8ae;
    --line: #3a4046;
    --accent: #8fd0ab;
    --on-accent: #10231a;
    --alert: #ff9d8a;
  }
}

*,
::before,
::after {
  box-sizing: border-box;
}

body {
  background: var(--paper);
  color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif;
  margin: 0 auto;
  max-width: 38rem;
  padding: 1rem;
}

header {
  align-items: center;
  border-bottom: 1px solid var(--line);
  display: flex;
  flex-wrap: wrap;
  gap: 0.5rem 1.25rem;
  padding-bottom: 0.5rem;
}

header .name {
  font-weight: 650;
  margin-right: auto;
}

nav {
  display: flex;
  gap: 1rem;
}

nav a {
  padding: 0.4rem 0;
}

a {
  color: var(--accent);
}

header .name a {
  color: inherit;
  text-decoration: none;
}

:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}

.stack {
  display: grid;
  gap: 0.6rem;
  justify-items: start;
}

button {
  background: none;
  border: 1px solid var(--accent);
  border-radius: 6px;
  color: var(--accent);
  cursor: pointer;
  font: inherit;
  padding: 0.4rem 0.9rem;
}

.stack button {
  background: var(--accent);
  color: var(--on-accent);
}

main > form {
  margin: 1rem 0;
}

textarea {
  background: inherit;
  border: 1px solid var(--quiet);
  border-radius: 6px;
  color: inherit;
  font: inherit;
  padding: 0.5rem;
  width: 100%;
}

.notes {
  list-style: none;
  padding: 0;
}

.notes li {
  align-items: start;
  border-top: 1px solid var(--line);
  display: flex;
  gap: 1rem;
  justify-content: space-between;
  padding: 0.75rem 0;
}

.note {
  margin: 0;
  min-width: 0;
  overflow-wrap: anywhere;
  white-space: pre-wrap;
}

dl {
  display: grid;
  gap: 0.3rem 1.25rem;
  grid-template-columns: max-content minmax(0, 1fr);
}

dt {
  color: var(--quiet);
}

dd {
  margin: 0;
  overflow-wrap: anywhere;
}

[role="alert"] {
  color: var(--alert);
}
`;
