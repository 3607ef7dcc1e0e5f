/**
 * What is kept of a session, as JSON:
 *
 *     {"created":1700000000,"data":{…},"epochs":["…"],"since":1700000000,"user":"…"}
 *
 * Times are Unix seconds. The last three are there once somebody signed in, and
 * `epochs` only where all sessions of the user were ended before.
 *
 * @module
 */

import { unixTime } from "../fernet/seal.ts";
import type { Json } from "../storage/json.ts";

/** Seconds that another host's clock may be ahead of ours, as for tokens. */
const MAX_CLOCK_SKEW = 60;
const NAMES = ["created", "data", "epochs", "since", "user"];

/** What is kept of a session. */
export interface SessionState {
  /** When it began. */
  readonly created: number;
  /** The values by their keys. */
  readonly data: ReadonlyMap<string, Json>;
  /** Who signed in, and when. */
  readonly login?: SessionLogin;
}

/** Who signed in to a session. */
export interface SessionLogin {
  /** The user. */
  readonly user: string;
  /** When. */
  readonly since: number;
  /** What ended all sessions of the user before: see `UserRecords`. */
  readonly epochs: readonly string[];
}

/** How long sessions last, in seconds. */
export interface Lifetimes {
  /** Without a request. */
  readonly idle: number;
  /** In all. */
  readonly absolute: number;
}

/** The Unix time in seconds. */
export function now(): number {
  return Number(unixTime());
}

/** A session that begins now. */
export function emptyState(): SessionState {
  return { created: now(), data: new Map() };
}

/** The state as it is kept. */
export function stateJson({ created, data, login }: SessionState): Json {
  const values = Object.fromEntries(data);
  if (!login) return { created, data: values };
  const { user, since, epochs } = login;
  return { created, data: values, ...epochs.length && { epochs }, since, user };
}

/** The state, if that is what was kept. */
export function readState(json: Json): SessionState | undefined {
  if (!isRecord(json) || Object.keys(json).some((name) => !NAMES.includes(name))) return undefined;
  const { created, data, epochs = [], since, user } = json;
  if (!isTime(created) || !isRecord(data) || !isStrings(epochs)) return undefined;
  const values = new Map(Object.entries(data).map(([key, value]) => [key, frozen(value)]));
  if (user === undefined && since === undefined) return { created, data: values };
  if (typeof user !== "string" || !user || !isTime(since)) return undefined;
  return { created, data: values, login: { user, since, epochs } };
}

/** Whether a session that was last kept then goes on. */
export function isAlive(state: SessionState, time: number, { idle, absolute }: Lifetimes): boolean {
  return isWithin(time, idle) && isWithin(beginning(state), absolute);
}

/** Seconds that a session lasts if there is no further request. */
export function secondsLeft(state: SessionState, { idle, absolute }: Lifetimes): number {
  return Math.max(0, Math.min(idle, beginning(state) + absolute - now()));
}

/** Whether a time is too long ago for anything that lasts so many seconds, on any clock. */
export function isPast(time: number, seconds: number): boolean {
  return now() - time > seconds + MAX_CLOCK_SKEW;
}

/** Who signs in begins anew. */
function beginning({ created, login }: SessionState): number {
  return login?.since ?? created;
}

function isWithin(time: number, seconds: number): boolean {
  const age = now() - time;
  return age <= seconds && age >= -MAX_CLOCK_SKEW;
}

/** JSON of which a change would be lost, and so is refused. */
export function frozen(value: Json): Json {
  if (typeof value !== "object" || value === null) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}

function isRecord(json: Json): json is { readonly [name: string]: Json } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function isTime(json: Json | undefined): json is number {
  return typeof json === "number" && Number.isFinite(json);
}

function isStrings(json: Json): json is readonly string[] {
  return Array.isArray(json) && json.every((each) => typeof each === "string");
}
