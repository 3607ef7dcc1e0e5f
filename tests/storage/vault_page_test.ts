/**
 * The example of a vault, in Chromium with a virtual authenticator.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import type { BrowserContext, Page } from "playwright-core";
import { buildVault } from "../../examples/vault/build.ts";
import { serveFiles } from "../../scripts/serve_files.ts";
import { CHROMIUM_REMEDY, hasChromium, watch, withChromium } from "../support/chromium.ts";
import { testWithTool } from "../support/tools.ts";

const PASSPHRASE = "correct horse battery staple";

/** An authenticator with PRF, whose user always agrees. */
async function addAuthenticator(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      hasPrf: true,
    },
  });
}

async function enter(page: Page, passphrase: string): Promise<void> {
  await page.getByLabel("Passphrase").fill(passphrase);
  await page.locator("#enter-button").click();
}

testWithTool(
  "Example vault: passphrase, passkey, lock, and what is on the disk",
  await hasChromium(),
  CHROMIUM_REMEDY,
  async () => {
    const server = serveFiles(await buildVault());
    try {
      await withChromium(async (browser) => {
        const context = await browser.newContext();
        const page = await context.newPage();
        const watched = watch(page);
        await addAuthenticator(context, page);
        const address = `http://localhost:${server.addr.port}/`;
        await page.goto(address);

        await page.getByText("There is no vault yet").waitFor();
        await enter(page, PASSPHRASE);
        await page.getByLabel("Title").fill("Bank");
        await page.getByLabel("Text").fill("4111 1111 1111 1111");
        await page.getByRole("button", { name: "Keep" }).click();
        await page.locator("#notes li").waitFor();
        assertMatch((await page.locator("#notes").textContent())!, /Bank 4111 1111 1111 1111/);
        const disk = await page.locator("#disk").textContent();
        assertMatch(disk!, /notes\.~vaultironfern-vault\/1\..*notes\.|notes\.[0-9a-f]{32}gAAAA/);
        assertEquals(/Bank|4111/.test(disk!), false);

        await page.getByRole("button", { name: "Add a passkey" }).click();
        await page.getByText("The passkey opens the vault from now on").waitFor();
        await page.getByRole("button", { name: "Change the key" }).click();
        await page.getByText("1 notes are under a new key").waitFor();

        await page.getByRole("button", { name: "Lock" }).click();
        await page.getByText("The vault is locked").waitFor();
        assertEquals(await page.locator("#notes").textContent(), "");
        await enter(page, "wrong");
        await page.getByText("That does not open it").waitFor();
        await page.getByRole("button", { name: "Open with the passkey" }).click();
        await page.locator("#notes li").waitFor();

        // Another tab opens the same vault, and locks both.
        const other = await context.newPage();
        await other.goto(address);
        await other.getByText("The vault is locked").waitFor();
        await enter(other, PASSPHRASE);
        await other.locator("#notes li").waitFor();
        await other.getByRole("button", { name: "Lock" }).click();
        await page.getByText("The vault is locked").waitFor();
        assertEquals(watched.complaints, []);
      });
    } finally {
      await server.shutdown();
    }
  },
);
