/**
 * The rows of sessions in cookies: ours, and iron-session, one after the other.
 *
 * @module
 */

import { Fernet } from "@ironfern/ironfern";
import { openCookie, sealCookie } from "@ironfern/ironfern/session";
import { interleave } from "../measure.ts";
import { textRows } from "./messages.ts";
import { peerSessions } from "./peers.ts";
import { OURS, type RowResult, type Settings } from "./rows.ts";
import type { SessionValue, SessionWay } from "./ways.ts";

const SESSIONS = 200;
const NAME = "__Host-session";
/** Bytes of a session's JSON, and of what is not its text. */
const LENGTHS = { session100: 100, session1024: 1_024 } as const;
const AROUND = JSON.stringify({ user: "" }).length;

function ourSessions(key: string): SessionWay {
  const fernet = new Fernet(key);
  return {
    name: OURS.auto,
    seal: (value) => sealCookie(fernet, NAME, value),
    open: (text) => openCookie(fernet, NAME, text, { ttl: 3_600 }),
  };
}

/** Seals and opens all, and throws where one is not the same afterwards. */
async function sealAndOpen(way: SessionWay, values: readonly SessionValue[]): Promise<void> {
  for (const value of values) {
    const opened = await way.open(await way.seal(value)) as Partial<SessionValue> | undefined;
    if (opened?.user !== value.user) {
      throw new Error(`${way.name} does not give the session back`);
    }
  }
}

/** Measures a row of sessions once. */
export async function measureSessions(
  row: keyof typeof LENGTHS,
  key: string,
  settings: Settings,
): Promise<RowResult> {
  const values = textRows(SESSIONS, () => LENGTHS[row] - AROUND)
    // Without JSON's signs, which would be escaped.
    .map((text): SessionValue => ({ user: text.replace(/[{"}]/g, " ") }));
  const peers = await peerSessions(settings.absent);
  const contestants = [ourSessions(key), ...peers.ways].map((way) => ({
    name: way.name,
    run: () => sealAndOpen(way, values),
  }));
  const timings = await interleave(contestants, settings.rounds);
  return { row, items: SESSIONS, timings, absent: peers.absent };
}
