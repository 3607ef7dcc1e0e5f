import { isCrossSite } from "@ironfern/ironfern/session";
import { assertEquals, assertThrows } from "@std/assert";

function isRefused(headers: HeadersInit, method = "POST", url = "https://app.example/pay") {
  return isCrossSite(new Request(url, { method, headers }));
}

Deno.test("isCrossSite goes by Sec-Fetch-Site", () => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "QUERY"]) {
    const sites = ["same-origin", "none", "same-site", "cross-site", "", "same-origin, cross-site"];
    assertEquals(
      sites.map((site) => isRefused({ "sec-fetch-site": site }, method)),
      [false, false, true, true, true, true],
      method,
    );
  }
  // It decides, whatever the other header says.
  const own = "https://app.example";
  assertEquals(isRefused({ "sec-fetch-site": "cross-site", origin: own }), true);
});

Deno.test("isCrossSite goes by Origin where there is no Sec-Fetch-Site", () => {
  const allowed = ["https://app.example", "https://app.example:443"];
  const refused = [
    "null", // a sandboxed frame
    "https://evil.example",
    "https://app.example.evil.example",
    "https://evil.example?https://app.example",
    "https://app.example:8443",
    "http://app.example",
    "https://sub.app.example",
    "https://app.example@evil.example",
    "https://app.example, https://app.example",
    "app.example",
    "",
    "file://",
    "data:,",
  ];
  for (const origin of allowed) assertEquals(isRefused({ origin }), false, origin);
  for (const origin of refused) assertEquals(isRefused({ origin }), true, origin);
  // A proxy ends TLS.
  const [http, https] = ["http://app.example/", "https://app.example"];
  assertEquals(isRefused({ origin: https }, "POST", http), false);
  assertEquals(isRefused({ origin: "http://localhost:1" }, "POST", "http://localhost:1/"), false);
});

Deno.test("isCrossSite lets through what no page sent, and what changes nothing", () => {
  assertEquals(isRefused({}), false);
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    assertEquals(isRefused({ "sec-fetch-site": "cross-site" }, method), false, method);
  }
  // A WebSocket's handshake is a GET.
  const handshake = { upgrade: "websocket", origin: "https://evil.example" };
  assertEquals(isRefused(handshake, "GET"), true);
  assertEquals(isRefused({ ...handshake, origin: "https://app.example" }, "GET"), false);
  assertThrows(() => isCrossSite({ headers: {} } as Request), TypeError, "a Request of the web");
});
