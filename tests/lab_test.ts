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
import { buildLab } from "../bench/lab/build.ts";
import { serveLab } from "../bench/lab/serve.ts";
import { count, duration, percent, speed } from "../bench/lab/page/text.ts";
import {
  CHROMIUM_REMEDY,
  hasChromium,
  watch,
  type Watched,
  withChromium,
} from "./support/chromium.ts";
import { run, testWithTool } from "./support/tools.ts";

const QUICK = "target=3&rounds=3&device=a+test";
/** Without it Chromium compiles no WebAssembly. */
const STRICT =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'";

const available = await hasChromium();
const shots = Deno.env.get("LAB_SHOTS");
let built: ReturnType<typeof buildLab> | undefined;

interface Visit extends Watched {
  readonly page: Page;
  readonly origin: string;
}

type Body = (visit: Visit) => Promise<void>;

/** Opens the page; at the end it must have complained of nothing, nor asked elsewhere. */
async function visit(
  browser: Browser,
  body: Body,
  { query = QUICK, headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<void> {
  const server = serveLab(await (built ??= buildLab()), { headers });
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

function testLab(name: string, body: Body, options?: Parameters<typeof visit>[2]): void {
  testWithTool(
    `KDF lab: ${name}`,
    available,
    CHROMIUM_REMEDY,
    () => withChromium((browser) => visit(browser, body, options)),
  );
}

async function measure(page: Page): Promise<void> {
  await page.locator("#start").click();
  await page.locator("#results").waitFor({ state: "visible", timeout: 60_000 });
}

/** The file that the page's button gives. */
async function exported(page: Page) {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.locator("#export").click(),
  ]);
  const path = await download.path();
  assertMatch(download.suggestedFilename(), /^ironfern-calibration-[\p{L}\p{N}-]+\.json$/u);
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
  for (const hash of ["SHA-256", "SHA-512"]) {
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
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/snippet.ts`, local);
      const flags = ["run", "--check", "--config", "deno.json", `${folder}/snippet.ts`];
      assertEquals((await run(Deno.execPath(), flags)).stdout, "4111 1111 1111 1111\n");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
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
  await page.getByText("Stopped.").waitFor({ timeout: 5_000 });
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
  await page.locator("#start").click();
  await page.locator("#failure").waitFor({ state: "visible" });
  assertStringIncludes(await page.locator("#failure").innerText(), "Cannot use rounds 1000");
}, { query: "target=3&rounds=1000" });

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
});

testLab("fits every screen, light and dark", async ({ page }) => {
  await measure(page);
  for (const width of [360, 768, 1_440]) {
    await page.setViewportSize({ width, height: 900 });
    await page.waitForFunction(() => {
      const chart = document.querySelector("#time-chart");
      return chart?.firstElementChild?.getAttribute("width") === String(chart?.clientWidth);
    });
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
