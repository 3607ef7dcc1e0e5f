/// <reference lib="dom" />
/**
 * The KDF lab in Chromium: the very files that `deno task lab` serves, with a
 * short target. Screenshots go to the folder in `LAB_SHOTS`, where it is set.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { calibrate } from "@ironfern/ironfern";
import { attackCost, ATTACKERS } from "../../src/calibration/attack_cost.ts";
import { buildLab } from "../../lab/build.ts";
import { serveFiles } from "../../scripts/serve_files.ts";
import { count, duration, percent, speed } from "../../lab/page/text.ts";
import {
  CHROMIUM_REMEDY,
  hasChromium,
  startChromium,
  watch,
  type Watched,
} from "../support/chromium.ts";
import { run, testWithTool } from "../support/tools.ts";

const QUICK = "target=3&rounds=3&device=a+test";
/** Without it Chromium compiles no WebAssembly. */
const STRICT =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'";

const available = await hasChromium();
const shots = Deno.env.get("LAB_SHOTS");
let built: ReturnType<typeof buildLab> | undefined;
let browser: Browser;
if (available) {
  Deno.test.beforeAll(async () => {
    browser = await startChromium();
  });
  Deno.test.afterAll(() => browser.close());
}

interface Visit extends Watched {
  readonly page: Page;
  readonly origin: string;
}

type Body = (visit: Visit) => Promise<void>;

/** Opens the page; at the end it must have complained of nothing, nor asked elsewhere. */
async function visit(
  body: Body,
  { query = QUICK, headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<void> {
  const server = serveFiles(await (built ??= buildLab()), { headers });
  const origin = `http://localhost:${server.addr.port}`;
  const context = await browser.newContext({ acceptDownloads: true });
  try {
    const page = await context.newPage();
    const watched = watch(page);
    await page.goto(`${origin}/?${query}`);
    await body({ page, origin, ...watched });
    assertEquals(watched.complaints, []);
    assertEquals([...watched.origins], [origin]);
  } finally {
    await context.close();
    await server.shutdown();
  }
}

function testLab(name: string, body: Body, options?: Parameters<typeof visit>[1]): void {
  testWithTool(
    `KDF lab: ${name}`,
    available,
    CHROMIUM_REMEDY,
    () => visit(body, options),
  );
}

async function measure(page: Page): Promise<void> {
  await page.locator("#start").click();
  await page.locator("#results").waitFor({ state: "visible", timeout: 60_000 });
}

/** The file that the page's button gives. */
async function exported(page: Page, name = "[\\p{L}\\p{N}-]+") {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("#export").click(),
  ]);
  const path = await download.path();
  assertMatch(
    download.suggestedFilename(),
    new RegExp(`^ironfern-calibration-${name}\\.json$`, "u"),
  );
  return JSON.parse(await Deno.readTextFile(path));
}

/** Every number in the rows of measurements: its text, and the value it stands for. */
function figures(page: Page): Promise<Record<string, [text: string, value: number]>> {
  return page.locator("#rows tr").evaluateAll((rows) =>
    Object.fromEntries(rows.flatMap((row) =>
      [...row.querySelectorAll("data")].map((data) => [
        `${row.dataset.backend} ${data.dataset.field}`,
        [data.textContent, Number(data.value)],
      ])
    ))
  );
}

testLab("measures, and shows what it exports", async ({ page }) => {
  assertEquals(await page.locator("#backends li").allTextContents(), [
    "WebAssembly",
    "WebCrypto",
    "pure TypeScript",
  ]);
  await measure(page);
  const result = await exported(page);
  assertEquals(result.format, "ironfern-calibration");
  assertEquals(
    result.measurements.map(({ backend }: { backend: string }) => backend),
    ["wasm", "webcrypto", "portable"],
  );

  const expected: Record<string, [string, number]> = {};
  for (const each of result.measurements) {
    assertEquals([each.device, each.hash], ["a test", "SHA-256"]);
    const floorMs = 1_000 * 600_000 / each.iterationsPerSecond;
    const { backend, measured, iterationsPerSecond, spread } = each;
    expected[`${backend} measured`] = [count(measured), measured];
    expected[`${backend} iterationsPerSecond`] = [speed(iterationsPerSecond), iterationsPerSecond];
    expected[`${backend} floorMs`] = [duration(floorMs), floorMs];
    expected[`${backend} spread`] = [percent(spread), spread];
  }
  assertEquals(await figures(page), expected);
  assertEquals(await page.locator("#recommended").textContent(), count(result.recommended));
  assertEquals(
    await page.locator("#table-title").textContent(),
    "PBKDF2-HMAC-SHA256 in this browser",
  );
  assertEquals(await page.locator("#fits-head").textContent(), "iterations in 3 ms");
  assert(result.floorApplied && result.recommended === 600_000);
  assertStringIncludes(await page.locator("#reason").innerText(), "which is over your 3 ms");
  assertEquals(await page.locator(".chart svg[role=img]").count(), 2);
  assertEquals(await page.locator("#time-chart circle").count(), 3);

  // A browser's file is what other devices' calibrations take.
  const here = { targetMs: 2, rounds: 3, backends: ["wasm"], floor: 0 } as const;
  const both = await calibrate({ ...here, others: result.measurements });
  assert(both.recommended > 0);
});

