/**
 * The pages. They have no script.
 *
 * @module
 */

import type { Provider, Tokens } from "@ironfern/ironfern/login";
import type { Note, Profile, RefusedNote } from "./app.ts";
import { type Html, markup } from "./markup.ts";

/** What a page is made of. */
interface Page {
  readonly title: string;
  /** Who is signed in: the page then has the menu. */
  readonly profile?: Profile | undefined;
  readonly body: Html;
}

function page({ title, profile, body }: Page): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title} · Notes</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header>
<p class="name"><a href="/">Notes</a></p>
${profile && menu()}
</header>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.text;
}

function menu(): Html {
  return markup`<nav aria-label="Pages"><a href="/notes">Notes</a> <a href="/me">Account</a></nav>
<form method="post" action="/logout"><button>Sign out</button></form>`;
}

function alert(message: string | undefined): Html | false {
  return message !== undefined && markup`<p role="alert">${message}</p>`;
}

/** The page that offers to sign in. */
export function signInPage(
  providers: readonly Provider[],
  returnTo: string,
  message?: string,
): string {
  const buttons = providers.map(({ id, name }) =>
    markup`<button name="provider" value="${id}">Sign in with ${name}</button>\n`
  );
  return page({
    title: "Sign in",
    body: markup`${alert(message)}
<p>Your notes are kept for you alone, encrypted.</p>
<form method="post" action="/login" class="stack">
<input type="hidden" name="returnTo" value="${returnTo}">
<label><input type="checkbox" name="remember" value="yes"> Remember me here for 30 days</label>
${buttons}
</form>`,
  });
}

/** The user's notes. */
export function notesPage(
  profile: Profile,
  notes: readonly Note[],
  refused?: RefusedNote,
): string {
  const items = notes.map(({ id, text }) =>
    markup`<li>
<p class="note" id="note-${id}">${text}</p>
<form method="post" action="/notes/remove">
<button name="id" value="${id}" aria-describedby="note-${id}">Remove</button>
</form>
</li>\n`
  );
  const list = items.length
    ? markup`<ul class="notes">${items}</ul>`
    : markup`<p>There is none.</p>`;
  return page({
    title: "Your notes",
    profile,
    body: markup`${alert(refused?.why)}
<form method="post" action="/notes" class="stack">
<label for="text">A new note</label>
<textarea id="text" name="text" rows="3" maxlength="1000" required>${refused?.text}</textarea>
<button>Keep</button>
</form>
${list}`,
  });
}

/** What the provider told of the user, and how long the tokens last. */
export function accountPage(
  profile: Profile,
  tokens: Tokens | undefined,
  message?: string,
): string {
  const { id, name, email, emailVerified, groups, picture } = profile;
  const verified = emailVerified ? "verified" : "not verified";
  const rows = Object.entries({
    Name: name ?? "not told",
    Address: email === undefined ? "not told" : `${email} (${verified})`,
    User: id,
    Groups: groups?.length ? groups.join(", ") : "none",
    Scope: tokens?.scope ?? "not told",
    "Access token": expiry(tokens),
  });
  return page({
    title: "Your account",
    profile,
    body: markup`${message !== undefined && markup`<p role="status">${message}</p>`}
${picture !== undefined && markup`<img src="${picture}" alt="" width="96" height="96">`}
<dl>
${rows.map(([term, value]) => markup`<dt>${term}</dt><dd>${value}</dd>\n`)}</dl>
<form method="post" action="/refresh"><button>Get a token that lasts</button></form>
<form method="post" action="/logout-everywhere"><button>Sign out on all devices</button></form>`,
  });
}

function expiry(tokens: Tokens | undefined): string {
  if (!tokens) return "none is kept";
  if (tokens.expires_at === undefined) return "does not expire";
  const seconds = Math.round(tokens.expires_at - Date.now() / 1_000);
  return seconds > 0 ? `expires in ${seconds} s` : "has expired";
}

/** Something that is not there, or cannot be done. */
export function messagePage(title: string, text: string, profile?: Profile): string {
  return page({ title, profile, body: markup`<p>${text}</p>\n<p><a href="/">Go on</a></p>` });
}
