/**
 * Tokens that last: one refresh for all callers, in all processes that share the
 * store.
 *
 * A provider that rotates refresh tokens takes each of them once, and ends the login
 * if one comes twice: two who refresh at the same time have signed the user out. So
 * who refreshes takes a lease first, by a compare-and-swap on the whole record, and
 * all others wait for the new tokens.
 *
 * @module
 */

import { LoginError } from "./errors.ts";
import { randomText } from "./oauth.ts";
import type { Received } from "./provider.ts";
import type { FoundLogin, SavedLogin, SavedLogins } from "./saved.ts";
import type { Tokens } from "./tokens.ts";

/** Milliseconds of a lease: longer than a request to the provider may take. */
const LEASE = 15_000;
/** Milliseconds that the hosts' clocks may differ. */
const SKEW = 5_000;
/** Milliseconds until who waits for another's refresh gives up. */
const PATIENCE = 60_000;
/** Milliseconds of the pauses of those who wait, at random between the two. */
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [20, 300];
/** Times that new tokens are saved before they are given up. */
const SAVES = 4;
/** Seconds before its end in which a token is refreshed, if it lasts long enough. */
const MARGIN = 60;

/** Refreshes saved logins. */
export class Refresher {
  readonly #saved: SavedLogins;
  readonly #underway = new Map<string, Promise<FoundLogin>>();

  /** Takes the logins. */
  constructor(saved: SavedLogins) {
    this.#saved = saved;
  }

  /**
   * The login of an id, with a token that lasts. The callers of one process share
   * one promise.
   *
   * @throws {LoginError} `ended`, `other-user`, `unavailable`, `not-saved`,
   * `provider-error` or `bad-response`.
   */
  async fresh(id: string | undefined): Promise<FoundLogin> {
    const found = await this.#saved.find(id);
    if (!found) throw new LoginError("ended");
    if (!isDue(found.tokens)) return found;
    const underway = this.#underway.get(found.id) ?? this.#begin(found);
    return await underway;
  }

  #begin(found: FoundLogin): Promise<FoundLogin> {
    const { id } = found;
    const underway = this.#refresh(found).finally(() => this.#underway.delete(id));
    this.#underway.set(id, underway);
    return underway;
  }

  async #refresh(first: FoundLogin): Promise<FoundLogin> {
    const end = Date.now() + PATIENCE;
    const by = randomText();
    let found: FoundLogin | undefined = first;
    for (; found; found = await this.#saved.find(first.id)) {
      if (!isDue(found.tokens)) return found;
      if (found.tokens.refresh_token === undefined) return lasting(found);
      const now = Date.now();
      if (now > end) throw new LoginError("unavailable", { reason: "another refresh hangs" });
      if (!isLeased(found, now)) {
        const lease = { by, until: now + LEASE };
        const leased = await this.#saved.seal(found, { ...found, lease });
        if (await this.#saved.swap(found, leased)) {
          const fresh = await this.#refreshLeased(leased);
          if (fresh) return fresh;
        }
      }
      await randomPause();
    }
    throw new LoginError("ended");
  }

  /** Refreshes under a lease; `undefined` where another one was faster. */
  async #refreshLeased(leased: FoundLogin): Promise<FoundLogin | undefined> {
    let received: Received;
    try {
      received = await leased.client.refresh(leased.tokens.refresh_token!);
    } catch (error) {
      return await this.#failed(leased, error);
    }
    const { user, remember, epochs } = leased;
    const { plan } = leased.client;
    const subject = received.claims && plan.subjectOf?.(received.claims);
    if (subject !== undefined && subject !== user.subject) {
      await this.#saved.swap(leased, null);
      throw new LoginError("other-user");
    }
    const tokens = joined(leased.tokens, received.tokens);
    return await this.#save(leased, {
      user,
      tokens,
      ...remember === false && { remember },
      ...epochs && { epochs },
    });
  }

  /** What becomes of a login whose refresh failed. */
  async #failed(leased: FoundLogin, error: unknown): Promise<FoundLogin | undefined> {
    const code = error instanceof LoginError ? error.code : undefined;
    if (code === "ended") {
      // If it is not as we left it, another one has refreshed it.
      if (await this.#saved.swap(leased, null)) throw error;
      return undefined;
    }
    const { lease: _, ...login } = leased;
    const released = await this.#saved.seal(leased, login);
    const isReleased = await this.#saved.swap(leased, released);
    if (code === "unavailable" && isReleased && secondsLeft(leased.tokens) > 0) return released;
    throw error;
  }

  /** `endAll` writes beside the login, so that no swap fails by it. */
  async #unlessOver(next: FoundLogin): Promise<FoundLogin | undefined> {
    if (await this.#saved.find(next.id)) return next;
    await revokeQuietly(next);
  }

  /** Saves new tokens, which exist nowhere else. */
  async #save(leased: FoundLogin, login: SavedLogin): Promise<FoundLogin | undefined> {
    const next = await this.#saved.seal(leased, login);
    let old = leased;
    for (let tries = 1;; tries++) {
      try {
        if (await this.#saved.swap(old, next)) return await this.#unlessOver(next);
        const now = await this.#saved.find(leased.id);
        // An answer of the store was lost: the record is ours already.
        if (now?.record === next.record) return next;
        if (now?.tokens.refresh_token !== leased.tokens.refresh_token) {
          // The user signed out meanwhile, or another one was faster.
          if (!now) await revokeQuietly(next);
          return undefined;
        }
        old = now!;
      } catch (cause) {
        if (tries >= SAVES) throw new LoginError("not-saved", { cause, tokens: login.tokens });
        await randomPause();
      }
    }
  }
}

/** Whether a token is to be refreshed. */
export function isDue(tokens: Tokens): boolean {
  const { expires_in: life = Infinity } = tokens;
  return secondsLeft(tokens) < Math.min(Math.max(MARGIN, life / 10), life / 2);
}

function secondsLeft({ expires_at: end = Infinity }: Tokens): number {
  return end - Date.now() / 1_000;
}

/** A token that cannot be refreshed, as long as it lasts. */
function lasting(found: FoundLogin): FoundLogin {
  if (secondsLeft(found.tokens) > 0) return found;
  throw new LoginError("ended", {
    reason: "its token has expired, and the provider gave no refresh token",
  });
}

/** A lease that would last longer than any is of a clock that is wrong: nobody waits for it. */
function isLeased({ lease }: FoundLogin, now: number): boolean {
  return lease !== undefined && lease.until > now && lease.until <= now + LEASE + SKEW;
}

/** New tokens; what did not come anew is as it was. */
function joined(old: Tokens, received: Tokens): Tokens {
  const { refresh_token, refresh_expires_at, scope, id_token } = old;
  return {
    ...scope !== undefined && { scope },
    ...id_token !== undefined && { id_token },
    ...received,
    ...received.refresh_token === undefined && {
      ...refresh_token !== undefined && { refresh_token },
      ...refresh_expires_at !== undefined && { refresh_expires_at },
    },
  };
}

/** Tokens that nobody will use are revoked; if that fails, they expire. */
async function revokeQuietly({ client, tokens }: FoundLogin): Promise<void> {
  try {
    await client.revoke(tokens);
  } catch (error) {
    if (!(error instanceof LoginError)) throw error;
  }
}

async function randomPause(): Promise<void> {
  const pause = SHORTEST_PAUSE + Math.random() * (LONGEST_PAUSE - SHORTEST_PAUSE);
  await new Promise((resolve) => setTimeout(resolve, pause));
}
