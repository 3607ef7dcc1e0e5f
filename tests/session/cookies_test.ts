import { assertEquals, assertThrows } from "@std/assert";
import {
  checkCookie,
  clearCookie,
  readCookie,
  requestCookies,
  setCookie,
} from "../../src/session/cookies.ts";
import { withCookies } from "./support.ts";

Deno.test("requestCookies reads names and values as browsers send them", () => {
  assertEquals(requestCookies(withCookies("")), []);
  assertEquals(requestCookies(withCookies("a=1; b=; c=x=y==;d=4;\te=5\t; =f; g; ; a=2")), [
    ["a", "1"],
    ["b", ""],
    ["c", "x=y=="],
    ["d", "4"],
    ["e", "5"],
    ["", "f"],
    ["a", "2"],
  ]);
  assertEquals(requestCookies(withCookies(" \t \t=  ; a b = c d ")), [["", ""], ["a b", "c d"]]);
  // It would take minutes if its time grew with the square of the spaces.
  const spaces = `a${" ".repeat(1_000_000)}b`;
  assertEquals(requestCookies(withCookies(`${spaces}=${spaces}`)), [[spaces, spaces]]);
  assertThrows(() => requestCookies({ headers: {} } as Request), TypeError, "a Request of the web");
});

Deno.test("readCookie reads exactly one cookie of a name", () => {
  assertEquals(readCookie(withCookies("a=1; b=2"), "b"), "2");
  assertEquals(readCookie(withCookies("a=1; B=2"), "b"), undefined);
  assertEquals(readCookie(withCookies("b=1; b=2"), "b"), undefined);
  assertEquals(readCookie(withCookies("b=1; b=1"), "b"), undefined);
  // No name is taken for another one: what browsers let any page set, and other
  // white space than theirs. A header holds no more than Latin-1.
  for (const before of ["\u00a0", "\u0085", "\u00ad", "$", '"']) {
    assertEquals(readCookie(withCookies(`${before}__Host-a=1`), "__Host-a"), undefined);
  }
  for (const before of ["\u2000", "\ufeff", "\v", "\f"]) {
    const headers = { get: () => `${before}__Host-a=1` };
    assertEquals(readCookie({ headers } as unknown as Request, "__Host-a"), undefined);
  }
  assertEquals(readCookie(withCookies("%5F_Host-a=1"), "__Host-a"), undefined);
});

Deno.test("setCookie writes all flags", () => {
  assertEquals(
    setCookie("__Host-a", "1", { secure: true }),
    "__Host-a=1; Path=/; HttpOnly; SameSite=Lax; Secure",
  );
  assertEquals(
    setCookie("a", "1", { secure: false, maxAge: 60 }),
    "a=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60",
  );
  assertEquals(
    clearCookie("__Host-a", true),
    "__Host-a=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
  );
});

Deno.test("a prefix for Secure cookies is refused without Secure", () => {
  for (const name of ["__Host-a", "__Secure-a", "__host-a", "__SECURE-a"]) {
    checkCookie(name, true);
    assertThrows(() => checkCookie(name, false), TypeError, "without secure");
  }
  checkCookie("a__Host-", false);
});
