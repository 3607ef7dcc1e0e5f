/**
 * The app: one handler of requests, the same in Deno and in Node.
 *
 * @module
 */

import type { Fernet, MultiFernet } from "@ironfern/ironfern";
import {
  Login,
  LoginError,
  type LoginErrorCode,
  type Provider,
  type Tokens,
  type User,
} from "@ironfern/ironfern/login";
import { isCrossSite, type Session, SessionError, Sessions } from "@ironfern/ironfern/session";
import { EncryptedStorage, type StringStore } from "@ironfern/ironfern/storage";
import { accountPage, messagePage, notesPage, signInPage } from "./pages.ts";
import { STYLE } from "./style.ts";

/** What the app is made of. */
export interface AppOptions {
  /** Where it is, as browsers see it: `https://notes.example`. */
  readonly origin: string;
  /** The server's key, and older ones. */
  readonly fernet: Fernet | MultiFernet;
  /** Where sessions, saved logins and notes are kept. */
  readonly store: StringStore;
  /** Who people sign in with. */
  readonly providers: readonly Provider[];
}

/** What a session remembers of the user. */
export interface Profile {
  readonly id: string;
  readonly name?: string;
  readonly email?: string;
  readonly emailVerified: boolean;
  readonly picture?: string;
  readonly groups?: readonly string[];
}

/** A note of a user. */
export interface Note {
  readonly id: string;
  readonly text: string;
}

/** A note that was not kept: the page gives it back. */
export interface RefusedNote {
  readonly text: string;
  readonly why: string;
}

/** Answers a request. */
export type Handler = (request: Request) => Promise<Response>;

type UserSession = Session<{ profile: Profile }>;
type Notes = Record<string, Note[]>;

/** A request on its way through the app. */
interface Visit {
  readonly request: Request;
  readonly url: URL;
  readonly session: UserSession;
  /** Headers of the answer: cookies. */
  readonly headers: Headers;
}

const LONGEST_FORM = 10_000;
const LONGEST_NOTE = 1_000;
const MOST_NOTES = 100;

/** What to tell of a login that failed. */
const MESSAGES: Partial<Record<LoginErrorCode, string>> = {
  "denied": "You did not sign in: it was refused, or you went back.",
  "expired": "That took more than 10 minutes. Please sign in again.",
  "unavailable": "The provider cannot be reached. Please try again later.",
  "ended": "Your sign-in has ended. Please sign in again.",
};
const FAILED = "The sign-in failed. Please try again.";

