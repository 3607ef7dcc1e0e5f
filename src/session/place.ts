/**
 * Where sessions are kept: records of a store, or cookies.
 *
 * @module
 */

import type { SessionState } from "./state.ts";

/** A session that is kept. */
export interface Held {
  /** What is kept of it. */
  readonly state: SessionState;
  /** When it was last kept, in Unix seconds. */
  readonly time: number;
  /** The value of its cookie. */
  readonly cookie: string;
}

/** Where sessions are kept. */
export interface Place<H extends Held = Held> {
  /** The session of a cookie of that value, if it goes on. */
  find(cookie: string): Promise<H | undefined>;
  /** Keeps a session under a new id. */
  create(state: SessionState): Promise<H>;
  /**
   * Changes a session.
   *
   * @throws {SessionError} `gone`, `conflict`.
   */
  update(held: H, change: (state: SessionState) => SessionState): Promise<H>;
  /** Keeps a session that did not change, for its time; not if others did so meanwhile. */
  touch(held: H): Promise<H>;
  /**
   * Removes a session.
   *
   * @returns What it held at the end; `undefined` if it was gone before.
   * @throws {SessionError} `conflict`.
   */
  take(held: H): Promise<SessionState | undefined>;
  /** Removes a session, whatever it holds. */
  remove(held: H): Promise<void>;
  /** What ended all sessions of a user so far. */
  epochs(user: string): Promise<readonly string[]>;
}