testLab("offers code that works, for each hash", async ({ page }) => {
  const folder = await Deno.makeTempDir();
  try {
    const hashes = ["SHA-256", "SHA-512"];
    for (const hash of hashes) {
      await page.locator("#hash").selectOption(hash);
      await measure(page);
      await page.waitForFunction(
        (name) => document.querySelector("#table-title")?.textContent?.includes(name),
        hash.replace("-", ""),
      );
      const code = await page.locator("#snippet").innerText();
      const floor = hash === "SHA-256" ? "600_000" : "220_000";
      assertStringIncludes(code, `const iterations = ${floor};`);
      const local = code.replace("jsr:@ironfern/ironfern", "@ironfern/ironfern");
      await Deno.writeTextFile(`${folder}/${hash}.ts`, local);
    }
    // In one process, so that the library is checked once.
    const both = hashes.map((hash) => `await import("./${hash}.ts");\n`).join("");
    await Deno.writeTextFile(`${folder}/both.ts`, both);
    const flags = ["run", "--check", "--config", "deno.json", `${folder}/both.ts`];
    assertEquals((await run(Deno.execPath(), flags)).stdout, "4111 1111 1111 1111\n".repeat(2));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.locator("#copy").click();
  await page.locator("#copied", { hasText: "Copied." }).waitFor();
  assertEquals(
    await page.evaluate(() => navigator.clipboard.readText()),
    await page.locator("#snippet").textContent(),
  );
});

testLab("stops, and measures again", async ({ page }) => {
  await page.locator("#target").fill("60000");
  // With the keyboard only: the focus must not be lost between the buttons.
  await page.locator("#start").focus();
  await page.keyboard.press("Enter");
  await page.locator("#stop:focus").waitFor();
  assert(await page.locator("#start").isDisabled());
  await page.keyboard.press("Enter");
  await page.getByText("Stopped.").waitFor({ timeout: 60_000 });
  await page.locator("#start:focus").waitFor();
  assert(await page.locator("#results").isHidden());
  assert(await page.locator("#stop").isDisabled());
  await page.locator("#target").fill("3");
  await measure(page);
  assertStringIncludes(await page.locator("#status").innerText(), "Measured.");
});

testLab("does without WebAssembly where it is not allowed", async ({ page }) => {
  assertEquals(
    await page.locator("#backends li").first().textContent(),
    "WebAssembly: not allowed here",
  );
  await measure(page);
  assert(await page.locator("#failure").isHidden());
  const result = await exported(page);
  assertEquals(
    result.measurements.map(({ backend }: { backend: string }) => backend),
    ["webcrypto", "portable"],
  );
}, { headers: { "content-security-policy": STRICT } });

testLab("says what is wrong with a number", async ({ page }) => {
  await page.locator("#target").fill("1e9");
  await page.locator("#start").click();
  assert(await page.locator("#results").isHidden());
  assert(await page.locator("#target").evaluate((input) => input.matches(":invalid")));
});

testLab("shows an error as one", async ({ page }) => {
  // The browser's own object would be slow: the page looks at its clock millions of times.
  await page.evaluate(() => {
    Object.defineProperty(globalThis, "performance", { value: { now: () => 7 } });
  });
  await page.locator("#start").click();
  await page.locator("#failure").waitFor({ state: "visible" });
  assertStringIncludes(await page.locator("#failure").innerText(), "clock stands still");
  assert(await page.locator("#results").isHidden());
});

testLab("leaves out what an address asks for in vain", async ({ page }) => {
  for (
    const [query, target, hash] of [
      ["target=abc&rounds=abc&hash=MD5", "250", "SHA-256"],
      ["target=1e9&rounds=1000&hash=", "250", "SHA-256"],
      ["target=&rounds=2&device=", "250", "SHA-256"],
      ["target=3&hash=SHA-1", "3", "SHA-1"],
    ]
  ) {
    await page.goto(`${new URL(page.url()).origin}/?${query}`);
    assertEquals(await page.locator("#target").inputValue(), target, query);
    assertEquals(await page.locator("#hash").inputValue(), hash, query);
    // Two browsers of one kind are two devices.
    assertMatch(await page.locator("#device").inputValue(), /^Chrome \d+ on Linux, [0-9a-f]{4}$/);
  }
  await page.goto(`${new URL(page.url()).origin}/?target=3&rounds=abc&device=%E2%80%A6!`);
  await measure(page);
  assertEquals(await page.locator("#rounds").textContent(), "7");
  assertEquals((await exported(page, "device")).measurements[0].device, "…!");
});

/** Where the first line of the attack's plot is at so many bits, in seconds of its axis. */
function secondsInPlot(page: Page, bits: number): Promise<number> {
  return page.evaluate((bits) => {
    const svg = document.querySelector("#attack-chart svg")!;
    const at = (text: string): [x: number, y: number] => {
      const found = [...svg.querySelectorAll("text")].find((each) => each.textContent === text);
      const matrix = (found as SVGTextElement).transform.baseVal.consolidate()!.matrix;
      return [matrix.e, matrix.f];
    };
    const path = svg.querySelector('[aria-label="line"] path')!.getAttribute("d")!;
    const [x0, y0, x1, y1] = path.match(/[\d.-]+/g)!.map(Number);
    const share = (at(String(bits))[0] - x0) / (x1 - x0);
    // Two of the axis's labels tell its scale.
    const [day, year] = [at("1 day")[1], at("1 year")[1]];
    const perPixel = Math.log(365.25) / (year - day);
    return 86_400 * Math.exp((y0 + share * (y1 - y0) - day) * perPixel);
  }, bits);
}

testLab("draws the attack to scale, for however many cards", async ({ page }) => {
  await measure(page);
  for (const devices of [1, 1_000_000]) {
    await page.locator("#cards").fill(String(devices));
    for (const bits of [30, 45, 60]) {
      const attacker = ATTACKERS["SHA-256"];
      const expected = attackCost({ iterations: 600_000, bits, attacker, devices }).meanSeconds;
      const drawn = await secondsInPlot(page, bits);
      const what = `${devices} cards, ${bits} bits: ${drawn} s drawn, ${expected} s meant`;
      assert(Math.abs(drawn / expected - 1) < 0.01, what);
    }
  }
});

testLab("counts the attacker's cards", async ({ page }) => {
  await measure(page);
  const title = page.locator("#attack-table-title");
  assertEquals(await title.textContent(), "600,000 iterations, 14,761 guesses a second on 1 card");
  await page.locator("#cards").fill("100");
  assertEquals(
    await title.textContent(),
    "600,000 iterations, 1,476,139 guesses a second on 100 cards",
  );
  assertEquals(
    await page.locator("#attack-rows tr").first().innerText(),
    "30 bits\t6.1 minutes\t12 minutes",
  );
  for (const wrong of ["0", "-5", "1.5", "", "1e7"]) {
    await page.locator("#cards").fill(wrong);
    assertEquals(await page.locator("#cards").getAttribute("aria-invalid"), "true", wrong);
    assertEquals(
      await page.locator("#cards-failure").innerText(),
      "Cannot count so many cards: expected an integer from 1 to 1,000,000. " +
        "What is shown is still for 100.",
    );
    assertMatch((await title.textContent())!, /on 100 cards$/);
  }
  await page.locator("#cards").fill("1000000");
  assert(await page.locator("#cards-failure").isHidden());
  assertMatch((await title.textContent())!, /on 1,000,000 cards$/);
});

/** Labels of the plot of times, those of its axes aside, and what they lie over. */
function labels(page: Page): Promise<[label: string, over: string[]][]> {
  return page.locator("#time-chart svg").evaluate((svg) => {
    const texts = [...svg.querySelectorAll("text")];
    // What is drawn after the lines.
    return texts.filter((text) =>
      text.compareDocumentPosition(svg.querySelector("circle")!) & Node.DOCUMENT_POSITION_PRECEDING
    )
      .map((label) => {
        const a = label.getBoundingClientRect();
        const over = texts.filter((text) => {
          const b = text.getBoundingClientRect();
          return text !== label && a.left < b.right && b.left < a.right && a.top < b.bottom &&
            b.top < a.bottom;
        });
        return [label.textContent!, over.map((text) => text.textContent!)];
      });
  });
}

for (
  const [query, target, floor] of [
    ["target=3&rounds=3", "3 ms", "floor 600,000"],
    ["target=1000&rounds=3&hash=SHA-512", "1 s", "floor 220,000"],
  ]
) {
  testLab(`keeps the labels apart, ${query}`, async ({ page }) => {
    await measure(page);
    for (const width of [360, 1_440]) {
      await resize(page, width);
      assertEquals(await labels(page), [[target, []], [floor, []]]);
    }
  }, { query });
}

async function resize(page: Page, width: number): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await page.waitForFunction(() => {
    const chart = document.querySelector("#time-chart");
    return chart?.firstElementChild?.getAttribute("width") === String(chart?.clientWidth);
  });
}

testLab("fits every screen, light and dark", async ({ page }) => {
  await measure(page);
  for (const width of [360, 768, 1_440]) {
    await resize(page, width);
    const scrolled = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assertEquals(scrolled, 0, `${width}: the page is ${scrolled} px too wide`);
    const cut = await page.locator(".scroll").evaluateAll((tables) =>
      tables.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).length
    );
    assertEquals(cut, 0, `${width}: tables are cut`);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      if (shots) {
        await page.screenshot({ path: `${shots}/lab-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
  }
}, { query: shots ? "rounds=5" : QUICK });