/** Makes the app. */
export function makeApp({ origin, fernet, store, providers }: AppOptions): Handler {
  const login = new Login({ providers, callback: `${origin}/callback`, fernet, store });
  const sessions = new Sessions<{ profile: Profile }>({ fernet, store });
  const notes = new EncryptedStorage<Notes>(store, { fernet, prefix: "notes." });
  const policy = contentSecurityPolicy(providers);

  async function answer(request: Request): Promise<Response> {
    if (!URL.canParse(request.url)) return text(400, "The Host is no host");
    if (isCrossSite(request)) return text(403, "This was sent by a page of another site");
    const url = new URL(request.url);
    const route = `${request.method === "HEAD" ? "GET" : request.method} ${url.pathname}`;
    if (route === "GET /style.css") return style();
    const visit = { request, url, session: await sessions.load(request), headers: new Headers() };
    if (url.pathname.startsWith("/callback/")) return await finish(visit);
    switch (route) {
      case "POST /login":
        return await start(visit);
      case "POST /logout":
        return await signOut(visit);
    }
    const profile = await current(visit);
    if (!profile) {
      if (request.method !== "GET") return await redirect(visit, "/");
      const returnTo = url.pathname + url.search;
      return await show(visit, signInPage(providers, returnTo));
    }
    switch (route) {
      case "GET /":
        return await redirect(visit, "/notes");
      case "GET /notes":
        return await showNotes(visit, profile);
      case "POST /notes":
        return await addNote(visit, profile);
      case "POST /notes/remove":
        return await removeNote(visit, profile);
      case "GET /me":
        return await show(visit, accountPage(profile, await savedTokens(visit)));
      case "POST /refresh":
        return await refresh(visit, profile);
      case "POST /logout-everywhere":
        // In this order: a remembered login could begin a session meanwhile.
        await login.endAll(profile.id);
        await sessions.endAll(profile.id);
        return await signOut(visit);
    }
    const page = messagePage("There is no such page", "It may have been here before.", profile);
    return await show(visit, page, 404);
  }

  async function start({ request, headers }: Visit): Promise<Response> {
    const form = await readForm(request);
    const response = await login.start(request, {
      provider: form.get("provider") ?? "",
      returnTo: form.get("returnTo") ?? "/",
      remember: form.get("remember") === "yes",
    });
    append(headers, response.headers);
    return response;
  }

  async function finish(visit: Visit): Promise<Response> {
    const { user, returnTo, headers } = await login.finish(visit.request);
    append(visit.headers, headers);
    await signIn(visit.session, user);
    return await redirect(visit, returnTo);
  }

  /** Who is signed in, by the session or by a login that is remembered. */
  async function current({ request, session, headers }: Visit): Promise<Profile | undefined> {
    if (session.user !== undefined) return session.get("profile");
    const resumed = await login.resume(request);
    if (!resumed) return undefined;
    append(headers, resumed.headers);
    await signIn(session, resumed.user);
    return session.get("profile");
  }

  async function savedTokens({ request }: Visit): Promise<Tokens | undefined> {
    try {
      return await login.tokens(request);
    } catch (error) {
      if (error instanceof LoginError) return error.tokens;
      throw error;
    }
  }

  async function refresh(visit: Visit, profile: Profile): Promise<Response> {
    const tokens = await login.tokens(visit.request);
    return await show(visit, accountPage(profile, tokens, "The token lasts a minute at least."));
  }

  async function signOut(visit: Visit): Promise<Response> {
    await visit.session.end();
    const { headers, logoutUrl } = await login.end(visit.request, { returnTo: `${origin}/` });
    append(visit.headers, headers);
    return await redirect(visit, logoutUrl ?? "/");
  }

  async function showNotes(
    visit: Visit,
    profile: Profile,
    refused?: RefusedNote,
  ): Promise<Response> {
    const page = notesPage(profile, await notes.get(profile.id) ?? [], refused);
    return await show(visit, page, refused ? 400 : 200);
  }

  async function addNote(visit: Visit, profile: Profile): Promise<Response> {
    // Browsers send two characters for the end of a line, and count one.
    const form = await readForm(visit.request);
    const note = (form.get("text") ?? "").replaceAll("\r\n", "\n").trim();
    const refuse = (why: string) => showNotes(visit, profile, { text: note, why });
    if (note === "" || note.length > LONGEST_NOTE) {
      return await refuse(`A note has 1 to ${LONGEST_NOTE} characters.`);
    }
    let isFull = false;
    await notes.update(profile.id, (old = []) => {
      isFull = old.length >= MOST_NOTES;
      return isFull ? old : [...old, { id: crypto.randomUUID(), text: note }];
    });
    if (isFull) return await refuse(`There are ${MOST_NOTES} notes already.`);
    return await redirect(visit, "/notes");
  }

  async function removeNote(visit: Visit, profile: Profile): Promise<Response> {
    const removed = (await readForm(visit.request)).get("id");
    await notes.update(profile.id, (old = []) => old.filter(({ id }) => id !== removed));
    return await redirect(visit, "/notes");
  }

  async function show({ session, headers }: Visit, page: string, status = 200): Promise<Response> {
    append(headers, await session.save());
    headers.set("content-type", "text/html; charset=utf-8");
    return new Response(page, { status, headers });
  }

  /** What the user is told where something went wrong that is nobody's mistake here. */
  function failure(error: unknown): Response {
    if (error instanceof FormError) return text(400, error.message);
    const headers = new Headers({ "content-type": "text/html; charset=utf-8" });
    if (error instanceof SessionError) {
      const page = messagePage("Please try again", "You were signed out meanwhile.");
      return new Response(page, { status: 409, headers });
    }
    if (!(error instanceof LoginError)) throw error;
    append(headers, error.headers);
    const page = signInPage(providers, "/", MESSAGES[error.code] ?? FAILED);
    return new Response(page, { status: error.code === "unavailable" ? 503 : 400, headers });
  }

  return async (request) => {
    const response = await answer(request).catch(failure);
    response.headers.set("content-security-policy", policy);
    response.headers.set("referrer-policy", "same-origin");
    response.headers.set("x-content-type-options", "nosniff");
    if (!response.headers.has("cache-control")) response.headers.set("cache-control", "no-store");
    return response;
  };
}

/**
 * A form's answer may lead on to the provider, and from there to an organisation's own
 * page, and browsers hold the policy against each of them: so `https:`, and the
 * providers that are on this machine.
 */
function contentSecurityPolicy(providers: readonly Provider[]): string {
  const local = providers.map(({ issuer }) => new URL(issuer))
    .filter(({ protocol }) => protocol === "http:").map(({ origin }) => origin);
  return "default-src 'none'; style-src 'self'; img-src https: data:; base-uri 'none'; " +
    `frame-ancestors 'none'; form-action ${["'self'", "https:", ...local].join(" ")}`;
}

/** Keeps the user in the session, which gets a new id. */
async function signIn(session: UserSession, user: User): Promise<void> {
  const { id, name, email, emailVerified, picture, groups } = user;
  await session.signIn(id);
  session.set("profile", {
    id,
    ...name !== undefined && { name },
    ...email !== undefined && { email },
    emailVerified,
    ...picture !== undefined && { picture },
    ...groups && { groups: groups.map((group) => group.name) },
  });
}

async function redirect(
  { session, headers }: Visit,
  location: string,
): Promise<Response> {
  append(headers, await session.save());
  headers.set("location", location);
  return new Response(null, { status: 303, headers });
}

/** Cookies are several headers of one name: none may take the place of another. */
function append(headers: Headers, others: Headers): void {
  for (const [name, value] of others) {
    if (name === "set-cookie") headers.append(name, value);
    else headers.set(name, value);
  }
}

/** A form that is none, or is too long. */
class FormError extends Error {}

async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get("content-type")?.split(";")[0].trim();
  if (type !== "application/x-www-form-urlencoded" || !request.body) {
    throw new FormError("Expected a form");
  }
  const decoder = new TextDecoder();
  let form = "";
  for await (const chunk of request.body) {
    form += decoder.decode(chunk, { stream: true });
    if (form.length > LONGEST_FORM) throw new FormError("The form is too long");
  }
  return new URLSearchParams(form + decoder.decode());
}

function style(): Response {
  return new Response(STYLE, {
    headers: { "content-type": "text/css; charset=utf-8", "cache-control": "max-age=600" },
  });
}

function text(status: number, message: string): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
