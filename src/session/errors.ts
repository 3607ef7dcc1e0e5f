/**
 * Why a session cannot be changed.
 *
 * @module
 */

/** Why, for programs: see {@linkcode SessionError}. */
export type SessionErrorCode = "gone" | "conflict";

const MESSAGES: Readonly<Record<SessionErrorCode, string>> = {
  gone: "Cannot change the session: it was ended, or it expired, while the request was under way",
  conflict: "Cannot change the session: others change it all the time",
};

/**
 * A session cannot be changed. Nothing was written.
 *
 * | code | when |
 * | --- | --- |
 * | `gone` | the session was ended while the request was under way, or got another id, or expired |
 * | `conflict` | other requests changed the session at every try |
 *
 * @example A request that ends after the user signed out
 * ```ts
 * import { Fernet } from "@ironfern/ironfern";
 * import { SessionError, Sessions } from "@ironfern/ironfern/session";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const sessions = new Sessions({
 *   fernet: new Fernet(Fernet.generateKey()),
 *   store: new Map(),
 * });
 * const session = await sessions.load(new Request("https://app.example/"));
 * await session.signIn("ada");
 * const [cookie] = (await session.save()).getSetCookie()[0].split(";");
 *
 * const request = new Request("https://app.example/", { headers: { cookie } });
 * const [slow, logout] = [await sessions.load(request), await sessions.load(request)];
 * await logout.end();
 * slow.set("seen", true);
 * const error = await assertRejects(() => slow.save(), SessionError);
 * assertEquals(error.code, "gone");
 * ```
 */
export class SessionError extends Error {
  /** The name of the class. */
  override readonly name = "SessionError";
  /** Why, for programs: it stays the same between versions. */
  readonly code: SessionErrorCode;

  /**
   * Constructs a new instance.
   *
   * @param code Why.
   * @param options The error's cause.
   */
  constructor(code: SessionErrorCode, options?: ErrorOptions) {
    super(MESSAGES[code], options);
    this.code = code;
  }
}
